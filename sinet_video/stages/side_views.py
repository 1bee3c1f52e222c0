"""Side views: people whom the view of `follow` shows too small, or not at all, seen enlarged.

Parts of the frame are searched in turn also while somebody is followed. Who is found in one, and
again by a closer look, is followed in a view of their own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, exp, floor

import numpy as np

from sinet_video.media.arrays import Array, FloatArray
from sinet_video.planes.box_filter import box_mean
from sinet_video.planes.components import erased, label
from sinet_video.planes.resample import resized
from sinet_video.stages.matte_settings import Following
from sinet_video.stages.viewport import (
    HALVES, QUARTERS, WHOLE, Box, CropMatte, CropSegmenter, joined, spread, fit_view, LOOSE, ALIKE, GLIDE
)

SEEN = 0.3
SPECK = 30
MOST = int(os.environ.get("MOST", 3))
SURE = float(os.environ.get("SSURE", 0.8))
GAIN = 1.5
KEPT = 1.2
SWEEP = int(os.environ.get("SWEEP", 1))
PERIOD = float(os.environ.get("SPERIOD", 0.5))
ROUND = int(os.environ.get("SROUND", 1))


@dataclass(frozen=True)
class Region:
    """A connected part of a view's matte."""

    box: Box
    number: int
    confidence: float


def regions_of(seen: CropMatte) -> tuple[Array, list[Region]]:
    labels, sizes = label(seen.alpha > SEEN)
    height, width = seen.alpha.shape
    found = []
    if len(sizes) > 1:
        for number in np.flatnonzero(sizes >= SPECK):
            cells = np.flatnonzero(labels.ravel() == number)
            rows, columns = cells // width, cells % width
            top, bottom, left, right = rows[0], rows[-1] + 1, columns.min(), columns.max() + 1
            part = seen.alpha[max(0, top - 2) : bottom + 2, max(0, left - 2) : right + 2]
            confidence = (part > 0.9).sum() / max(1, (part > 0.1).sum())
            box = Box(top / height, left / width, bottom / height, right / width).within(seen.view)
            found.append(Region(box, int(number), float(confidence)))
    return labels, found


@dataclass(frozen=True)
class Side:
    """A view of its own of a few people.

    Attributes:
        view: the part of the frame looked at last.
        target: the part that the view is moving towards.
        seen: what it showed, without whom it cuts off.
        boxes: where each of them is.
        found: when somebody was last seen in it.
    """

    view: Box
    target: Box
    seen: CropMatte
    boxes: tuple[Box, ...]
    found: Fraction
    looked: Fraction


@dataclass(frozen=True)
class Sides:
    views: tuple[Side, ...] = ()
    turn: int = 0
    looked: Fraction | None = None
    refused: tuple[Box, ...] = ()
    luma: Array | None = None
    moved: bool = False


def attend(eye, sides: Sides, main: CropMatte, following: Following, luma) -> tuple[Sides, FloatArray]:
    now = eye.frame.time
    if main.people is None and not sides.views:
        return sides, spread(main)
    if sides.views:
        sides = replace(sides, views=tuple(_tended(eye, sides.views, following)))
        sides = replace(sides, views=tuple(s for s in sides.views if _useful(s, main, now, following)))
    alpha = merged(main, sides.views)
    if main.people is None:
        return sides, alpha
    first = sides.looked is None
    if first or now - sides.looked >= PERIOD:
        before = sides.views
        sides = _glance(eye, replace(sides, looked=now, luma=luma), main, alpha, following, first, sides.luma)
        if sides.views != before:
            alpha = merged(main, sides.views)
    return sides, alpha


def _tended(eye, views, following) -> Iterator[Side]:
    due = sorted(range(len(views)), key=lambda i: views[i].looked)[:ROUND]
    for i, side in enumerate(views):
        yield _look(eye, side, following) if i in due else side


