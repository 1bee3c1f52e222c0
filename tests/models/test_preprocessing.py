"""What a network wants done to an image, computed by hand."""

from __future__ import annotations

from typing import Any

import pytest

from sinet_video.errors import SettingError
from sinet_video.models.input_settings import Preprocessing

MEAN, STD, SCALE = (10.0, 20.0, 30.0), (2.0, 4.0, 8.0), 0.5


def test_default_is_0_to_1() -> None:
    """Without any constants, 0 to 255 becomes 0 to 1."""
    assert Preprocessing().gain == pytest.approx([1 / 255] * 3)
    assert Preprocessing().offset == (0, 0, 0)


def test_gain_and_offset() -> None:
    """By hand: scale / std and -mean * scale / std."""
    wanted = Preprocessing("rgb", MEAN, STD, SCALE)
    assert wanted.gain == (0.25, 0.125, 0.0625)
    assert wanted.offset == (-2.5, -2.5, -1.875)


def test_gain_and_offset_are_for_rgb_values() -> None:
    """Constants given in BGR order are turned round."""
    wanted = Preprocessing("bgr", MEAN, STD, SCALE)
    assert wanted.gain == (0.0625, 0.125, 0.25)
    assert wanted.offset == (-1.875, -2.5, -2.5)


@pytest.mark.parametrize(
    "settings",
    [
        {"channels": "grb"},
        {"channels": "RGB"},
        {"mean": (1.0, 2.0)},
        {"mean": (1.0, 2.0, 3.0, 4.0)},
        {"std": (1.0,)},
        {"std": (1.0, 0.0, 1.0)},
    ],
)
def test_bad_settings(settings: dict[str, Any]) -> None:
    """An unknown order, a wrong count and a std of zero are refused."""
    with pytest.raises(SettingError):
        Preprocessing(**settings)
