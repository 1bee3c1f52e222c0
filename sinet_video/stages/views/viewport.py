"""Views: parts of a frame shown to a segmenter, the people in them, and their alpha."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from math import ceil

import numpy as np
from numpy.typing import NDArray

from sinet_video import native
from sinet_video.media.arrays import Array, FloatArray
from sinet_video.media.frame import Frame
from sinet_video.models.segmenter import Segmenter, answer
from sinet_video.native import coarse as kernels
from sinet_video.planes.box_filter import box_sum
from sinet_video.planes.components import label
from sinet_video.planes.levels import SEEN
from sinet_video.planes.resample import between, sampled
from sinet_video.stages.views.box import WHOLE, Box

FINER = 2
"""Alpha of a view is stored on a whole-frame grid with this many times the cells each way."""

ENLARGED = 2.0
"""Largest enlargement of a view for the network; this limits how small a view can be."""

PLAIN = 0.9
"""Alpha above which a cell is clearly person; below 1 minus this it is clearly background."""

SPECK = 30
"""Regions of fewer cells show nobody."""


@dataclass(frozen=True)
class Region:
    """A connected part of a view's matte.

    Attributes:
        number: its label, as in `CropMatte.labels`.
        box: the part of the frame that it covers.
        confidence: share of clear person in what is not clear background, in [0, 1].
    """

    number: int
    box: Box
    confidence: float


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

    @property
    def labels(self) -> Array:
        """The region of each cell, (h, w); 0 in the background."""
        return self._labelled[0]

    @cached_property
    def regions(self) -> tuple[Region, ...]:
        """Its connected parts, without specks."""
        _, sizes, boxes = self._labelled
        found = []
        for number in np.flatnonzero(sizes >= SPECK).tolist():
            top, left, bottom, right = boxes[number].tolist()
            around = self.alpha[max(0, top - 2) : bottom + 2, max(0, left - 2) : right + 2]
            box = _box((top, left, bottom, right), self.alpha.shape).within(self.view)
            found.append(Region(number, box, _sureness(*_counts(around))))
        return tuple(found)

    @cached_property
    def _labelled(self) -> tuple[Array, Array, Array]:
        return label(self.alpha > SEEN)

    @cached_property
    def _found(self) -> tuple[Box | None, float]:
        """The part of the view with somebody in it, and how sure that is."""
        if native.available():
            cells, some, plainly = kernels.people(self.alpha, 1 - PLAIN, PLAIN)
        else:
            cells, some, plainly = _people(self.alpha)
        if cells is None:
            return None, _sureness(some, plainly)
        return _box(cells, self.alpha.shape), _sureness(some, plainly)

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


def _box(cells: tuple[int, int, int, int], shape: tuple[int, ...]) -> Box:
    """Return the part of a view that cells of its grid, (h, w), are."""
    (height, width), (top, left, bottom, right) = shape, cells
    return Box(top / height, left / width, bottom / height, right / width)


def _counts(alpha: FloatArray) -> tuple[int, int]:
    """Return how many cells are not plainly background, and how many are plainly person."""
    return int(np.count_nonzero(alpha > 1 - PLAIN)), int(np.count_nonzero(alpha > PLAIN))


def _sureness(some: int, plainly: int) -> float:
    """Return the share of clear person in what is not clear background, of these counts."""
    return plainly / max(1, some)


def _people(alpha: FloatArray) -> tuple[tuple[int, int, int, int] | None, int, int]:
    """Return the cells with somebody in them, without specks: top, left, bottom, right.

    Then its `_counts`.
    """
    some, plainly = _counts(alpha)
    mask = alpha > 0.5
    # Removes specks: keeps a cell if at least half of it and its neighbours are set.
    mask &= box_sum(mask.astype(np.int32), 1) > 4
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return None, some, plainly
    ends = int(rows[-1]) + 1, int(columns[-1]) + 1
    return (int(rows[0]), int(columns[0]), *ends), some, plainly


class CropSegmenter:
    """Shows parts of one frame to a segmenter; each only once."""

    def __init__(self, frame: Frame, segmenter: Segmenter, shape: tuple[int, int]) -> None:
        self.frame, self._segmenter, self._shape = frame, segmenter, shape
        self._answers: dict[Box, CropMatte] = {}

    def answer(self, view: Box) -> CropMatte:
        """Return the matte of a view, extended to whole chroma samples."""
        if view not in self._answers:
            self._answers[view] = self._answer(view)
        return self._answers[view]

    def mirrored(self, view: Box) -> CropMatte:
        """Return the matte of a view that the segmenter sees mirrored; it is mirrored back."""
        frame = replace(self.frame, mirrored=not self.frame.mirrored, _made={})
        return CropSegmenter(frame, self._segmenter, self._shape).answer(view)

    def _answer(self, view: Box) -> CropMatte:
        if view == WHOLE:
            return CropMatte(WHOLE, answer(self.frame, self._segmenter, self._shape))
        height, width = self.frame.height, self.frame.width
        part, (top, left, bottom, right) = self.frame.cropped(
            view.top * height, view.left * width, view.bottom * height, view.right * width
        )
        exact = Box(top / height, left / width, bottom / height, right / width)
        return CropMatte(exact, answer(part, self._segmenter, self._shape))

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
