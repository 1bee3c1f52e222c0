"""Settings of the stages for a single-colour screen, and how its colour is named.

Nothing heavy is imported here, so that the command lists its options quickly.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot
from typing import Literal

from sinet_video.checked import check_fields
from sinet_video.errors import SettingError
from sinet_video.media.colour_names import parse_colour

HUES = {"green": (-0.331, -0.419), "blue": (0.5, -0.081)}
"""Pb and Pr of pure green and blue; the matrices differ by two degrees of hue."""


SATURATED = 0.08
"""Least distance of a screen's chroma from gray; the largest possible is 0.5."""


def check_screen(name: str) -> None:
    """Raise `SettingError` unless it is "auto", "green", "blue" or some other colour.

    Colours are written as `parse_colour` reads them.
    """
    if name in ("auto", *HUES):
        return
    try:
        hue = hue_of(name)
    except SettingError as error:
        raise SettingError(
            f"Screen is {name!r}; it must be auto, green, blue or a colour such as #30a040."
        ) from error
    if hypot(*hue) < SATURATED:
        raise SettingError(f"Screen is {name}, which is nearly gray; give a colour.")


def hues_of(name: str) -> list[tuple[float, float]]:
    """Return Pb and Pr of the colours that a screen of this name may have."""
    if name == "auto":
        return list(HUES.values())
    return [HUES[name] if name in HUES else hue_of(name)]


def hue_of(code: str) -> tuple[float, float]:
    """Return Pb and Pr of a colour, in [-0.5, 0.5]; BT.601."""
    red, green, blue = (value / 255 for value in parse_colour(code))
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return (blue - luma) / 1.772, (red - luma) / 1.402


@dataclass(frozen=True)
class ChromaKey:
    """Which colour to key, and how firmly.

    Raises `SettingError` for a colour that is nearly gray and for values out of range.

    Attributes:
        screen: "green" or "blue", in any shade; "#RRGGBB" for any other colour; "auto" for green or
            blue, whichever covers more of the frame.
        black, white: alpha at or below `black` becomes 0, at or above `white` becomes 1.
        steadiness: share of the old plate that is kept from frame to frame, in [0, 1).
        person: whether the incoming matte limits the key: nothing is kept far from the person in
            that matte, and nothing is removed deep inside. Where it finds nobody, the key decides
            alone.
    """

    screen: str = "auto"
    black: float = 0.1
    white: float = 0.95
    steadiness: float = 0.8
    person: bool = True

    def __post_init__(self) -> None:
        check_fields(self)
        check_screen(self.screen)
        if not 0 <= self.black < self.white <= 1:
            raise SettingError(
                f"Black is {self.black} and white {self.white}; it must be 0 <= black < white <= 1."
            )
        if not 0 <= self.steadiness < 1:
            raise SettingError(
                f"Steadiness is {self.steadiness}; it must be at least 0 and below 1."
            )


Limit = Literal["average", "maximum"]
"""Limit for the screen's colour: the mean of the other two components, or the larger of them."""


@dataclass(frozen=True)
class Despill:
    """Which light to remove.

    Raises `SettingError` for values that are not among the choices.

    Attributes:
        screen: "green", "blue", "#RRGGBB", or "auto" for the screen in the frame. The hue is
            measured on the screen behind the person; if "green" or "blue" is not found, the pure
            hue is used.
        limit: "maximum" preserves skin and hair, even in front of yellowish screens; "average"
            removes more.
    """

    screen: str = "auto"
    limit: Limit = "maximum"

    def __post_init__(self) -> None:
        check_fields(self)
        check_screen(self.screen)


def parse_despill(text: str, key: str | None) -> Despill | None:
    """Parse a screen colour, "off", or "auto" for the colour that is keyed, `key`, if any."""
    if text == "off" or (text == "auto" and key is None):
        return None
    return Despill(key if text == "auto" and key is not None else text)
