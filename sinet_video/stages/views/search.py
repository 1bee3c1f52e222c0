"""The search for people beside those whom the main view follows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from sinet_video.media.arrays import Array, FloatArray
from sinet_video.planes.box_filter import box_mean
from sinet_video.planes.resample import resized
from sinet_video.planes.scene_change import Coarse
from sinet_video.stages.matte_settings import Following
from sinet_video.stages.views.box import (
    HALVES,
    LOOSE,
    QUARTERS,
    WHOLE,
    Box,
    fit_view,
    joined,
    tiles,
)
from sinet_video.stages.views.side_views import (
    Side,
    examined,
    is_needed,
    merged,
    moved,
    same,
    side_of,
)
from sinet_video.stages.views.viewport import CropMatte, CropSegmenter

OUTER_HALVES = tuple(half for half in HALVES if half.left in (0, 0.5))
"""Halves of a frame without those in the middle, which somebody who fills the frame fills too."""

PARTS = (*OUTER_HALVES, *(half for half in HALVES if half not in OUTER_HALVES), *tiles(4))
"""The parts of a frame that are searched, in turn."""

MOST = 3
"""Most side views at a time."""

GAIN = 1.5
"""A side view shows people at least this many times larger than the main view."""

MAYBE = 0.45
"""Least confidence of a region of a part for a closer look at it."""

SURE = 0.8
"""Least confidence of a closer look, and of the same look mirrored. Of what is nobody and reaches
no border of the frame, none of 11 regions had it in both; of people, 49 of 58.
"""

SMALLEST = 0.07
"""Least height of somebody, as a share of the frame's."""

BORDER = 0.005
"""Share of the frame's side: nothing found closer to its border is taken for somebody, as the backs
of chairs are found there too.
"""

KNOWN, FULL = 0.25, 0.7
"""Shares of a box that the views so far show somebody in. From the first on, whoever is in it is
nobody new; from the second on, a part of the frame has no room for others.
"""

PATIENCE = 10
"""How many searches forget what was refused."""

MOVING = 0.06
"""Change of luma, in [0, 1], from which a place moves."""

LIVELY, EVERYWHERE = 0.02, 0.2
"""Least share of a part that moves for it to be searched; largest share of the frame."""


@dataclass(frozen=True)
class Others:
    """People who are followed beside the main view, and how far the search for more is.

    Attributes:
        sides: their views.
        looked: when a part was last searched; None before the first time in a shot.
        luma: the frame at that time, coarse.
        turn: how many parts have been searched in turn.
        moving: whether the last one was searched because something moved in it.
        refused: where somebody seemed to be, and was not.
        rests: whether no side view is examined in the next frame.
    """

    sides: tuple[Side, ...] = ()
    looked: Fraction | None = None
    luma: Coarse | None = None
    turn: int = 0
    moving: bool = False
    refused: tuple[Box, ...] = ()
    rests: bool = False


@dataclass(frozen=True)
class Scene:
    """A frame whose parts are searched.

    Attributes:
        eye: shows parts of it to the network.
        main: what the main view shows.
        luma: the frame, coarse, (h, w) in [0, 1].
        following: the settings.
    """

    eye: CropSegmenter
    main: CropMatte
    luma: Coarse
    following: Following

    @property
    def time(self) -> Fraction:
        """The frame's time."""
        return self.eye.frame.time

    def is_enlarged(self, view: Box) -> bool:
        """Whether a view shows people larger than the main view does."""
        inside = self.main.view.contains(view) and view.size * GAIN > self.main.view.size
        return view != WHOLE and not inside


def attended(scene: Scene, others: Others) -> tuple[FloatArray, Others]:
    """Return the alpha of all views of a frame, and whom to follow on.

    One side view is examined in every other frame, in turn, as a look costs a quarter of what is
    done for a frame. While the main view shows somebody, a part of the frame is searched every
    `following.every` seconds; all parts are in the first frame. Where the main view is the whole
    frame, others are rarer: half as many parts are searched, and only large ones at the sides at
    first.
    """
    sides = others.sides if others.rests else _followed_on(scene, others.sides)
    others = replace(others, sides=sides, rests=bool(sides) and not others.rests)
    alpha = merged(scene.main, others.sides, scene.time)
    due = others.looked is None or scene.time - others.looked >= _spacing(scene)
    if scene.main.people is None or not due:
        return alpha, others
    found = _searched(scene, others, alpha)
    if found.sides is not others.sides:
        alpha = merged(scene.main, found.sides, scene.time)
    return alpha, found


def _spacing(scene: Scene) -> float:
    """Return the seconds between two searches."""
    return scene.following.every * (2 if scene.main.view == WHOLE else 1)


def _followed_on(scene: Scene, sides: tuple[Side, ...]) -> tuple[Side, ...]:
    """Return the side views, of which the one that has waited longest is examined."""
    if not sides:
        return sides
    first = min(range(len(sides)), key=lambda index: sides[index].looked)
    side = moved(sides[first], scene.time)
    side = examined(side, scene.eye.answer(side.view), scene.following)
    sides = (*sides[:first], side, *sides[first + 1 :])
    return tuple(s for s in sides if is_needed(s, scene.main, scene.time, scene.following))


