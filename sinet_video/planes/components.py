"""Connected components of a mask, as scipy is not a dependency.

Rows are cut into runs, touching runs are linked, and linked runs take the lowest of their labels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sinet_video import native
from sinet_video.media.arrays import Array, Mask
from sinet_video.native import coarse as kernels
from sinet_video.planes.box_filter import box_sum

RIM = 2
"""Width in cells of the rim that is erased together with a region."""


def label(mask: NDArray[np.bool_]) -> tuple[Array, Array, Array]:
    """Return each cell's region, (h, w), the number of cells in each region, and its box, (n, 4).

    `mask` is (h, w). Cells that share a side belong to one region. Regions are numbered from 1,
    from the top. 0 is outside the mask, and its size and box are given as 0. A box is the first
    row and column, and those after the last.
    """
    if native.available():
        return kernels.label(mask)
    starts, ends = _runs(mask)
    regions = _agreed(len(starts), *_touching(starts, ends, mask.shape[1] + 1))
    sizes = np.bincount(regions, ends - starts, minlength=1).astype(np.int64)
    steps = np.zeros(mask.shape[0] * (mask.shape[1] + 1) + 1, np.int64)
    np.add.at(steps, starts, regions)
    np.add.at(steps, ends, -regions)
    painted = np.cumsum(steps[:-1]).reshape(mask.shape[0], -1)
    return painted[:, :-1], sizes, _boxes(starts, ends, regions, len(sizes), mask.shape)


def _boxes(starts: Array, ends: Array, regions: Array, count: int, shape: tuple[int, ...]) -> Array:
    """Return the box of each region, (n, 4), by the runs of cells that it consists of."""
    rows, left = np.divmod(starts, shape[1] + 1)
    boxes = np.tile(np.array([*shape, 0, 0]), (count, 1))
    boxes[0] = 0
    np.minimum.at(boxes[:, 0], regions, rows)
    np.minimum.at(boxes[:, 1], regions, left)
    np.maximum.at(boxes[:, 2], regions, rows + 1)
    np.maximum.at(boxes[:, 3], regions, left + ends - starts)
    return boxes


def erased(alpha: Array, removed: Mask, seen: float) -> Array:
    """Return alpha, (h, w), without the cells of removed regions and the rim around them.

    Regions are what is above `seen`; those that are not removed keep all their cells.
    """
    around = box_sum(removed.astype(np.float32), RIM) > 0
    return np.where(around & (removed | (alpha <= seen)), np.float32(0), alpha)


def _runs(mask: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Return each run's start and end, in cells from the top left; rows have one extra cell."""
    flat = np.pad(mask, ((0, 0), (0, 1))).ravel()
    changes = np.flatnonzero(np.diff(flat, prepend=False, append=False))
    return changes[::2], changes[1::2]


def _touching(starts: Array, ends: Array, width: int) -> tuple[Array, Array]:
    """Return pairs of touching runs in neighbouring rows."""
    first = np.searchsorted(ends, starts + width, side="right")
    counts = np.maximum(np.searchsorted(starts, ends + width, side="left") - first, 0)
    upper = np.repeat(np.arange(len(starts)), counts)
    nth = np.arange(len(upper)) - np.repeat(np.cumsum(counts) - counts, counts)
    return upper, np.repeat(first, counts) + nth


def _agreed(count: int, upper: Array, lower: Array) -> Array:
    """Return the region of each run, from 1."""
    lowest = np.arange(count)
    while True:
        least = np.minimum(lowest[upper], lowest[lower])
        after = lowest.copy()
        # The run that gave a run its label is updated too, so that distant ends agree in few
        # rounds.
        for runs in (upper, lower, lowest[upper], lowest[lower]):
            np.minimum.at(after, runs, least)
        after = after[after]
        if np.array_equal(after, lowest):
            return np.unique(lowest, return_inverse=True)[1] + 1
        lowest = after
