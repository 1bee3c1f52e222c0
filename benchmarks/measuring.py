"""What the benchmarks of speed share: commands that are measured, clips, tables and plots."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Row = dict[str, Any]

PROGRAM = Path(sys.executable).with_name("sinet-video")


@dataclass(frozen=True)
class Spent:
    """What a command took: seconds of wall and of CPU, and megabytes at most."""

    wall: float
    cpu: float
    memory: float


def measured(command: Sequence[str | Path], *, native: bool = True) -> Spent:
    """Run a command to its end. Python may keep its compiled modules, as it does for users."""
    environment = {
        key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"
    }
    if not native:
        environment["SINET_VIDEO_NATIVE"] = "0"
    start = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if status != 0:
        raise SystemExit(f"{command[0]} failed")
    wall = time.perf_counter() - start
    return Spent(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def repeated(clip: Path, frames: int, folder: Path) -> Path:
    """Return a file with the clip repeated to this many frames, without audio."""
    target = folder / f"{frames}.mp4"
    command = ["ffmpeg", "-v", "error", "-y", "-stream_loop", "-1", "-i", clip, "-map", "0:v:0"]
    subprocess.run([*command, "-c", "copy", "-frames:v", str(frames), target], check=True)
    return target


def made(clip: Path, frames: int, filters: str, target: Path) -> Path:
    """Return a clip of this many frames passed through ffmpeg's filters, without loss."""
    command = ["ffmpeg", "-v", "error", "-y", "-stream_loop", "-1", "-i", clip, "-map", "0:v:0"]
    encoder = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "12"]
    subprocess.run(
        [*command, "-vf", filters, "-frames:v", str(frames), *encoder, target], check=True
    )
    return target


def ratio(pairs: Sequence[tuple[float, float]]) -> float:
    """Return the median of the ratios, round by round."""
    return round(statistics.median(ours / theirs for ours, theirs in pairs), 3)


def facts(**more: object) -> Row:
    """Return what figures depend on: the machine, its load, and what else is given."""
    return {
        "machine": platform.machine(),
        "python": platform.python_version(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        **more,
    }


def write(target: Path | None, title: str, told: Row, rows: Sequence[Row], **more: object) -> None:
    """Write what was measured as JSON, if a file is given."""
    if target is not None:
        whole = {"title": title, "facts": told, "rows": list(rows), **more}
        target.write_text(json.dumps(whole, indent=2) + "\n")


def plot(
    target: Path | None, rows: Sequence[Row], name: str, bars: Sequence[str], label: str
) -> None:
    """Draw bars for each row, if a file is given."""
    if target is None:
        return
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(max(6, 0.9 * len(rows)), 3.5))
    wide = 0.8 / len(bars)
    for index, bar in enumerate(bars):
        places = [at + index * wide for at in range(len(rows))]
        axes.bar(places, [float(row[bar]) for row in rows], wide, label=bar)
    middles = [at + 0.4 - wide / 2 for at in range(len(rows))]
    axes.set_xticks(middles, [str(row[name]) for row in rows], rotation=30, ha="right")
    axes.set_ylabel(label)
    axes.legend()
    figure.tight_layout()
    figure.savefig(target)
    pyplot.close(figure)


def table(rows: Sequence[Mapping[str, object]]) -> str:
    """Return rows as a table in Markdown."""
    names = list(rows[0])
    lines = [names, ["---"] * len(names), *([str(row[name]) for name in names] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
