"""How large frames are made before anything is done with them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from sinet_video.checked import check_fields
from sinet_video.errors import SettingError
from sinet_video.option import option

SIZE = "Result"
"""The heading of these options."""


@dataclass(frozen=True)
class FrameSize:
    """How much smaller or larger than the source frames are; their aspect stays.

    Raises `SettingError` for values of another type or out of range.

    Attributes:
        scale: width and height as a share of the source's, above 0 and at most 4.
        max_height: the largest height in pixels, as shown; smaller frames stay as they are.
    """

    scale: float | None = option(
        None,
        "Scale the video by this factor, such as 0.5.",
        SIZE,
        kind=float,
        metavar="FACTOR",
    )
    max_height: int | None = option(
        None,
        "Scale the video down to this height, such as 720, if it is higher.",
        SIZE,
        kind=int,
        metavar="PX",
        brief="Scale it down to this height, such as 720.",
    )

    def __post_init__(self) -> None:
        check_fields(self)
        if self.scale is not None and not 0 < self.scale <= 4:
            raise SettingError(f"Scale is {self.scale:g}; it must be above 0 and at most 4.")
        if self.max_height is not None and self.max_height < 16:
            raise SettingError(f"Maximum height is {self.max_height}; it must be at least 16.")

    def of(self, width: int, height: int, *, sideways: bool = False) -> tuple[int, int]:
        """Return the (width, height) in which frames are stored; even where it is not their own.

        `sideways` is whether players turn them by a quarter.
        """
        scale = Fraction(1) if self.scale is None else Fraction(self.scale)
        shown = width if sideways else height
        if self.max_height is not None and shown * scale > self.max_height:
            scale = Fraction(self.max_height, shown)
        if scale == 1:
            return width, height
        across, down = (max(2, 2 * round(side * scale / 2)) for side in (width, height))
        return across, down
