"""Timecode that moves with a cut: as SMPTE ST 12-1 counts, and as ffmpeg does."""

from __future__ import annotations

from fractions import Fraction

import pytest

from sinet_video.media.timecode import moved_timecode

FILM, PAL, NTSC, DOUBLE = Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001), 60


@pytest.mark.parametrize(
    ("first", "frames", "rate", "later"),
    [
        ("01:02:03:04", 24, FILM, "01:02:04:04"),
        ("10:00:00:00", 0, PAL, "10:00:00:00"),
        ("23:59:59:24", 1, PAL, "00:00:00:00"),
        ("00:59:59:29", 1, NTSC, "01:00:00:00"),
        ("00:00:59;29", 1, NTSC, "00:01:00;02"),
        ("00:09:59;29", 1, NTSC, "00:10:00;00"),
        ("00:00:00;00", 107_892, NTSC, "01:00:00;00"),
        ("00:59:58;20", 15, NTSC, "00:59:59;05"),
        ("00:00:59;59", 1, Fraction(DOUBLE * 1000, 1001), "00:01:00;04"),
        ("01:00:00.00", 1798, NTSC, "01:00:59.28"),
        ("23:59:59;29", 1, NTSC, "00:00:00;00"),
        ("soon", 1, PAL, None),
        ("01:00:00:25", 1, PAL, None),
    ],
)
def test_it_is_that_of_a_later_frame(
    first: str, frames: int, rate: Fraction, later: str | None
) -> None:
    """Numbers are dropped where the source's are."""
    assert moved_timecode(first, frames, rate) == later


def test_each_frame_has_a_number_of_its_own() -> None:
    """Over eleven minutes, one after another."""
    told = [moved_timecode("00:59:00;02", frames, NTSC) or "" for frames in range(11 * 1800)]
    assert told == sorted(set(told))
