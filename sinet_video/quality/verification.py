"""The report of a verification."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from sinet_video.decoding.access import StrPath
from sinet_video.quality.alpha_statistics import AlphaFigures
from sinet_video.quality.audio_timing import AudioTiming
from sinet_video.quality.checks import Check, Timing
from sinet_video.quality.playback import (
    VideoProperties,
)


@dataclass(frozen=True)
class Verification:
    """What was found in a result, and which checks hold.

    Attributes:
        file: the result.
        source: the source it was compared with, or None.
        properties: properties of the video; the pixel format includes alpha.
        timing: the number of frames and their times.
        alpha: statistics of its alpha, or None if it has none.
        audio: timing of its audio tracks.
        checks: the results of all checks.
    """

    file: StrPath
    source: StrPath | None
    properties: VideoProperties
    timing: Timing
    alpha: AlphaFigures | None
    audio: tuple[AudioTiming, ...]
    checks: tuple[Check, ...]

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks that do not hold."""
        return tuple(check for check in self.checks if check.holds is False)

    @property
    def holds(self) -> bool:
        """Whether no check fails."""
        return not self.failures

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON; times are in seconds, to the nanosecond."""
        plain: dict[str, Any] = _plain(asdict(self))
        plain["timing"]["duration"] = _plain(self.timing.duration)
        return {"holds": self.holds, **plain}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if isinstance(value, Fraction | float):
        return round(float(value), 9)
    return str(value) if isinstance(value, Path) else value
