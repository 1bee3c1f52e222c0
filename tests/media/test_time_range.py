"""Stretches of a timeline, and ticks as seconds."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sinet_video
from sinet_video.errors import SettingError
from sinet_video.media.time_range import TimeRange, exact_rate, seconds

TIMES = st.fractions(0, 100_000)


@given(TIMES, TIMES, TIMES)
def test_a_moment_is_before_in_or_after(
    start: Fraction, length: Fraction, moment: Fraction
) -> None:
    """The start is in it, the end is not."""
    stretch = TimeRange(start, start + length + 1)
    where = (moment < start, start <= moment < start + length + 1, moment >= start + length + 1)
    inside = not stretch.before(moment) and not stretch.after(moment)
    assert (stretch.before(moment), inside, stretch.after(moment)) == where


@given(TIMES)
def test_open_ends(moment: Fraction) -> None:
    """Everything is in a stretch without ends."""
    assert not TimeRange().before(moment)
    assert not TimeRange().after(moment)


def test_times_start_at_zero() -> None:
    """Less the start, and later by as much as all of it is late."""
    assert TimeRange(Fraction(3)).shift == 3
    assert TimeRange(late=Fraction(1, 4)).shift == Fraction(-1, 4)


@pytest.mark.parametrize(
    ("time", "exact"),
    [
        (2, Fraction(2)),
        (0.5, Fraction(1, 2)),
        (0.1, Fraction(1, 10)),
        (0.1 + 0.2, Fraction(3, 10)),
        (7 / 30, Fraction(7, 30)),
        (7001 * 1001 / 30000, Fraction(7001 * 1001, 30000)),
        (0.123456789, Fraction(123456789, 10**9)),
        (np.int64(3), Fraction(3)),
        ("83.5", Fraction(167, 2)),
        ("1:23.5", Fraction(167, 2)),
        ("0:01:23.5", Fraction(167, 2)),
    ],
)
def test_times_as_people_write_them(time: Any, exact: Fraction) -> None:
    """The frame at exactly that time is in the range that starts there."""
    part = TimeRange(time, late=0 if isinstance(time, str) else time)
    assert part.start == exact
    assert type(part.start) is Fraction
    assert not part.before(exact)
    assert replace(part, end=time, start=None).end == exact


@pytest.mark.parametrize(
    ("time", "words"),
    [
        ("1:99", "Start: '1:99' is not a time; give seconds"),
        (True, "Start is True; it must be a time"),
        (float("nan"), "Start is nan; it must be a time"),
        ([1], r"Start is \[1\]; it must be a time"),
    ],
)
def test_what_is_no_time(time: Any, words: str) -> None:
    """Named, with what is one."""
    with pytest.raises(SettingError, match=words):
        TimeRange(time)


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (Fraction(-1), None, "Start is -1 s; it must be from 0"),
        (None, Fraction(10**8), "End is 1e"),
        (Fraction(2), Fraction(2), "must come after start"),
    ],
)
def test_what_is_no_stretch(start: Fraction | None, end: Fraction | None, words: str) -> None:
    """With what came and what is allowed."""
    with pytest.raises(SettingError, match=words):
        TimeRange(start, end)


@given(st.integers(-(2**40), 2**40), st.fractions(Fraction(1, 10**9), 1000))
def test_ticks_are_exact(stamp: int, time_base: Fraction) -> None:
    """No rounding, and nothing said is 0."""
    assert seconds(stamp, time_base) == stamp * time_base
    assert seconds(None, time_base) == seconds(stamp, None) == 0


FILM, VIDEO = Fraction(24000, 1001), Fraction(30000, 1001)


@pytest.mark.parametrize(
    ("rate", "exact"),
    [
        (29.97, VIDEO),
        (np.float32(29.97), VIDEO),
        ("29.97", VIDEO),
        ("29.970030", VIDEO),
        (float(VIDEO), VIDEO),
        (23.976, FILM),
        ("23.98", FILM),
        ("24000/1001", FILM),
        (14.985, Fraction(15000, 1001)),
        (239.76, Fraction(240000, 1001)),
        (Fraction("29.97"), Fraction(2997, 100)),
        ("12.5", Fraction(25, 2)),
        (100.9, Fraction(1009, 10)),
        (0.1, Fraction(1, 10)),
        (np.int64(25), Fraction(25)),
    ],
)
def test_rates_are_the_same_wherever_they_are_given(rate: Any, exact: Fraction) -> None:
    """Those of NTSC are exact, by any of their names; a fraction is what it says."""
    assert exact_rate(rate) == exact
    assert sinet_video.Settings(rate=rate) == sinet_video.Settings(rate=exact)
    assert sinet_video.Source("f", rate=rate) == sinet_video.Source("f", rate=exact)
    given = sinet_video.matte([np.zeros((16, 16, 3), np.uint8)], rate=rate)
    assert next(given).frame.time_base == 1 / exact


@pytest.mark.parametrize(
    "rate",
    ["fast", "1/0", "", "-25", "1e99999999", 0, -1, 1e-9, 1e9, float("nan"), float("inf"), True],
)
def test_what_is_no_rate(rate: Any) -> None:
    """It is refused in one sentence wherever it is given, before an image is asked for."""
    takes = (
        exact_rate,
        lambda rate: sinet_video.Settings(rate=rate),
        lambda rate: sinet_video.Source("f", rate=rate),
        lambda rate: sinet_video.matte(iter(()), rate=rate),
    )
    for take in takes:
        with pytest.raises(SettingError, match=r"^Rate is .*above 0 and at most 1000000, such as"):
            take(rate)
