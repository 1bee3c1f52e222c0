"""Timecode as editors write it, hh:mm:ss:ff, and how it moves with a cut."""

from __future__ import annotations

import re
from fractions import Fraction

TIMECODE = re.compile(r"(\d\d):(\d\d):(\d\d)([:;.])(\d\d)", re.ASCII)
"""A semicolon or a dot says that numbers are dropped, so that it keeps up with the clock."""

DAY = 24 * 60
"""Minutes after which it begins anew."""


def moved_timecode(first: str, frames: int, rate: Fraction) -> str | None:
    """Return the timecode so many frames later, or None for what is none.

    Drop-frame timecode (SMPTE ST 12-1) leaves out the first numbers of each minute but every tenth:
    two at 29.97 frames a second, four at 59.94.
    """
    read, count = TIMECODE.fullmatch(first), round(rate)
    if read is None or count < 1 or int(read[5]) >= count:
        return None
    hours, minutes, seconds, frame = (int(read[index]) for index in (1, 2, 3, 5))
    dropped = round(count / 15) if read[4] in ";." else 0
    minute = hours * 60 + minutes
    passed = (minute * 60 + seconds) * count + frame - dropped * (minute - minute // 10)
    numbered = _numbered(passed + frames, count, dropped)
    seconds, frame = divmod(numbered, count)
    minute = seconds // 60 % DAY
    return f"{minute // 60:02}:{minute % 60:02}:{seconds % 60:02}{read[4]}{frame:02}"


def _numbered(passed: int, count: int, dropped: int) -> int:
    """Return the number that a frame has where numbers are dropped."""
    in_minute = count * 60 - dropped
    tens, rest = divmod(passed, in_minute * 10 + dropped)
    minutes = max(0, rest - dropped) // in_minute
    return passed + dropped * (9 * tens + minutes)
