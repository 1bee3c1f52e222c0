"""Side views: people whom the main view shows too small, or not at all, followed by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from sinet_video.media.arrays import FloatArray
from sinet_video.planes.components import erased
from sinet_video.planes.levels import SEEN
from sinet_video.planes.pyramid import halved
from sinet_video.stages.matte_settings import Following
from sinet_video.stages.views.box import ALIKE, WHOLE, Box, glided, joined, retargeted
from sinet_video.stages.views.viewport import CropMatte, Region, spread

PIECE = 0.7
"""Least share of a box within another for both to show the same person, in part or whole."""

KEPT = 1.2
"""A side view ends once the main view is less than this many times larger."""

SEAM = 0.15
"""Rim around people, as a share of their size, in which a side view replaces the main one."""


@dataclass(frozen=True)
class Side:
    """A side view.

    Attributes:
        view: the part of the frame that was examined last.
        target: the part that the view is moving towards.
        boxes: where each of the people is.
        shown: the matte of these people alone.
        alpha: the same on the grid of the whole frame, (h, w) float32 in [0, 1].
        looked: when it was last examined.
        found: when somebody was last found in it.
    """

    view: Box
    target: Box
    boxes: tuple[Box, ...]
    shown: CropMatte
    alpha: FloatArray
    looked: Fraction
    found: Fraction


def side_of(seen: CropMatte, view: Box, people: Sequence[Box], time: Fraction) -> Side | None:
    """Return a side view of these people; None if its matte shows none of them."""
    shown, boxes = alone(seen, people)
    return Side(view, view, boxes, shown, spread(shown), time, time) if boxes else None


def same(found: Box, box: Box) -> bool:
    """Whether a box shows the person of whom another shows at least a part."""
    return found.iou(box) >= ALIKE or found.covers(box) >= PIECE


def alone(seen: CropMatte, people: Sequence[Box]) -> tuple[CropMatte, tuple[Box, ...]]:
    """Return a view's matte of these people alone, and where each of them is in it."""
    wanted = np.zeros(int(seen.labels.max()) + 1, bool)
    wanted[0] = True
    boxes = []
    for person in people:
        pieces = [region for region in seen.regions if _is_of(region, person, seen)]
        wanted[[piece.number for piece in pieces]] = True
        around = joined(*(piece.box for piece in pieces))
        if around is not None:
            boxes.append(around)
    removed = ~wanted[seen.labels]
    alpha = erased(seen.alpha, removed, SEEN) if removed.any() else seen.alpha
    return CropMatte(seen.view, alpha), tuple(dict.fromkeys(boxes))


def _is_of(region: Region, person: Box, seen: CropMatte) -> bool:
    """Whether a region is a person, or a piece of one, and nobody larger whom the view cuts off."""
    if person.grown(0.2).covers(region.box) >= PIECE:
        return True
    if seen.cuts(region.box):
        return region.box.iou(person) >= ALIKE
    return same(region.box, person)


def examined(side: Side, seen: CropMatte, following: Following) -> Side:
    """Return a side view after a look at the part of the frame where it is now."""
    time = side.looked
    shown, boxes = alone(seen, side.boxes)
    around = joined(*boxes)
    side = replace(side, shown=shown, alpha=spread(shown))
    if around is None:
        return side
    target = retargeted(side.target, around, following)
    return replace(side, boxes=boxes, found=time, target=target)


def moved(side: Side, time: Fraction) -> Side:
    """Return a side view at a later time, closer to its target."""
    view = glided(side.view, side.target, time - side.looked)
    return replace(side, view=view, looked=time)


def is_needed(side: Side, main: CropMatte, time: Fraction, following: Following) -> bool:
    """Whether a side view still shows somebody, and larger than the main view does."""
    lost = time - side.found > following.every
    as_large = main.view.size < KEPT * side.target.size and main.view.contains(side.view)
    return not lost and side.target != WHOLE and not as_large


def merged(main: CropMatte, sides: Sequence[Side], time: Fraction) -> FloatArray:
    """Return the alpha of all views, (h, w) in [0, 1], on the grid of the main one.

    People whom the main view shows as well, apart from others, are replaced by what their own view
    shows at this time. If it was not examined now, or they touch somebody, the larger alpha counts.
    """
    alpha = spread(main)
    if not sides:
        return alpha
    alpha = alpha.copy()
    for side in sides:
        own = side.alpha if side.alpha.shape == alpha.shape else halved(side.alpha)
        for box in side.boxes:
            around = box.grown(SEAM).overlap(side.shown.view)
            spot = around.cells(alpha.shape)
            here, new = alpha[spot], own[spot]
            alone_here = side.looked == time and _is_apart(here, around)
            alpha[spot] = new if alone_here else np.maximum(here, new)
    return alpha


def _is_apart(alpha: FloatArray, box: Box) -> bool:
    """Whether nobody crosses the sides of a box that lie within the frame."""
    sides = (
        (box.top > 0, alpha[:1]),
        (box.bottom < 1, alpha[-1:]),
        (box.left > 0, alpha[:, :1]),
        (box.right < 1, alpha[:, -1:]),
    )
    return not any(inside and (cells > SEEN).any() for inside, cells in sides)