def _searched(scene: Scene, others: Others, alpha: FloatArray) -> Others:
    """Search the part whose turn it is, or all of them, and what the main view shows too small."""
    others, parts = _next_parts(scene, others, alpha)
    small = [region.box for region in scene.main.regions if not scene.main.cuts(region.box)]
    # The main view itself comes closer to somebody alone.
    for box in small if len(scene.main.regions) > 1 else ():
        if scene.is_enlarged(fit_view(box, scene.following)):
            others = _tried(scene, others, box)
    for part in parts:
        closer = part.size * scene.following.zoom >= 1 and scene.is_enlarged(part)
        if not closer or _shown(alpha, part) > FULL:
            continue
        for region in scene.eye.answer(part).regions:
            if region.confidence >= MAYBE and _shown(alpha, region.box) < KNOWN:
                others = _tried(scene, others, region.box)
    return others


def _next_parts(scene: Scene, others: Others, alpha: FloatArray) -> tuple[Others, tuple[Box, ...]]:
    """Return the parts to search now; every other time one in which something moves, if any."""
    before = others.luma
    others = replace(others, looked=scene.time, luma=scene.luma)
    if before is None and scene.main.view == WHOLE:
        return replace(others, turn=len(OUTER_HALVES)), OUTER_HALVES
    if before is None:
        return others, PARTS
    lively = None if others.moving else _lively(before, scene.luma, alpha)
    if lively is not None:
        return replace(others, moving=True), (lively,)
    refused = others.refused if others.turn % PATIENCE else ()
    turn = others.turn + 1
    part = PARTS[others.turn % len(PARTS)]
    return replace(others, moving=False, turn=turn, refused=refused), (part,)


def _lively(before: Coarse, luma: Coarse, alpha: FloatArray) -> Box | None:
    """Return the part with most motion beside the people shown; None if little or all moves."""
    known: Array = box_mean(resized(alpha, luma.shape), 4) > 0.05
    moving = (np.abs(luma - before) > MOVING) & ~known
    if moving.mean() > EVERYWHERE:
        return None
    shares = [float(moving[part.cells(moving.shape)].mean()) for part in QUARTERS]
    best = int(np.argmax(shares))
    return QUARTERS[best] if shares[best] >= LIVELY else None


def _shown(alpha: FloatArray, box: Box) -> float:
    """Return the share of a box in which somebody is shown already."""
    return float((alpha[box.cells(alpha.shape)] > 0.5).mean())


def _tried(scene: Scene, others: Others, box: Box) -> Others:
    """Follow whom a box shows in a view of their own, if they are new and a closer look agrees."""
    held = any(own.iou(box) >= 0.3 or own.contains(box) for s in others.sides for own in s.boxes)
    refused = any(same(one, box) for one in others.refused)
    if held or refused or not _is_inside(box):
        return others
    for index, view in _choices(scene, others.sides, box):
        known = others.sides[index : index + 1]
        side = _confirmed(scene, view, box, known[0].boxes if known else ())
        if side is not None:
            sides = (*others.sides[:index], side, *others.sides[index + 1 :])
            return replace(others, sides=sides)
    return replace(others, refused=(*others.refused, box))


def _is_inside(box: Box) -> bool:
    """Whether a box is clear of the frame's borders."""
    return min(box.top, box.left, 1 - box.bottom, 1 - box.right) >= BORDER


def _choices(scene: Scene, sides: tuple[Side, ...], box: Box) -> Iterator[tuple[int, Box]]:
    """Yield side views that could show a box, as their index and view; a new one is the last."""
    own = fit_view(box, scene.following)
    room = len(sides) < MOST
    views = [fit_view(joined(box, *side.boxes) or box, scene.following) for side in sides]
    if views:
        index = min(range(len(views)), key=lambda i: views[i].size)
        most = LOOSE * max(own.size, sides[index].target.size)
        if views[index].size <= most or not room:
            yield index, views[index]
    if room:
        yield len(sides), own


def _confirmed(scene: Scene, view: Box, box: Box, known: tuple[Box, ...]) -> Side | None:
    """Return a side view of a box and who is known, if a look and a mirrored one are sure of it."""
    seen = _closer(scene, view, box, known)
    if seen is None:
        return None
    view, matte = seen
    found = [each for each in _sure(matte) if _is_inside(each)]
    if not any(same(each, box) for each in found):
        return None
    again = _sure(scene.eye.mirrored(view))
    new = [each for each in found if any(same(each, other) for other in again)]
    if not any(same(each, box) for each in new):
        return None
    added = [each for each in new if not any(same(each, other) for other in known)]
    return side_of(matte, view, (*known, *added), scene.time)


def _closer(
    scene: Scene, view: Box, box: Box, known: tuple[Box, ...]
) -> tuple[Box, CropMatte] | None:
    """Return a view in which the person in a box is whole, and its matte; None if it shows none.

    Who is cut off by the part that was searched may be larger than the box.
    """
    for _ in range(2):
        if not scene.is_enlarged(view):
            return None
        matte = scene.eye.answer(view)
        found = [region.box for region in matte.regions if same(region.box, box)]
        if not found:
            return None
        if not all(matte.cuts(each) for each in found):
            return view, matte
        view = fit_view(joined(box, *found, *known) or box, scene.following)
    return None


def _sure(matte: CropMatte) -> list[Box]:
    """Return whom a matte shows whole and surely."""
    return [
        region.box
        for region in matte.regions
        if region.confidence >= SURE
        and region.box.bottom - region.box.top >= SMALLEST
        and not matte.cuts(region.box)
    ]
