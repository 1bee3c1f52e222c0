"""The settings of the stages for a screen of one colour, and how such a colour is named.

Nothing heavy is imported here, so that the command can list its options at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import hypot
from typing import Literal, get_args

from sinet_video.checked import check_fields
from sinet_video.errors import SettingError

HUES = {"green": (-0.331, -0.419), "blue": (0.5, -0.081)}
"""Pb and Pr of pure green and blue; the matrices differ by two degrees of hue."""


SATURATED = 0.08
"""Least distance of a screen's chroma from gray; 0.5 is the largest there is."""


def check_screen(name: str) -> None:
    """Raise `SettingError` unless it is "auto", "green", "blue" or "#RRGGBB" of some colour."""
    if name not in ("auto", *HUES) and not re.fullmatch(r"#[0-9a-fA-F]{6}", name):
        raise SettingError(
            f"Screen is {name!r}; it must be auto, green, blue or a colour such as #30a040."
        )
    if name.startswith("#") and hypot(*hue_of(name)) < SATURATED:
        raise SettingError(f"Screen is {name}, which is nearly gray; give a colour.")


def hues_of(name: str) -> list[tuple[float, float]]:
    """Return Pb and Pr of the colours that a screen of this name may have."""
    if name == "auto":
        return list(HUES.values())
    return [HUES[name] if name in HUES else hue_of(name)]


def hue_of(code: str) -> tuple[float, float]:
    """Return Pb and Pr of "#RRGGBB", in [-0.5, 0.5]; BT.601."""
    red, green, blue = (value / 255 for value in bytes.fromhex(code[1:]))
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return (blue - luma) / 1.772, (red - luma) / 1.402


@dataclass(frozen=True)
class ChromaKey:
    """What to key, and how firmly.

    Attributes:
        screen: "green" or "blue", of any shade that a screen of that name has; "#RRGGBB" for any
            other colour; "auto" for whichever of green and blue there is more of.
        black, white: alpha at or below `black` becomes 0, at or above `white` 1.
        steadiness: share of the old plate kept from picture to picture, in [0, 1).
        person: whether the matte that comes in has a say: nothing is kept far from the person that
            it sees, and nothing is lost deep inside. Where it sees nobody, the key alone counts.
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
"""What a colour may keep of the screen's: as much as the mean of its others, or as the larger."""


@dataclass(frozen=True)
class Despill:
    """What light to take out.

    Attributes:
        screen: "green", "blue", "#RRGGBB", or "auto" for the screen that is in the picture. The
            hue is that of the screen behind the person; where "green" or "blue" finds none, pure.
        limit: "maximum" leaves skin and hair alone also before yellowish screens; "average" takes
            out more.
    """

    screen: str = "auto"
    limit: Limit = "maximum"

    def __post_init__(self) -> None:
        check_fields(self)
        check_screen(self.screen)
        if self.limit not in get_args(Limit):
            raise SettingError(
                f"Limit is {self.limit!r}; it must be one of {', '.join(get_args(Limit))}."
            )


def parse_despill(text: str, key: str | None) -> Despill | None:
    """Read a screen's colour or "off"; "auto" is the screen that is keyed, `key`, if any is."""
    if text == "off" or (text == "auto" and key is None):
        return None
    return Despill(key if text == "auto" and key is not None else text)
