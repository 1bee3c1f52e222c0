"""Whole jobs against ffmpeg only re-encoding the same clip with the same settings.

    python benchmarks/whole_job.py CLIP [--frames 300] [--rounds 5] [--jobs green blur vp9 ...]
        [--json FILE] [--plot FILE]

CLIP is repeated to --frames frames by packet copy. For each job `sinet-video run` and `ffmpeg` take
turns. It prints the medians of wall time, of both ratios round by round (wall and CPU, start-up
included), and peak memory. --json has every round, --plot draws the ratios. Wall ratios need a
quiet machine; CPU ratios change little on a busy one.

ffmpeg gets the options that our encoders get, and encodes the same pixel format, with an opaque
alpha channel where ours has one. The exception is "green", the plain re-encode that people know;
"green, same x264" gives it our encoder's parameter for repeatable bytes as well. What ffmpeg is
given with an alpha channel is the whole frame, which costs the encoder more than a person on black,
and an opaque channel, which costs it less than a matte.
"""

from __future__ import annotations

import argparse
import statistics
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from measuring import PROGRAM, Row, Spent, facts, measured, plot, ratio, repeated, write

import sinet_video
from sinet_video.containers.codecs import CODECS
from sinet_video.read_ahead import cores

X264 = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20"]
OURS_X264 = ["--preset", "veryfast", "--crf", "20"]
GREEN = ["--background", "green", *OURS_X264]


def same(codec: str, pixel_format: str, *more: str) -> list[str]:
    """Return ffmpeg's options for what our encoder is told of pictures with alpha."""
    row = CODECS[codec]
    options = {"c:v": row.encoder, "pix_fmt": pixel_format, "threads": str(cores())}
    for name, value in {**row.options, **row.rgba_options}.items():
        options["b:v" if name == "b" else name] = value
    if row.preset:
        options[row.preset_option] = row.preset
    if row.crf is not None:
        options["crf"] = f"{row.crf:g}"
    return [*(word for name, value in options.items() for word in (f"-{name}", value)), *more]


@dataclass(frozen=True)
class Job:
    """What this library does, what ffmpeg does to compare, and on how many frames at most."""

    suffix: str
    ours: list[str]
    theirs: list[str]
    native: bool = True
    most: int = 100_000


JOBS = {
    "green": Job("mp4", GREEN, X264),
    "green, same x264": Job("mp4", GREEN, [*X264, "-x264-params", "cpu-independent=1"]),
    "green, numpy": Job("mp4", GREEN, X264, native=False),
    "image": Job("mp4", ["--background", "IMAGE", *OURS_X264], X264),
    "blur": Job("mp4", ["--background", "blur", *OURS_X264], X264),
    "choke": Job("mp4", [*GREEN, "--choke", "1.5", "--feather", "2"], X264),
    "key": Job("mp4", [*GREEN, "--key", "auto"], X264),
    "resume": Job("mp4", [*GREEN, "--resume"], X264),
    "vp9": Job("webm", [], same("vp9", "yuva420p"), most=100),
    "prores": Job("mov", [], same("prores", "yuva444p10le"), most=50),
}


def rounds(job: Job, clip: Path, folder: Path, count: int) -> list[tuple[Spent, Spent]]:
    """Let both take turns; return what each took, ours first."""
    mine, bare = folder / f"ours.{job.suffix}", folder / f"theirs.{job.suffix}"
    given = [str(picture(clip, folder)) if word == "IMAGE" else word for word in job.ours]
    ours = [PROGRAM, "run", clip, mine, *given, "--overwrite", "--quiet"]
    theirs: list[str | Path] = ["ffmpeg", "-v", "error", "-y", "-i", clip, *job.theirs, bare]
    return [(measured(ours, native=job.native), measured(theirs)) for _ in range(count)]


def picture(clip: Path, folder: Path) -> Path:
    """Return the first frame of the clip as an image, to be a background."""
    target = folder / "background.png"
    measured(["ffmpeg", "-v", "error", "-y", "-i", clip, "-frames:v", "1", target])
    return target


def summary(name: str, frames: int, spent: list[tuple[Spent, Spent]]) -> Row:
    """Return the medians of both, and of their ratios."""
    middle = statistics.median
    return {
        "job": name,
        "frames": frames,
        "wall": round(middle(ours.wall for ours, _ in spent), 2),
        "ffmpeg wall": round(middle(bare.wall for _, bare in spent), 2),
        "wall ratio": ratio([(ours.wall, bare.wall) for ours, bare in spent]),
        "cpu ratio": ratio([(ours.cpu, bare.cpu) for ours, bare in spent]),
        "memory": round(max(ours.memory for ours, _ in spent)),
        "ffmpeg memory": round(max(bare.memory for _, bare in spent)),
    }


def main() -> None:
    """Measure, print and write what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clip", type=Path)
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--jobs", nargs="+", choices=JOBS, default=["green"])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    rows, record = [], {}
    with TemporaryDirectory() as name:
        for job in given.jobs:
            frames = min(given.frames, JOBS[job].most)
            clip = repeated(given.clip, frames, Path(name))
            spent = rounds(JOBS[job], clip, Path(name), given.rounds)
            record[job] = [[asdict(ours), asdict(bare)] for ours, bare in spent]
            rows.append(summary(job, frames, spent))
            print(rows[-1], flush=True)
        clip_facts = sinet_video.probe(clip)
    size = f"{clip_facts.width}x{clip_facts.height}"
    told = facts(size=size, rounds=given.rounds, unit="seconds, and MB of memory")
    write(
        given.json, "Whole jobs against ffmpeg re-encoding the same clip", told, rows, spent=record
    )
    plot(given.plot, rows, "job", ["wall ratio", "cpu ratio"], "times ffmpeg's re-encode")


if __name__ == "__main__":
    main()
