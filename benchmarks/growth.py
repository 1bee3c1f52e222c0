"""How the CPU time of a frame grows with its size, depth and content.

    python benchmarks/growth.py CLIP [--hair CLIP] [--frames 20] [--rounds 3] [--json FILE]
        [--plot FILE]

CLIP, of one person, is scaled to heights from 480 to 2160 pixels, in 8 and 10 bits; two persons are
the clip beside its mirror image; small persons, who are followed, are the clip at a third of its
size. --hair is a clip of long hair. It prints milliseconds of CPU a frame from the network to the
composite, nanoseconds a pixel, and what a pixel costs of what it costs in the first case.
"""

from __future__ import annotations

import argparse
import statistics
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from measuring import Row, facts, made, plot, ratio, write
from stages import TOTAL, milliseconds, work_on

from sinet_video import Frame, decode, probe
from sinet_video.pipeline.chain import Work

HEIGHTS = (480, 720, 1080, 1440, 2160)

CASES = {
    **{f"{height}p": f"scale=-2:{height},format=yuv420p" for height in HEIGHTS},
    **{f"{height}p, 10 bits": f"scale=-2:{height},format=yuv420p10le" for height in HEIGHTS},
    "two persons": "split[a][b];[b]hflip[c];[a][c]hstack,scale=1920:1080,format=yuv420p",
    "small persons": "scale=640:-2,pad=1920:1080:ow/2-iw/2:oh/2-ih/2:gray,format=yuv420p",
}


def prepared(path: Path, frames: int) -> tuple[list[Frame], Work]:
    """Return a clip's frames, and the stages that they pass."""
    clip = probe(path)
    return list(islice(decode(clip), frames)), work_on(clip)


def main() -> None:
    """Measure, print and write what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clip", type=Path)
    parser.add_argument("--hair", type=Path)
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    sources = {name: (given.clip, CASES[name]) for name in given.cases}
    if given.hair:
        sources["hair"] = (given.hair, "scale=-2:1080,format=yuv420p")
    took: dict[str, list[float]] = {}
    pixels: dict[str, int] = {}
    with TemporaryDirectory() as folder:
        for name, (clip, filters) in sources.items():
            path = made(clip, given.frames, filters, Path(folder) / "case.mkv")
            frames, work = prepared(path, given.frames)
            segmenter = work.settings.load()
            milliseconds(frames[:4], segmenter, work)
            pixels[name] = frames[0].width * frames[0].height
            spent = (milliseconds(frames, segmenter, work)[TOTAL] for _ in range(given.rounds))
            took[name] = list(spent)
    rows = [_row(name, each, pixels, took) for name, each in took.items()]
    for row in rows:
        print(row)
    told = facts(frames=given.frames, rounds=given.rounds, unit="milliseconds of CPU a frame")
    write(given.json, "Growth with size, depth and content", told, rows)
    plot(given.plot, rows, "case", ["ms"], "ms of CPU a frame")


def _row(
    name: str, spent: list[float], pixels: dict[str, int], took: dict[str, list[float]]
) -> Row:
    first = next(iter(took))
    per = [each / pixels[name] for each in spent]
    base = [each / pixels[first] for each in took[first]]
    return {
        "case": name,
        "megapixels": round(pixels[name] / 1e6, 2),
        "ms": round(statistics.median(spent), 2),
        "ns a pixel": round(1e6 * statistics.median(per), 2),
        f"a pixel, of {first}": ratio(list(zip(per, base, strict=True))),
    }


if __name__ == "__main__":
    main()
