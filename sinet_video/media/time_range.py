"""A range of a clip's timeline, and conversion of ticks to seconds."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sinet_video.checked import check_fields
from sinet_video.errors import SettingError
from sinet_video.option import option

RATE_IF_UNKNOWN = Fraction(25)
"""Frames per second to assume if a file does not say."""

TIME = "Result"
"""Heading of the options for a time range."""

LONGEST = 1e7
"""In seconds: four months, more than any time in a file."""


@dataclass(frozen=True)
class TimeRange:
    """A part of a clip, in seconds from the start of its timeline; None means up to that end.

    In the output, everything is delayed by `late` seconds. Raises `SettingError` for times that are
    negative or out of order.
    """

    start: Fraction | None = option(
        None,
        "Start time in the source: seconds or h:mm:ss.",
        TIME,
        kind=Fraction,
        brief=True,
    )
    end: Fraction | None = option(None, "End time in the source.", TIME, kind=Fraction, brief=True)
    late: Fraction = Fraction(0)

    def __post_init__(self) -> None:
        check_fields(self)
        for name, value in (("Start", self.start), ("End", self.end)):
            if value is not None and not 0 <= value <= LONGEST:
                raise SettingError(
                    f"{name} is {float(value):g} s; it must be from 0 to {LONGEST:g}."
                )
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise SettingError(
                f"End ({float(self.end):g} s) must come after start ({float(self.start):g} s)."
            )

    @property
    def shift(self) -> Fraction:
        """Seconds to subtract from all times, so that the part starts where its file does."""
        return (self.start or Fraction(0)) - self.late

    def length_within(self, duration: float) -> float:
        """Return how many seconds of a clip that lasts `duration` seconds lie in the range."""
        end = duration if self.end is None else min(duration, float(self.end))
        return max(0.0, end - float(self.start or 0))

    def before(self, time: Fraction) -> bool:
        """Whether a time lies before the range."""
        return self.start is not None and time < self.start

    def after(self, time: Fraction) -> bool:
        """Whether a time lies after the range."""
        return self.end is not None and time >= self.end


def exact(rational: Any) -> Fraction | None:
    """Return a number of libav's, which PyAV gives in kinds of its own; None for an unknown one."""
    if not rational or not rational.denominator:
        return None
    return Fraction(rational.numerator, rational.denominator)


def seconds(stamp: int | None, time_base: Fraction | None) -> Fraction:
    """Return a timestamp in seconds, exact; an unknown one is 0."""
    # A fraction times an int is three times as fast as an int times a fraction.
    return time_base * stamp if time_base and stamp else Fraction(0)
