"""The whole job against ffmpeg merely re-encoding the same clip with the same settings.

    python benchmarks/whole_job.py CLIP [--frames 300] [--rounds 3] [--long 10] [--size 50000]

CLIP is repeated to --frames frames by packet copy. `sinet-video run` (green, H.264, veryfast, crf
20) and `ffmpeg` take turns; printed are wall times with start-up, their ratio round by round, and
peak memory; then the memory for --long times the length. --size is `run`'s --network-size.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import sinet_video

SETTINGS = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20"]


def repeated(clip: Path, frames: int, folder: Path) -> Path:
    """Return a file of the clip, over and over, without sound, of so many frames."""
    target = folder / f"{frames}.mp4"
    command = ["ffmpeg", "-v", "error", "-stream_loop", "-1", "-i", clip, "-map", "0:v"]
    subprocess.run([*command, "-c", "copy", "-frames:v", str(frames), target], check=True)
    return target


def measured(command: list[str | Path]) -> tuple[float, float]:
    """Run a command; return its wall time in seconds and its peak memory in MB."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"{command[0]} failed")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def ours(clip: Path, output: Path, size: str | None) -> list[str | Path]:
    """Return the command of this library."""
    program = Path(sys.executable).with_name("sinet-video")
    options = ["--background", "green", "--preset", "veryfast", "--crf", "20", "--overwrite"]
    options += ["--network-size", size] if size else []
    return [program, "run", clip, output, *options, "--quiet"]


def theirs(clip: Path, output: Path) -> list[str | Path]:
    """Return ffmpeg's command."""
    return ["ffmpeg", "-v", "error", "-y", "-i", clip, *SETTINGS, output]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--long", type=int, default=10)
    parser.add_argument("--size")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip = repeated(given.clip, given.frames, folder)
        facts = sinet_video.probe(clip)
        print(f"{facts.width}x{facts.height}, {given.frames} frames, {os.cpu_count()} cores")
        ratios, memory = [], 0.0
        for _ in range(given.rounds):
            mine, memory = measured(ours(clip, folder / "ours.mp4", given.size))
            bare, bare_memory = measured(theirs(clip, folder / "theirs.mp4"))
            ratios.append(mine / bare)
            print(
                f"sinet-video {mine:6.2f} s {memory:5.0f} MB   "
                f"ffmpeg {bare:6.2f} s {bare_memory:5.0f} MB   ratio {mine / bare:.2f}"
            )
        print(f"median ratio {statistics.median(ratios):.2f}")
        if given.long > 1:
            long_clip = repeated(given.clip, given.frames * given.long, folder)
            spent, more = measured(ours(long_clip, folder / "long.mp4", given.size))
            print(
                f"{given.long} times the length: {spent:.1f} s, {more:.0f} MB, "
                f"{100 * (more / memory - 1):+.1f} % memory"
            )


if __name__ == "__main__":
    main()
