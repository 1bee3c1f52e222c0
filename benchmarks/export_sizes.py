"""Bits a pixel of each destination of the page: python benchmarks/export_sizes.py CLIP...

The page says by these about how large an export will be.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

from sinet_video import Encoding, convert, probe
from sinet_video.pipeline.destinations import DESTINATIONS, OFFERED, Destination


def bits(clip: Path, target: Destination, folder: Path) -> float:
    """Return how many bits a pixel of a frame took."""
    options = dict(target.options)
    output = folder / f"{clip.stem}{target.suffix}"
    encoding = Encoding(
        codec=options.get("codec"),
        format=options.get("format"),
        audio=options.get("audio", "copy"),
        alpha_mode=options.get("alpha_mode"),
    )
    show, background = options.get("show", "composite"), options.get("background")
    report = convert(clip, output, show=show, background=background, encoding=encoding)
    files = [output] if output.is_file() else list(output.iterdir())
    size = sum(file.stat().st_size for file in files)
    facts = probe(clip)
    return 8 * size / (report.frames * facts.width * facts.height)


def main() -> None:
    """Print a line for each destination."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", nargs="+", type=Path, metavar="CLIP")
    clips: list[Path] = parser.parse_args().clips
    print("destination ", *(f"{clip.stem:>20}" for clip in clips))
    for name in OFFERED:
        target = DESTINATIONS[name]
        with TemporaryDirectory() as folder:
            found = [bits(clip, target, Path(folder)) for clip in clips]
        print(f"{name:<12}", *(f"{value:>20.2f}" for value in found), flush=True)


if __name__ == "__main__":
    main()
