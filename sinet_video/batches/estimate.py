"""Estimates of how long a batch will take and how large its results will be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sinet_video.batches.decide import Step
from sinet_video.batches.manifest import Entry
from sinet_video.errors import SinetVideoError
from sinet_video.pipeline.chain import clip_of
from sinet_video.pipeline.conversion import Conversion
from sinet_video.pipeline.report import expected_frames
from sinet_video.remote.address import StrPath

PIXELS_A_SECOND = 64e6
"""Speed to assume if nothing is known: 31 frames a second of 1920x1080, on two cores."""


@dataclass(frozen=True)
class Estimate:
    """The estimated cost of converting one clip.

    Attributes:
        seconds: of work, for the job alone; None for a clip that cannot be read.
        size: bytes of the result; None where no result with these options is known yet.
    """

    step: Step
    seconds: float | None
    size: int | None


def estimate(
    steps: Iterable[Step], known: Iterable[Entry], conversion: Conversion = Conversion()
) -> list[Estimate]:
    """Return the estimated cost of each clip that is to be converted.

    Both numbers are per pixel, from earlier clips in the manifest. Each clip is opened.
    """
    done = [entry for entry in known if entry.outcome == "done" and _pixels(entry)]
    pixels, seconds = sum(map(_pixels, done)), sum(e.report["seconds"] for e in done)
    speed = pixels / seconds if seconds else PIXELS_A_SECOND
    sized = [(entry, int(entry.written.split()[0])) for entry in done if entry.written]
    density = sum(size for _, size in sized) / (sum(_pixels(e) for e, _ in sized) or 1)
    return [_estimate(step, conversion, speed, density) for step in steps if step.wanted]


def _estimate(step: Step, conversion: Conversion, speed: float, density: float) -> Estimate:
    try:
        clip = clip_of(step.task.source, conversion.settings)
    except SinetVideoError:
        return Estimate(step, None, None)
    frames = expected_frames(clip, conversion.span)
    if frames is None:
        return Estimate(step, None, None)
    pixels = frames * clip.width * clip.height
    return Estimate(step, pixels / speed, round(pixels * density) if density else None)


def _pixels(entry: Entry) -> float:
    report = entry.report
    return float(report.get("frames", 0) * report.get("width", 0) * report.get("height", 0))


def total(estimates: Sequence[Estimate], jobs: int) -> tuple[float, int]:
    """Return the total seconds with so many jobs at a time, and the total bytes."""
    seconds = [each.seconds or 0.0 for each in estimates]
    longest = max(seconds, default=0.0)
    return max(longest, sum(seconds) / jobs), sum(each.size or 0 for each in estimates)


def size_of(path: StrPath) -> int:
    """Return the bytes of a file, or of all files in a folder; 0 on another host."""
    if not isinstance(path, Path):
        return 0
    if path.is_dir():
        return sum(each.stat().st_size for each in path.rglob("*") if each.is_file())
    return path.stat().st_size if path.exists() else 0
