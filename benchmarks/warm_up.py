"""What it costs to make a film in two parts, by the length of its segments.

    python benchmarks/warm_up.py CLIP [--seconds 80] [--height 360] [--lengths 2 5 10 20]
        [--json FILE]

CLIP is scaled and repeated to a film of so many seconds. It is made in one process with --resume,
and in two parts that are joined, for each length of a segment. The second part reads and segments
one segment more, to warm up; beyond that there are the start of a process, that of the join, and
what the join reads and writes. All figures are core-seconds.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from measuring import PROGRAM, Row, facts, made, measured, table, write


def cpu(command: str, film: Path, output: Path, length: float, *more: str) -> float:
    """Return the core-seconds of one of our commands on a film."""
    seconds = ("--checkpoint-every", f"{length:g}")
    return measured([PROGRAM, command, film, output, "-q", *seconds, *more]).cpu


def row(film: Path, folder: Path, length: float) -> Row:
    """Measure one length of a segment. Raises `SystemExit` if the bytes differ."""
    whole, cut = folder / "whole.mp4", folder / "cut.mp4"
    one = cpu("run", film, whole, length, "--resume", "-y")
    first, second = (cpu("run", film, cut, length, "--only", f"{n}/2") for n in (1, 2))
    join = cpu("join", film, cut, length)
    if cut.read_bytes() != whole.read_bytes():
        raise SystemExit(f"parts of {length:g} s segments have other bytes")
    cut.unlink()
    extra = first + second + join - one
    return {
        "segment, s": f"{length:g}",
        "one process": round(one, 1),
        "first part": round(first, 1),
        "second part": round(second, 1),
        "join": round(join, 1),
        "warm-up": round(second - first, 1),
        "more than one process": f"{extra:.1f} ({100 * extra / one:.0f}%)",
    }


def main() -> None:
    """Measure, print and write what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clip", type=Path)
    parser.add_argument("--seconds", type=int, default=80)
    parser.add_argument("--height", type=int, default=360)
    parser.add_argument("--lengths", type=float, nargs="+", default=[2, 5, 10, 20])
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with TemporaryDirectory() as name:
        filters = f"fps=30,scale=-2:{given.height},format=yuv420p"
        film = made(given.clip, given.seconds * 30, filters, Path(name, "film.mp4"))
        rows = [row(film, Path(name), length) for length in given.lengths]
    sys.stdout.write(table(rows))
    told = facts(seconds=given.seconds, height=given.height)
    write(given.json, "Parts of a film", told, rows)


if __name__ == "__main__":
    main()
