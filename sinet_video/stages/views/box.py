"""Boxes: parts of a frame, and the views of it that are shown to the network."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, exp, floor

from sinet_video.stages.matte_settings import Following

NEAR = 0.004
"""Views closer together than this share of the frame count as the same."""

LOOSE = 1.4
"""A view is only moved once it is this many times larger than needed."""

GLIDE = 0.2
"""Seconds in which a view covers two thirds of the way to its target."""

ALIKE = 0.5
"""Least intersection over union for two boxes to show the same people."""


@dataclass(frozen=True)
class Box:
    """A part of the stored frame, with its sides as shares of the frame's, in [0, 1]."""

    top: float
    left: float
    bottom: float
    right: float

    @property
    def size(self) -> float:
        """The longer side."""
        return max(self.bottom - self.top, self.right - self.left)

    def grown(self, share: float) -> Box:
        """The box enlarged by a share of its size on each side, clipped to the frame."""
        more = share * self.size
        top, left = max(0, self.top - more), max(0, self.left - more)
        return Box(top, left, min(1, self.bottom + more), min(1, self.right + more))

    def contains(self, other: Box) -> bool:
        """Whether another box lies within this one, within a tolerance too small to see."""
        return (
            self.top <= other.top + NEAR
            and self.left <= other.left + NEAR
            and self.bottom >= other.bottom - NEAR
            and self.right >= other.right - NEAR
        )

    def within(self, view: Box) -> Box:
        """The box, given as shares of a view, as shares of the frame."""
        height, width = view.bottom - view.top, view.right - view.left
        return Box(
            view.top + self.top * height,
            view.left + self.left * width,
            view.top + self.bottom * height,
            view.left + self.right * width,
        )

    def overlap(self, other: Box) -> Box:
        """The part that lies within another box; they must overlap."""
        return Box(
            max(self.top, other.top),
            max(self.left, other.left),
            min(self.bottom, other.bottom),
            min(self.right, other.right),
        )

    def iou(self, other: Box) -> float:
        """Intersection over union with another box, in [0, 1]."""
        shared = self._shared(other)
        return shared / (self._area + other._area - shared)

    def covers(self, other: Box) -> float:
        """Share of another box that lies within this one, in [0, 1]."""
        return self._shared(other) / other._area

    def cells(self, shape: tuple[int, ...]) -> tuple[slice, slice]:
        """The rows and columns of a grid, (h, w), that the box touches."""
        height, width = shape
        return (
            slice(floor(self.top * height), ceil(self.bottom * height)),
            slice(floor(self.left * width), ceil(self.right * width)),
        )

    def _shared(self, other: Box) -> float:
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        across = min(self.right, other.right) - max(self.left, other.left)
        return max(0.0, down) * max(0.0, across)

    @property
    def _area(self) -> float:
        return (self.bottom - self.top) * (self.right - self.left)

    def towards(self, other: Box, share: float) -> Box:
        """A box part of the way to another; the other itself once it is near."""
        pairs = list(zip(_sides(self), _sides(other), strict=True))
        if max(abs(to - now) for now, to in pairs) <= NEAR:
            return other
        return Box(*(now + share * (to - now) for now, to in pairs))


WHOLE = Box(0, 0, 1, 1)


def _sides(box: Box) -> tuple[float, float, float, float]:
    return box.top, box.left, box.bottom, box.right


def joined(*boxes: Box | None) -> Box | None:
    """Return the smallest box around all of them, or None if there are none."""
    sides = [_sides(box) for box in boxes if box]
    if not sides:
        return None
    tops, lefts, bottoms, rights = zip(*sides, strict=True)
    return Box(min(tops), min(lefts), max(bottoms), max(rights))


def fit_view(people: Box, following: Following) -> Box:
    """Return a view around people with the frame's aspect, or the whole frame if little larger."""
    around = people.grown(following.margin)
    size = max(around.size, 1 / following.zoom)
    return WHOLE if size * LOOSE > 1 else _about(around, size)


def widened(view: Box, times: float) -> Box:
    """Return a view so many times larger, or the whole frame, about the same middle if it can."""
    size = times * view.size
    return WHOLE if size >= 1 else _about(view, size)


def retargeted(target: Box, people: Box, following: Following, *, calm: bool = True) -> Box:
    """Return the view to move towards: the target while it has room for people and is not loose.

    One that is too large is kept as well while it is not `calm`.
    """
    wanted = fit_view(people, following)
    loose = calm and target.size > LOOSE * wanted.size
    holds = target.contains(people.grown(following.margin / 2))
    return target if holds and not loose else wanted


def glided(view: Box, target: Box, passed: Fraction) -> Box:
    """Return a view on its way to its target after these seconds."""
    return view.towards(target, 1 - exp(-abs(float(passed)) / GLIDE))


def _about(box: Box, size: float) -> Box:
    """Return a view of a size about a box's middle, or as near to that as the frame has room."""
    top, left = _start(box.top, box.bottom, size), _start(box.left, box.right, size)
    return Box(top, left, top + size, left + size)


def _start(low: float, high: float, size: float) -> float:
    return min(max(0.0, (low + high - size) / 2), 1 - size)


def tiles(zoom: int, steps: int = 1) -> tuple[Box, ...]:
    """Return views of one size, 1 / `zoom`, that cover the whole frame.

    There are `steps` of them to a view's own width, so that with 2 each overlaps the next by half.
    """
    size = 1 / zoom
    starts = [step * size / steps for step in range(steps * (zoom - 1) + 1)]
    return tuple(Box(top, left, top + size, left + size) for top in starts for left in starts)


HALVES, QUARTERS = tiles(2, 2), tiles(4, 2)