def _look(eye, side: Side, following) -> Side:
    now = eye.frame.time
    share = 1 - exp(-abs(float(now - side.looked)) / GLIDE)
    view = side.view.towards(side.target, share)
    seen, boxes = cleared(eye.answer(view), side.boxes)
    side = replace(side, view=view, seen=seen, looked=now)
    if not boxes:
        return side
    people = joined(*boxes)
    wanted = fit_view(people, following)
    target = side.target
    if not target.contains(people.grown(following.margin / 2)) or target.size > LOOSE * wanted.size:
        target = wanted
    return replace(side, boxes=boxes, found=now, target=target)


def cleared(seen: CropMatte, known: tuple[Box, ...], new: tuple[Box, ...] = ()) -> tuple[CropMatte, tuple[Box, ...]]:
    """Return a matte of those who were known and who are new alone, and the box of each."""
    labels, regions = regions_of(seen)
    wanted = np.zeros(int(labels.max()) + 1, bool)
    wanted[0] = True
    boxes = []
    for box in known + new:
        pieces = [r for r in regions if _same(r.box, box) and (not seen.cuts(r.box) or r.box.iou(box) >= ALIKE) or box.grown(0.2).within_share(r.box) > 0.7]
        if pieces:
            wanted[[r.number for r in pieces]] = True
            boxes.append(joined(*(r.box for r in pieces)))
    removed = ~wanted[labels]
    alpha = erased(seen.alpha, removed, SEEN) if removed.any() else seen.alpha
    return CropMatte(seen.view, alpha), tuple(dict.fromkeys(boxes))


def _useful(side: Side, main: CropMatte, now, following) -> bool:
    if now - side.found > following.every:
        return False
    if side.target == WHOLE:
        return False
    return not (main.view.contains(side.view) and main.view.size < KEPT * side.target.size)


def _glance(eye, sides: Sides, main, alpha, following, first, before) -> Sides:
    _, regions = regions_of(main)
    small = [r.box for r in regions if not main.cuts(r.box) and fit_view(r.box, following).size * GAIN < main.view.size]
    if len(regions) == 1 and main.view != WHOLE:
        small = []
    for box in small[:4]:
        if not _held(sides, box):
            sides = _added(eye, sides, box, main, following, SURE)
    if first:
        parts = FIRST
    else:
        moving = _moving(before, sides.luma, alpha) if not sides.moved else None
        parts = (moving,) if moving else (SWEEPS[sides.turn % len(SWEEPS)],)
        sides = replace(sides, turn=sides.turn + (not moving), moved=bool(moving))
        if sides.turn % 10 == 0:
            sides = replace(sides, refused=())
    for part in parts:
        sides = _searched(eye, sides, part, main, alpha, following)
    return sides


def _moving(before, luma, alpha) -> Box | None:
    """Return the part with most motion outside of who is shown; None if nothing or everything moves."""
    moves = np.abs(luma - before) > 0.06
    known = box_mean(resized(alpha, luma.shape).astype(np.float32), 4) > 0.05
    moves &= ~known
    if moves.mean() > 0.2:
        return None
    h, w = moves.shape
    shares = [float(moves[_cells(part, moves.shape)].mean()) for part in QUARTERS]
    best = int(np.argmax(shares))
    return QUARTERS[best] if shares[best] > 0.02 else None


def _searched(eye, sides, part, main, alpha, following) -> Sides:
    if part.size * following.zoom < 0.99 or main.view.contains(part) and part.size * GAIN > main.view.size:
        return sides
    seen = eye.answer(part)
    if seen.people is None:
        return sides
    for region in regions_of(seen)[1]:
        box = region.box
        if region.confidence < MAYBE or _at_border(box) or _held(sides, box) or _shown(alpha, box) or any(r.iou(box) > ALIKE for r in sides.refused):
            continue
        after = _added(eye, sides, box, main, following, SURE)
        if after is sides:
            sides = replace(sides, refused=(*sides.refused, box)[-12:])
        else:
            sides = after
    return sides


def _tiles(zoom):
    return tuple(Box(i / zoom, j / zoom, (i + 1) / zoom, (j + 1) / zoom) for i in range(zoom) for j in range(zoom))


SWEEPS = HALVES + _tiles(4)
FIRST = {"h": HALVES, "5": (*_tiles(2), Box(0.25, 0.25, 0.75, 0.75)), "q": HALVES + _tiles(4), "5q": (*_tiles(2), Box(0.25, 0.25, 0.75, 0.75), *_tiles(4))}[os.environ.get("FIRST", "q")]
MAYBE = float(os.environ.get("MAYBE", 0.45))


