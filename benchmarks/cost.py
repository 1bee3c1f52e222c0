"""What a minute of video costs: core-seconds and bytes, by frame size and output.

    python benchmarks/cost.py CLIP [FRAMES]

CLIP is scaled to each size and repeated by ffmpeg. Each conversion is a process of its own, whose
CPU time is measured; a conversion of one frame, the start, is taken off and printed by itself.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

SIZES = ((640, 360), (1280, 720), (1920, 1080), (3840, 2160))
OUTPUTS = (".mp4", ".webm", ".mov")
RATE = 30


def scaled(clip: Path, size: tuple[int, int], frames: int, target: Path) -> Path:
    """Return a clip of so many frames of a size, at 30 frames a second."""
    width, height = size
    subprocess.run(
        ["ffmpeg", "-y", "-v", "error", "-stream_loop", "-1", "-i", clip, "-an", "-r", str(RATE),
         "-vf", f"scale={width}:{height}", "-frames:v", str(frames), "-c:v", "libx264",
         "-preset", "veryfast", "-pix_fmt", "yuv420p", target],
        check=True,
    )  # fmt: skip
    return target


def converted(source: Path, target: Path, *more: str) -> tuple[float, int]:
    """Return the core-seconds of a conversion, and the most memory that it had, in MB."""
    command = [sys.executable, "-m", "sinet_video", "run", source, target, "-y", "-q", *more]
    process = subprocess.Popen(list(map(str, command)))
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{source.name} to {target.name} failed")
    return used.ru_utime + used.ru_stime, used.ru_maxrss // 1024


def main() -> None:
    """Print a row for each size and output."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clip", type=Path)
    parser.add_argument("frames", type=int, nargs="?", default=300)
    given = parser.parse_args()
    clip, frames = given.clip, given.frames
    minutes = frames / RATE / 60
    print("| size | output | core-seconds a minute | MB a minute | memory, MB | start, core-s |")
    print("|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            source = scaled(clip, size, frames, Path(folder, "in.mp4"))
            for suffix in OUTPUTS:
                target = Path(folder, f"out{suffix}")
                start, _ = converted(source, target, "--end", str(0.5 / RATE))
                whole, memory = converted(source, target)
                amount = target.stat().st_size / 1e6
                print(
                    f"| {size[0]}x{size[1]} | {suffix} | {(whole - start) / minutes:.0f} | "
                    f"{amount / minutes:.0f} | {memory} | {start:.1f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
