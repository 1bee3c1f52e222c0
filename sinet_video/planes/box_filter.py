"""Means over square windows, by doubling: the cost grows with the logarithm of the window size.

The cost of running sums would not grow at all, but numpy adds them one by one. At the sizes used
here doubling is five times as fast, and rounding errors do not accumulate across the frame.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from sinet_video import native
from sinet_video.media.arrays import Array
from sinet_video.native import coarse as kernels


def box_mean(values: Array, radius: int) -> Array:
    """Return the mean over windows of (2 * radius + 1) squared, clipped at the border.

    `values` is (h, w) float32; the result has the same shape and type.
    """
    return box_sum(values, radius) * _share(values.shape, radius)


def box_sum(values: Array, radius: int) -> Array:
    """Return the sum over windows of (2 * radius + 1) squared, with zeros outside the border.

    `values` is (..., h, w) of any type; the result has the same shape and type.
    """
    if values.dtype == np.float32 and native.available():
        return kernels.box_sum(values, radius)
    *others, height, width = values.shape
    # Padded by hand, as np.pad takes longer than the sums.
    padded = np.zeros((*others, height + 2 * radius, width + 2 * radius), values.dtype)
    padded[..., radius : radius + height, radius : radius + width] = values
    return _run_sum(_run_sum(padded, 2 * radius + 1, -2), 2 * radius + 1, -1)


def _run_sum(values: Array, width: int, axis: int) -> Array:
    """Sum each run of `width` neighbours, from sums over runs of 1, 2, 4 and so on."""
    length = values.shape[axis] - width + 1
    run, size, done = values, 1, 0
    total: Array | None = None
    while True:
        if width & size:
            part = _part(run, axis, done, done + length)
            total = part if total is None else total + part
            done += size
        if done == width:
            return np.ascontiguousarray(total)
        end = run.shape[axis]
        run = _part(run, axis, 0, end - size) + _part(run, axis, size, end)
        size *= 2


def _part(values: Array, axis: int, start: int, end: int) -> Array:
    return values[..., start:end, :] if axis == -2 else values[..., start:end]


@lru_cache(8)
def _share(shape: tuple[int, ...], radius: int) -> Array:
    return 1 / box_sum(np.ones(shape, np.float32), radius)
