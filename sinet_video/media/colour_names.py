"""Colours as people write them: a name, #RGB, #RRGGBB, or r,g,b."""

from __future__ import annotations

import re

from sinet_video.errors import SettingError

NAMED = {
    "green": "#00b140",  # what chroma-key paint and cloth are sold as; not the web's dark green
    "blue": "#0047bb",
}
"""Names that mean something else to people who key than on the web."""

HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)
NUMBERS = re.compile(r"(\d{1,3}),(\d{1,3}),(\d{1,3})", re.ASCII)

WANTED = "a name such as green, black or coral; #RGB or #RRGGBB; or r,g,b such as 0,177,64"
"""What to say of how a colour is written."""


def parse_colour(text: str) -> tuple[int, int, int]:
    """Return red, green and blue, 0 to 255, of a name, "#RGB", "#RRGGBB" or "r,g,b".

    Names are those of CSS, but for `NAMED`. Raises `SettingError`.
    """
    if not isinstance(text, str):
        raise SettingError(f"A colour is {text!r}; it must be text: {WANTED}.")
    code = NAMED.get(text.lower(), text)
    if HEX.fullmatch(code):
        digits = code[1:] if len(code) == 7 else "".join(digit * 2 for digit in code[1:])
        red, green, blue = bytes.fromhex(digits)
        return red, green, blue
    numbers = NUMBERS.fullmatch(code)
    if numbers and max(map(int, numbers.groups())) <= 255:
        red, green, blue = map(int, numbers.groups())
        return red, green, blue
    import webcolors  # only other names pay for this import

    try:
        found = webcolors.name_to_rgb(code)
    except ValueError as error:
        raise SettingError(f"Colour is {text!r}; it must be {WANTED}.") from error
    return found.red, found.green, found.blue


def is_colour(text: str) -> bool:
    """Whether text is a colour, or begins as one that is written wrongly."""
    if text.startswith("#") or NUMBERS.fullmatch(text):
        return True
    try:
        parse_colour(text)
    except SettingError:
        return False
    return True
