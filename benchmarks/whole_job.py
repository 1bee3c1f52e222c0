"""Whole jobs against ffmpeg merely re-encoding the same clip with the same settings.

    python benchmarks/whole_job.py CLIP [--frames 300] [--rounds 5] [--jobs green blur vp9 ...]
        [--json FILE] [--plot FILE] [--page docs/performance.md]

CLIP is repeated to --frames frames by packet copy. For each job `sinet-video run` and `ffmpeg` take
turns. It prints the medians of wall time, of both ratios round by round (wall and CPU, start-up
included), and peak memory. --json has every round, --plot draws the ratios, --page writes a table.
Wall ratios need a quiet machine; CPU ratios change little on a busy one.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

X264 = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20"]
OURS_X264 = ["--preset", "veryfast", "--crf", "20"]
GREEN = ["--background", "green", *OURS_X264]


@dataclass(frozen=True)
class Job:
    """What this library does, and what ffmpeg does to compare."""

    suffix: str
    ours: list[str]
    theirs: list[str]
    native: bool = True


JOBS = {
    "green": Job("mp4", GREEN, X264),
    "green, numpy": Job("mp4", GREEN, X264, native=False),
    "blur": Job("mp4", ["--background", "blur", *OURS_X264], X264),
    "choke": Job("mp4", [*GREEN, "--choke", "1.5", "--feather", "2"], X264),
    "key": Job("mp4", [*GREEN, "--key", "auto"], X264),
    "resume": Job("mp4", [*GREEN, "--resume"], X264),
    "vp9": Job(
        "webm", [], ["-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p", "-crf", "30", "-b:v", "0"]
    ),
    "prores": Job(
        "mov", [], ["-c:v", "prores_ks", "-profile:v", "4444", "-pix_fmt", "yuva444p10le"]
    ),
}


@dataclass(frozen=True)
class Spent:
    """What a command took: seconds of wall and of CPU, and megabytes at most."""

    wall: float
    cpu: float
    memory: float


def repeated(clip: Path, frames: int, folder: Path) -> Path:
    """Return a file with the clip repeated to this many frames, without audio."""
    target = folder / f"{frames}.mp4"
    command = ["ffmpeg", "-v", "error", "-stream_loop", "-1", "-i", clip, "-map", "0:v"]
    subprocess.run([*command, "-c", "copy", "-frames:v", str(frames), target], check=True)
    return target


def measured(command: list[str | Path], *, native: bool = True) -> Spent:
    """Run a command to its end."""
    environment = dict(os.environ) if native else os.environ | {"SINET_VIDEO_NATIVE": "0"}
    start = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"{command[0]} failed")
    wall = time.perf_counter() - start
    return Spent(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def rounds(job: Job, clip: Path, folder: Path, count: int) -> list[tuple[Spent, Spent]]:
    """Let both take turns; return what each took, ours first."""
    program = Path(sys.executable).with_name("sinet-video")
    mine, bare = folder / f"ours.{job.suffix}", folder / f"theirs.{job.suffix}"
    ours = [program, "run", clip, mine, *job.ours, "--overwrite", "--quiet"]
    theirs: list[str | Path] = ["ffmpeg", "-v", "error", "-y", "-i", clip, *job.theirs, bare]
    return [(measured(ours, native=job.native), measured(theirs)) for _ in range(count)]


def summary(name: str, spent: list[tuple[Spent, Spent]]) -> dict[str, float | str]:
    """Return the medians of both, and of their ratios."""
    middle = statistics.median
    return {
        "job": name,
        "wall": round(middle(ours.wall for ours, _ in spent), 2),
        "ffmpeg wall": round(middle(bare.wall for _, bare in spent), 2),
        "wall ratio": round(middle(ours.wall / bare.wall for ours, bare in spent), 3),
        "cpu ratio": round(middle(ours.cpu / bare.cpu for ours, bare in spent), 3),
        "memory": round(max(ours.memory for ours, _ in spent)),
    }


def page(facts: dict[str, object], rows: list[dict[str, float | str]]) -> str:
    """Return a table of the medians in Markdown."""
    names = list(rows[0])
    lines = [
        "# Performance",
        "",
        f"Whole jobs on {facts['frames']} frames of {facts['size']} with {facts['cores']} cores, "
        f"against ffmpeg re-encoding the same clip with the same settings; medians of "
        f"{facts['rounds']} alternated rounds, load {facts['load']} at the end. Times in seconds, "
        "memory in MB; rendered by `benchmarks/whole_job.py`.",
        "",
        "| " + " | ".join(names) + " |",
        "|" + "---|" * len(names),
        *("| " + " | ".join(str(row[name]) for name in names) + " |" for row in rows),
    ]
    return "\n".join(lines) + "\n"


def plot(rows: list[dict[str, float | str]], target: Path) -> None:
    """Draw both ratios of each job."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 3.5))
    for index, kind in enumerate(("wall ratio", "cpu ratio")):
        places = [at + index * 0.4 for at in range(len(rows))]
        axes.bar(places, [float(row[kind]) for row in rows], 0.4, label=kind)
    axes.set_xticks([at + 0.2 for at in range(len(rows))], [str(row["job"]) for row in rows])
    axes.axhline(1, color="black", linewidth=0.8)
    axes.set_ylabel("times ffmpeg's re-encode")
    axes.legend()
    figure.tight_layout()
    figure.savefig(target)


def main() -> None:
    """Measure, print and write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--jobs", nargs="+", choices=JOBS, default=["green"])
    for name in ("json", "plot", "page"):
        parser.add_argument(f"--{name}", type=Path)
    given = parser.parse_args()
    import sinet_video

    rows, record = [], {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip = repeated(given.clip, given.frames, folder)
        facts = sinet_video.probe(clip)
        for job in given.jobs:
            spent = rounds(JOBS[job], clip, folder, given.rounds)
            record[job] = [[asdict(ours), asdict(bare)] for ours, bare in spent]
            rows.append(summary(job, spent))
            print(rows[-1], flush=True)
    told: dict[str, object] = {
        "size": f"{facts.width}x{facts.height}",
        "frames": given.frames,
        "rounds": given.rounds,
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
    }
    if given.json:
        given.json.write_text(json.dumps({**told, "rows": rows, "spent": record}, indent=2))
    if given.page:
        given.page.write_text(page(told, rows))
    if given.plot:
        plot(rows, given.plot)


if __name__ == "__main__":
    main()
