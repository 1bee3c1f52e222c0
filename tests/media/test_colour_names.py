"""Colours as people write them, against Pillow's reading of the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageColor

from sinet_video.errors import SettingError
from sinet_video.media.colour_names import NAMED, is_colour, parse_colour

BYTE = st.integers(0, 255)


@pytest.mark.parametrize("name", sorted(set(ImageColor.colormap) - {*NAMED, "rebeccapurple"}))
def test_names_are_those_of_the_web(name):
    """Those of CSS 3, but for the two that mean paint here."""
    assert parse_colour(name) == ImageColor.getrgb(name)
    assert parse_colour(name.upper()) == parse_colour(name)


def test_green_is_what_is_keyed():
    """Chroma-key paint, not the web's dark green."""
    assert parse_colour("green") == (0, 177, 64)
    assert parse_colour("blue") == (0, 71, 187)


@given(BYTE, BYTE, BYTE)
def test_digits(red, green, blue):
    """Hexadecimal, short and long, and decimal."""
    code = f"#{red:02x}{green:02X}{blue:02x}"
    assert parse_colour(code) == ImageColor.getrgb(code) == (red, green, blue)
    assert parse_colour(f"{red},{green},{blue}") == (red, green, blue)
    short = f"#{red % 16:x}{green % 16:x}{blue % 16:x}"
    assert parse_colour(short) == ImageColor.getrgb(short)


@pytest.mark.parametrize(
    "text", ["", "#", "#12", "#1234", "1,2,3,4", "256,0,0", "-1,0,0", "blurple"]
)
def test_others_are_refused(text):
    """With how a colour is written."""
    with pytest.raises(SettingError, match=r"#RGB or #RRGGBB; or r,g,b such as 0,177,64\.$"):
        parse_colour(text)


def test_what_looks_like_a_colour_is_one():
    """So that a colour written wrongly is not taken for a file."""
    assert all(map(is_colour, ("red", "#12345", "300,0,0", "#fff")))
    assert not any(map(is_colour, ("room.jpg", "blur", "transparent", "")))
