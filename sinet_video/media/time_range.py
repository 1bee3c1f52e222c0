"""A range of a clip's timeline, and times and rates as they are given, exact."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from math import isfinite, ulp
from numbers import Rational, Real
from typing import Any

from sinet_video.errors import SettingError
from sinet_video.option import option

RATE_IF_UNKNOWN = Fraction(25)
"""Frames per second to assume if a file does not say."""

Rate = Fraction | float | str
"""Frames per second, as a number or as text, such as 24, 29.97 or "24000/1001"; see `exact_rate`.
"""

FASTEST = 10**6
"""Frames per second."""

NTSC = (15, 24, 30, 48, 60, 120, 240)
"""Rates of which 1000/1001 are in use, and called 23.976 or 23.98, 29.97, 59.94 and so on."""

CALLED = Fraction(5, 1000)
"""By how much such a name may miss its rate, in frames per second."""

RATIO = re.compile(
    r"(\d{1,9}(?:\.\d{0,30})?|\.\d{1,30})(?:/(\d{1,9}(?:\.\d{0,30})?|\.\d{1,30}))?", re.ASCII
)
"""A rate as text."""

TIME = "Result"
"""Heading of the options for a time range."""

LONGEST = 1e7
"""In seconds: four months, more than any time in a file."""

CLOCK = re.compile(
    r"(?:(?:(\d{1,7}):(?=[0-5]?\d:))?(\d{1,7}):(?=[0-5]?\d(?:\.|$)))?(\d{1,9}(?:\.\d{0,30})?|\.\d{1,30})",
    re.ASCII,
)
"""Hours, minutes and seconds, of which all but the first that is given are less than 60."""

ROUNDED = 8
"""Units in the last place by which a float that was calculated may miss what it stands for."""


@dataclass(frozen=True, init=False)
class TimeRange:
    """A part of a clip, in seconds from the start of its timeline; None means up to that end.

    Times are numbers, or text: "83.5" or a clock such as "1:23.5". They are kept as exact
    fractions; a float stands for the simplest fraction that is as good as equal to it, so that 0.1
    is a tenth. In the output, everything is delayed by `late` seconds. Raises `SettingError` for
    what is no time, and for times that are negative or out of order.
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

    def __init__(
        self,
        start: Fraction | float | str | None = None,
        end: Fraction | float | str | None = None,
        late: Fraction | float = Fraction(0),
    ) -> None:
        for name, time in (("start", start), ("end", end), ("late", late)):
            exactly = None if time is None else exact_seconds(name, time)
            object.__setattr__(self, name, exactly)
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


def clock_seconds(text: str) -> Fraction:
    """Return the seconds of "83.5" or of a clock, "1:23.5" or "0:01:23.5", exact.

    Raises `SettingError` for other text.
    """
    read = CLOCK.fullmatch(text)
    if read is None:
        raise SettingError(f"{text!r} is not a time; give seconds (83.5) or a clock (1:23.5).")
    hours, minutes, seconds = (Fraction(part or 0) for part in read.groups())
    return hours * 3600 + minutes * 60 + seconds


def exact_seconds(name: str, time: object) -> Fraction:
    """Return a time that a caller gives, called `name`, as an exact fraction; see `TimeRange`.

    Raises `SettingError` for what is no time.
    """
    if isinstance(time, str):
        try:
            return clock_seconds(time)
        except SettingError as error:
            raise SettingError(f"{name.capitalize()}: {error}") from None
    if isinstance(time, bool) or not isinstance(time, Real) or not isfinite(time):
        raise SettingError(
            f"{name.capitalize()} is {time!r}; it must be a time: seconds (83.5) or a clock "
            '("1:23.5").'
        )
    if isinstance(time, Rational):
        return Fraction(int(time.numerator), int(time.denominator))
    value = float(time)
    near = Fraction(value).limit_denominator(10**6)  # whatever is counted in frames, and more
    return near if abs(float(near) - value) <= ROUNDED * ulp(value) else Fraction(repr(value))


def exact_rate(rate: object) -> Fraction:
    """Return frames per second that a caller gives as an exact fraction.

    A number with decimals that is called so is that rate of NTSC: 29.97 is 30000/1001. Raises
    `SettingError` for what is no rate.
    """
    exactly = _given_rate(rate)
    if exactly is None or not 0 < exactly.limit_denominator(FASTEST) <= FASTEST:
        raise SettingError(
            f"Rate is {rate!r}; it must be frames per second, above 0 and at most {FASTEST}, such "
            "as 24, 29.97 or 24000/1001."
        )
    return exactly.limit_denominator(FASTEST)


def _given_rate(rate: object) -> Fraction | None:
    if isinstance(rate, str):
        return _read_rate(rate)
    if isinstance(rate, bool) or not isinstance(rate, Real) or not isfinite(rate):
        return None
    if isinstance(rate, Rational):
        return Fraction(int(rate.numerator), int(rate.denominator))
    return _called(Fraction(float(rate)))


def _read_rate(text: str) -> Fraction | None:
    found = RATIO.fullmatch(text)
    if found is None:
        return None
    count, of = found.groups()
    if of is None:
        return _called(Fraction(count))
    return Fraction(count) / Fraction(of) if Fraction(of) else None


def _called(number: Fraction) -> Fraction:
    """Return what a number stands for that has no fraction of its own."""
    if number.denominator == 1:
        return number
    named = (Fraction(1000 * nominal, 1001) for nominal in NTSC)
    return next((each for each in named if abs(each - number) < CALLED), number)


def exact(rational: Any) -> Fraction | None:
    """Return a number of libav's, which PyAV gives in kinds of its own; None for an unknown one."""
    if not rational or not rational.denominator:
        return None
    return Fraction(rational.numerator, rational.denominator)


def seconds(stamp: int | None, time_base: Fraction | None) -> Fraction:
    """Return a timestamp in seconds, exact; an unknown one is 0."""
    # A fraction times an int is three times as fast as an int times a fraction.
    return time_base * stamp if time_base and stamp else Fraction(0)
