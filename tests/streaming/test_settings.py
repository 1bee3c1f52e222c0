"""Settings of live video."""

from __future__ import annotations

import pytest

from sinet_video import SettingError, Streaming


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [("capture_size", "1280", "width and height"), ("capture_size", "0x5", "width and height"),
     ("capture_rate", 0.0, "above 0"), ("length", -1.0, "above 0"), ("give_up", -1.0, "0 or more"),
     ("keyframe_every", 0.0, "above 0"), ("max_bitrate", 0.0, "above 0")],
)  # fmt: skip
def test_bad_values_are_refused(field: str, value: object, words: str) -> None:
    """Each in a sentence that says what is allowed."""
    with pytest.raises(SettingError, match=words):
        Streaming(**{field: value})  # type: ignore[arg-type]


def test_good_values() -> None:
    """The failing twin."""
    assert Streaming(capture_size="1280x720", capture_rate=29.97, give_up=0.0).give_up == 0
