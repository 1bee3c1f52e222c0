"""Views: parts of a frame shown to a segmenter, the people in them, and their alpha."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from math import ceil

import numpy as np
from numpy.typing import NDArray

from sinet_video import native
from sinet_video.media.arrays import FloatArray
from sinet_video.media.frame import Frame
from sinet_video.models.segmenter import Segmenter, answer
from sinet_video.native import coarse as kernels
from sinet_video.planes.box_filter import box_sum
from sinet_video.planes.resample import between, sampled
from sinet_video.stages.matte_settings import Following

FINER = 2
"""FloatArray of a view is stored on a whole-frame grid with this many times the cells each way."""

ENLARGED = 2.0
"""Largest enlargement of a view for the network; this limits how small a view can be."""

NEAR = 0.004
"""Views closer together than this share of the frame count as the same."""


PLAIN = 0.9
"""FloatArray above which a cell is clearly person; below 1 minus this it is clearly background."""


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

    def within_share(self, other: Box) -> float:
        """Share of another box that lies within this one, in [0, 1]."""
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        across = min(self.right, other.right) - max(self.left, other.left)
        return max(0.0, down) * max(0.0, across) / other._area

    def iou(self, other: Box) -> float:
        """Intersection over union with another box, in [0, 1]."""
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        across = min(self.right, other.right) - max(self.left, other.left)
        shared = max(0.0, down) * max(0.0, across)
        return shared / (self._area + other._area - shared)

    @property
    def _area(self) -> float:
        return (self.bottom - self.top) * (self.right - self.left)

    def towards(self, other: Box, share: float) -> Box:
        """A box part of the way to another; the other itself once it is near."""
        pairs = zip(_sides(self), _sides(other), strict=True)
        if max(abs(to - now) for now, to in pairs) <= NEAR:
            return other
        pairs = zip(_sides(self), _sides(other), strict=True)
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


@dataclass(frozen=True)
class CropMatte:
    """The network's matte of one view: alpha (h, w), and the exact view."""

    view: Box
    alpha: FloatArray

    @property
    def people(self) -> Box | None:
        """The part of the frame that shows people; None if it shows nobody."""
        inside = self._found[0]
        return inside.within(self.view) if inside else None

    @property
    def confidence(self) -> float:
        """Share of clear person in what is not clear background, in [0, 1]."""
        return self._found[1]

    @cached_property
    def _found(self) -> tuple[Box | None, float]:
        """The part of the view with somebody in it, and how sure that is."""
        if native.available():
            cells, some, plainly = kernels.people(self.alpha, 1 - PLAIN, PLAIN)
        else:
            cells, some, plainly = _people(self.alpha)
        if cells is None:
            return None, plainly / max(1, some)
        height, width = self.alpha.shape
        top, left, bottom, right = cells
        box = Box(top / height, left / width, bottom / height, right / width)
        return box, plainly / max(1, some)

    def cuts(self, people: Box) -> bool:
        """Whether people reach a border of the view that is not a border of the frame."""
        view, (height, width) = self.view, self.alpha.shape
        down = 1.5 * (view.bottom - view.top) / height
        across = 1.5 * (view.right - view.left) / width
        return (
            (view.top > 0 and people.top < view.top + down)
            or (view.left > 0 and people.left < view.left + across)
            or (view.bottom < 1 and people.bottom > view.bottom - down)
            or (view.right < 1 and people.right > view.right - across)
        )


def _people(alpha: FloatArray) -> tuple[tuple[int, int, int, int] | None, int, int]:
    """Return the cells with somebody in them, without specks: top, left, bottom, right.

    Then how many cells are not plainly background, and how many are plainly person.
    """
    some, plainly = (int(np.count_nonzero(alpha > level)) for level in (1 - PLAIN, PLAIN))
    mask = alpha > 0.5
    # Removes specks: keeps a cell if at least half of it and its neighbours are set.
    mask &= box_sum(mask.astype(np.int32), 1) > 4
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return None, some, plainly
    ends = int(rows[-1]) + 1, int(columns[-1]) + 1
    return (int(rows[0]), int(columns[0]), *ends), some, plainly


