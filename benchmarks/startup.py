"""What the command costs before the first frame: `run` on one frame, and imports alone.

    python benchmarks/startup.py CLIP [--rounds 7] [--json FILE] [--plot FILE]

The commands take turns. It prints the medians of CPU seconds, of wall seconds, of the ratio of CPU
to ffmpeg re-encoding the same frame, and peak memory. A clip of one frame is taken for an image, at
which the network looks twice by default; the first row of `run` has the one look of a video.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from measuring import PROGRAM, Row, Spent, facts, measured, plot, ratio, repeated, write

FFMPEG = "ffmpeg, one frame"
ENCODER = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20"]


def commands(clip: Path, folder: Path) -> dict[str, list[str | Path]]:
    """Return what is measured, by name."""
    python = [sys.executable, "-c"]
    run = [PROGRAM, "run", clip, folder / "out.mp4", "--overwrite", "--quiet"]
    return {
        FFMPEG: ["ffmpeg", "-v", "error", "-y", "-i", clip, *ENCODER, folder / "bare.mp4"],
        "run, one frame": [*run, "--quality", "standard"],
        "run, one image": run,
        "import of the pipeline": [*python, "import sinet_video.pipeline.convert"],
        "import of its libraries": [*python, "import click, numpy, av, onnxruntime"],
        "sinet-video --version": [PROGRAM, "--version"],
        "python": [*python, "pass"],
    }


def row(name: str, spent: list[Spent], bare: list[Spent]) -> Row:
    """Return the medians of one command."""
    return {
        "command": name,
        "cpu": round(statistics.median(each.cpu for each in spent), 3),
        "wall": round(statistics.median(each.wall for each in spent), 3),
        "cpu ratio": ratio([(a.cpu, b.cpu) for a, b in zip(spent, bare, strict=True)]),
        "memory": round(max(each.memory for each in spent)),
    }


def main() -> None:
    """Measure, print and write what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clip", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    with TemporaryDirectory() as name:
        wanted = commands(repeated(given.clip, 1, Path(name)), Path(name))
        for command in wanted.values():  # so that compiled modules are there
            measured(command)
        took = [{key: measured(each) for key, each in wanted.items()} for _ in range(given.rounds)]
    bare = [each[FFMPEG] for each in took]
    rows = [row(key, [each[key] for each in took], bare) for key in wanted]
    for each in rows:
        print(each)
    told = facts(rounds=given.rounds, unit="seconds, and MB of memory")
    write(given.json, "Start-up", told, rows)
    plot(given.plot, rows, "command", ["cpu"], "seconds of CPU")


if __name__ == "__main__":
    main()
