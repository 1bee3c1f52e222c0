"""Placement of a cut-out person, so that no cut made by the photograph is visible.

Most portraits end at their photograph's lower edge, many at its sides too. In a video a person ends
only at the frame's own edge. So the lower edge of the canvas hides every row from which a side of
the photograph cut the person, or that side lies on the canvas's.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np

from sinet_video.errors import SettingError
from sinet_video.media.arrays import Array
from sinet_video.training.generate.faces import Box, extent
from sinet_video.training.generate.product_folder import Rejected

BORDER = 2
"""Rows or columns at the rim of a mask that show whether the photograph cut the person."""

NARROWEST = 0.02
"""Least share of the upper rim that must be person for the head to count as cut; less is hair."""


HIDDEN = 0.08
"""Largest share of the canvas's width by which a side cut by the photograph may lie outside."""


@dataclass(frozen=True)
class PlacingSettings:
    """Size and position of people.

    Raises `SettingError` for values out of range.

    Attributes:
        height: range of the visible person's height, as a share of the canvas's.
        middle: range of the position of the person's centre, as a share of the canvas's width.
        shown: least share of the person's own height that must remain visible.
        enlarged: largest enlargement of a photograph.
    """

    height: tuple[float, float] = (0.5, 0.95)
    middle: tuple[float, float] = (0.2, 0.8)
    shown: float = 0.8
    enlarged: float = 1.5

    def __post_init__(self) -> None:
        for name in ("height", "middle"):
            least, most = getattr(self, name)
            if not 0 < least <= most <= 1:
                raise SettingError(
                    f"{name.capitalize()} is from {least} to {most}; it must be from above 0 to 1 "
                    "at most, the least first."
                )
        if not 0 < self.shown <= 1 or self.enlarged <= 0:
            raise SettingError(
                f"Shown is {self.shown} and enlarged {self.enlarged}; both must be above 0, the "
                "first at most 1."
            )


@dataclass(frozen=True)
class Standing:
    """Which part of a photograph may be visible, and what must lie on the canvas's edges.

    Attributes:
        shown: the person down to the last row that may be visible.
        head: columns between which most of the upper half lies, including the head.
        top, left, right: whether that side of the person was cut, so that it must stay hidden.
    """

    shown: Box
    head: tuple[int, int]
    top: bool = False
    left: bool = False
    right: bool = False


def standing(mask: Array, least: float) -> Standing:
    """Return how a person may stand, from the mask (H, W) uint8.

    `least` is the share of the person's height that must remain visible. Raises `Rejected` if both
    sides cut the person higher up than that.
    """
    person = extent(mask)
    inside = mask > 127
    height = person.height
    if not height:
        raise Rejected("no person")
    left, right = (_first_row(inside[:, rim]) for rim in (slice(BORDER), slice(-BORDER, None)))
    highest = person.top + least * height
    if left < highest and right < highest:
        raise Rejected("cut off at both sides")
    floor = min([person.bottom, *(row for row in (left, right) if row >= highest)])
    return Standing(
        Box(person.left, person.top, person.right, floor),
        _head(inside[person.top : person.top + max(1, height // 2)]),
        top=bool(inside[:BORDER].any(0).mean() > NARROWEST),
        left=left < highest,
        right=right < highest,
    )


def _head(upper: Array) -> tuple[int, int]:
    """Return the columns that leave a tenth of the upper half to either side."""
    mass = np.cumsum(upper.sum(0))
    first, last = np.searchsorted(mass, (0.1 * mass[-1], 0.9 * mass[-1]))
    return int(first), int(last) + 1


def _first_row(rim: Array) -> int:
    """Return the first row in which a side's rim is person, or one past the end if none is."""
    rows = np.nonzero(rim.any(1))[0]
    return int(rows[0]) if len(rows) else len(rim)


def place(
    stand: Standing,
    photograph: tuple[int, int],
    canvas: tuple[int, int],
    settings: PlacingSettings,
    random: np.random.Generator,
) -> Box:
    """Return the random position of a whole photograph on a canvas; parts may lie outside.

    `photograph` and `canvas` are (width, height). Always takes three numbers from `random`. Raises
    `Rejected` if the photograph would be enlarged too far.
    """
    size, aside, hidden = random.uniform(*settings.height), random.random(), random.random()
    # A head that is cut must extend beyond the canvas.
    share = 1 + 0.1 * size if stand.top else size
    scale = share * canvas[1] / stand.shown.height
    if scale > settings.enlarged:
        raise Rejected("photograph too small")
    width, height = (max(1, round(side * scale)) for side in photograph)
    top = ceil(canvas[1] - stand.shown.bottom * height / photograph[1])
    zoom = width / photograph[0]
    if stand.left:
        left = -round(HIDDEN * hidden * canvas[0])
    elif stand.right:
        left = canvas[0] - width + round(HIDDEN * hidden * canvas[0])
    else:
        middle = settings.middle[0] + aside * (settings.middle[1] - settings.middle[0])
        left = _freely(stand, zoom, middle, canvas[0])
    if left + stand.head[0] * zoom < -1 or left + stand.head[1] * zoom > canvas[0] + 1:
        raise Rejected("head beyond the side")
    return Box(left, top, left + width, top + height)


def _freely(stand: Standing, zoom: float, middle: float, canvas: int) -> int:
    """Return the photograph's left edge, with the head on the canvas if possible."""
    least, most = -stand.head[0] * zoom, canvas - stand.head[1] * zoom
    wanted = middle * canvas - sum(stand.head) / 2 * zoom
    return round(min(max(wanted, least), most) if least <= most else (least + most) / 2)