class CropSegmenter:
    """Shows parts of one frame to a segmenter."""

    def __init__(self, frame: Frame, segmenter: Segmenter, shape: tuple[int, int]) -> None:
        self.frame, self._segmenter, self._shape = frame, segmenter, shape
        self._answers: dict[Box, CropMatte] = {}

    def answer(self, view: Box) -> CropMatte:
        """Return the matte of a view, extended to whole chroma samples; each is seen once."""
        if view not in self._answers:
            self._answers[view] = self._answer(view)
        return self._answers[view]

    def _answer(self, view: Box) -> CropMatte:
        if view == WHOLE:
            return CropMatte(WHOLE, answer(self.frame, self._segmenter, self._shape))
        height, width = self.frame.height, self.frame.width
        part, (top, left, bottom, right) = self.frame.cropped(
            view.top * height, view.left * width, view.bottom * height, view.right * width
        )
        exact = Box(top / height, left / width, bottom / height, right / width)
        return CropMatte(exact, answer(part, self._segmenter, self._shape))

    def mirrored(self, view: Box) -> CropMatte:
        """Return the matte of a view that the segmenter saw mirrored, turned back."""
        frame = replace(self.frame, mirrored=not self.frame.mirrored, _made={})
        return CropSegmenter(frame, self._segmenter, self._shape).answer(view)

    def max_zoom(self, wanted: float) -> float:
        """Return the largest allowed magnification, at most `wanted`."""
        across, down = self.frame.orientation.stored_size(self._shape)
        fine = ENLARGED * min(self.frame.width / across, self.frame.height / down)
        return max(1.0, min(wanted, fine))


def spread(seen: CropMatte) -> FloatArray:
    """Return a view's alpha on a grid of the whole frame, 0 outside the view.

    A view of the whole frame keeps its own grid; others get one with twice the cells each way.

    Alpha is (h, w) in [0, 1].
    """
    if seen.view == WHOLE:
        return seen.alpha
    height, width = (FINER * side for side in seen.alpha.shape)
    down = _cells(height, seen.alpha.shape[0], seen.view.top, seen.view.bottom)
    across = _cells(width, seen.alpha.shape[1], seen.view.left, seen.view.right)
    alpha = np.zeros((height, width), np.float32)
    inside = across.of(down.of(seen.alpha, 0), 1)
    alpha[down.first : down.last, across.first : across.last] = inside
    return alpha


@dataclass(frozen=True)
class Cells:
    """The cells of a grid that a view covers, and where their samples lie in the view."""

    first: int
    last: int
    samples: int
    lower: NDArray[np.intp]
    share: FloatArray

    def of(self, values: FloatArray, axis: int) -> FloatArray:
        """Return values along an axis in these cells: the mean of each cell's samples."""
        found = sampled(values, self.lower, self.share, axis)
        shape = list(found.shape)
        shape[axis : axis + 1] = [self.last - self.first, self.samples]
        mean: FloatArray = found.reshape(shape).mean(axis + 1, dtype=np.float32)
        return mean


@lru_cache(64)
def _cells(length: int, own: int, start: float, end: float) -> Cells:
    """Return those of `length` cells of the whole whose centre lies in a view of `own` cells.

    A cell as large as several of the view's has as many samples, evenly spaced.
    """
    first, last = ceil(start * length - 0.5), ceil(end * length - 0.5)
    samples = max(1, ceil(own / (end - start) / length - 0.01))
    middles = (np.arange((last - first) * samples) + 0.5) / samples + first
    places = (middles / length - start) / (end - start) * own - 0.5
    return Cells(first, last, samples, *between(places, own))


LOOSE = 1.4
"""A view is only moved once it is this many times larger than needed."""

GLIDE = 0.2
"""Seconds in which a view covers two thirds of the way to its target."""

ALIKE = 0.5
"""Least intersection over union for two boxes to show the same people."""


def _parts(zoom: int) -> tuple[Box, ...]:
    """Return views of one size that cover the whole frame, each overlapping the next by half."""
    steps, size = range(2 * zoom - 1), 1 / zoom
    return tuple(
        Box(i * size / 2, j * size / 2, (i / 2 + 1) * size, (j / 2 + 1) * size)
        for i in steps
        for j in steps
    )


HALVES, QUARTERS = _parts(2), _parts(4)


def fit_view(people: Box, following: Following) -> Box:
    """Return a view around people with the frame's aspect, or the whole frame if little larger."""
    around = people.grown(following.margin)
    size = max(around.size, 1 / following.zoom)
    if size * LOOSE > 1:
        return WHOLE
    top = _start(around.top, around.bottom, size)
    left = _start(around.left, around.right, size)
    return Box(top, left, top + size, left + size)


def _start(low: float, high: float, size: float) -> float:
    return min(max(0.0, (low + high - size) / 2), 1 - size)
