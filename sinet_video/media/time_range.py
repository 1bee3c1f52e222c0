"""A stretch of a clip's timeline, and ticks as seconds."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from sinet_video.checked import check_fields
from sinet_video.errors import SettingError
from sinet_video.option import option

if TYPE_CHECKING:
    pass

RATE_IF_UNKNOWN = Fraction(25)
"""Frames a second, where a file does not say."""

TIME = "Result"
"""The heading of the options for a stretch."""

LONGEST = 1e7
"""Seconds: four months, more than any time in a file."""


@dataclass(frozen=True)
class TimeRange:
    """A stretch of a clip, in seconds from the start of its timeline; None is to the end.

    All that is in it comes `late`, seconds, in what is made of it.
    """

    start: Fraction | None = option(
        None,
        "Begin here: seconds or h:mm:ss.",
        TIME,
        kind=Fraction,
        brief=True,
    )
    end: Fraction | None = option(None, "Stop before this.", TIME, kind=Fraction, brief=True)
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
        """Seconds to take off all times, so that a stretch starts where its file does."""
        return (self.start or Fraction(0)) - self.late

    def before(self, time: Fraction) -> bool:
        """Whether a moment lies before the stretch."""
        return self.start is not None and time < self.start

    def after(self, time: Fraction) -> bool:
        """Whether a moment lies past the stretch."""
        return self.end is not None and time >= self.end


def seconds(stamp: int | None, time_base: Fraction | None) -> Fraction:
    """Return a time in seconds, exact; one that the file does not say is 0."""
    return Fraction((stamp or 0) * (time_base or 0))