def _held(sides: Sides, box: Box) -> bool:
    return any(b.iou(box) >= 0.3 or b.contains(box) for s in sides.views for b in s.boxes)


def _cells(box: Box, shape) -> tuple[slice, slice]:
    h, w = shape
    return slice(floor(box.top * h), ceil(box.bottom * h)), slice(floor(box.left * w), ceil(box.right * w))


def _shown(alpha, box: Box) -> bool:
    return float((alpha[_cells(box, alpha.shape)] > 0.5).mean()) > 0.25


def _added(eye, sides: Sides, box: Box, main: CropMatte, following, sure: float) -> Sides:
    for index, view in _choices(sides, box, main, following):
        old = sides.views[index].boxes if index is not None else ()
        side = _confirmed(eye, view, box, old, main, following, sure)
        if side:
            views = list(sides.views)
            if index is None:
                views.append(side)
            else:
                views[index] = side
            return replace(sides, views=tuple(views))
    return sides


def _choices(sides, box, main, following):
    own = fit_view(box, following)
    joins = sorted((fit_view(joined(box, *side.boxes), following).size, i) for i, side in enumerate(sides.views))
    room = len(sides.views) < MOST
    for size, i in joins[:1]:
        if size <= LOOSE * max(own.size, sides.views[i].target.size) or not room:
            yield i, fit_view(joined(box, *sides.views[i].boxes), following)
    if room:
        yield None, own


def _confirmed(eye, view, box, old, main, following, sure):
    for _ in range(2):
        if view == WHOLE or view.size * GAIN > main.view.size and main.view.contains(view):
            return None
        seen = eye.answer(view)
        regions = regions_of(seen)[1]
        same = [r.box for r in regions if _same(r.box, box)]
        if not same:
            return None
        if not all(seen.cuts(b) for b in same):
            break
        # who is cut off by the part may be larger than it shows
        view = fit_view(joined(box, *same, *old), following)
    sure_ = [r.box for r in regions if r.confidence >= sure and not _at_border(r.box) and not seen.cuts(r.box)]
    if not any(_same(b, box) for b in sure_):
        return None
    again = [r.box for r in regions_of(eye.mirrored(view))[1] if r.confidence >= sure]
    new = tuple(b for b in sure_ if any(_same(b, a) for a in again) and not any(_same(b, o) for o in old))
    if not any(_same(b, box) for b in new):
        return None
    seen, boxes = cleared(seen, old, new)
    now = eye.frame.time
    return Side(view, view, seen, boxes, now, now)


def _at_border(box: Box) -> bool:
    return box.bottom > 0.99 or box.left < 0.005 or box.right > 0.995 or box.top < 0.005


def _same(found: Box, box: Box) -> bool:
    both = joined(found, box)
    return found.iou(box) >= 0.4 or (found.within_share(box) > 0.7)


def merged(main: CropMatte, sides) -> FloatArray:
    alpha = spread(main)
    if not sides:
        return alpha
    if main.view == WHOLE:
        alpha = resized(alpha, (2 * alpha.shape[0], 2 * alpha.shape[1]))
    alpha = alpha.copy()
    for side in sides:
        fine = spread(side.seen)
        for box in side.boxes:
            rect = box.grown(0.15)
            rect = Box(max(rect.top, side.seen.view.top), max(rect.left, side.seen.view.left), min(rect.bottom, side.seen.view.bottom), min(rect.right, side.seen.view.right))
            spot = _cells(rect, alpha.shape)
            here = alpha[spot]
            if _apart(here, rect):
                alpha[spot] = fine[spot]
            else:
                alpha[spot] = np.maximum(here, fine[spot])
    return alpha


def _apart(here, rect: Box) -> bool:
    edges = []
    if rect.top > 0: edges.append(here[0])
    if rect.bottom < 1: edges.append(here[-1])
    if rect.left > 0: edges.append(here[:, 0])
    if rect.right < 1: edges.append(here[:, -1])
    return all(e.max(initial=0) <= SEEN for e in edges)
