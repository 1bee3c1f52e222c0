"""What else people run on a CPU, on the same clip with the same encoder.

    python benchmarks/peers.py CLIP --mediapipe ENVIRONMENT/bin/python
        [--frames 300] [--rounds 3] [--json FILE] [--plot FILE]

CLIP is repeated to --frames frames. `sinet-video run`, the script with OpenCV and MediaPipe in an
environment of its own (see scripts/opencv_mediapipe.py) and ffmpeg's bare re-encode take turns.
CPU seconds are of the process and of those it started and waited for.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path
from tempfile import TemporaryDirectory

from measuring import PROGRAM, Row, Spent, facts, measured, plot, ratio, repeated, write
from whole_job import GREEN, X264

SCRIPT = Path(__file__).with_name("scripts") / "opencv_mediapipe.py"

Command = list[str | Path]


def commands(clip: Path, folder: Path, python: Path) -> dict[str, Command]:
    """Return what is measured, by name; all write H.264 with the same settings."""
    return {
        "ffmpeg's re-encode": ["ffmpeg", "-v", "error", "-y", "-i", clip, *X264, folder / "f.mp4"],
        "sinet-video": [PROGRAM, "run", clip, folder / "s.mp4", *GREEN, "--overwrite", "--quiet"],
        "OpenCV and MediaPipe": [python, SCRIPT, clip, folder / "m.mp4"],
    }


def row(name: str, spent: list[Spent], bare: list[Spent]) -> Row:
    """Return the medians of one program, and how many times ffmpeg's they are."""
    return {
        "program": name,
        "wall": round(statistics.median(each.wall for each in spent), 2),
        "cpu": round(statistics.median(each.cpu for each in spent), 2),
        "wall ratio": ratio([(e.wall, b.wall) for e, b in zip(spent, bare, strict=True)]),
        "cpu ratio": ratio([(e.cpu, b.cpu) for e, b in zip(spent, bare, strict=True)]),
        "memory": round(max(each.memory for each in spent)),
    }


def main() -> None:
    """Measure, print and write what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clip", type=Path)
    parser.add_argument("--mediapipe", type=Path, required=True)
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    with TemporaryDirectory() as name:
        clip = repeated(given.clip, given.frames, Path(name))
        jobs = commands(clip, Path(name), given.mediapipe)
        rounds = [{job: measured(command) for job, command in jobs.items()}
                  for _ in range(given.rounds)]  # fmt: skip
    bare = [each["ffmpeg's re-encode"] for each in rounds]
    rows = [row(job, [each[job] for each in rounds], bare) for job in jobs]
    for each in rows:
        print(each)
    told = facts(frames=given.frames, rounds=given.rounds, unit="seconds, and MB of memory")
    write(given.json, "Other programs on the same clip", told, rows)
    plot(given.plot, rows, "program", ["wall ratio", "cpu ratio"], "times ffmpeg's re-encode")


if __name__ == "__main__":
    main()
