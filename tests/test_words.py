"""Counts in sentences."""

from __future__ import annotations

from sinet_video.words import counted


def test_one_is_said_as_one() -> None:
    """And none as several."""
    assert [counted(count, "frame") for count in (0, 1, 2)] == ["0 frames", "1 frame", "2 frames"]
    assert [counted(count, "photo is", "photos are") for count in (1, 2)] == [
        "1 photo is",
        "2 photos are",
    ]
