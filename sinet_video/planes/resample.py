"""Bilinear resampling of arrays from one grid to another."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sinet_video import native
from sinet_video.media.arrays import Array
from sinet_video.native import coarse as kernels


def resized(
    alpha: Array, shape: tuple[int, ...], extent: tuple[float, float] | None = None
) -> Array:
    """Return an array, (h, w), resized bilinearly with cell centres aligned.

    `extent` is how many of the new cells, (down, across), the array covers; by default all. It is
    fractional where a side of the frame is not a multiple of a cell.
    """
    down, across = extent or (shape[0], shape[1])
    rows = _positions(alpha.shape[0], shape[0], down)
    columns = _positions(alpha.shape[1], shape[1], across)
    if alpha.dtype == np.float32 and native.available():
        return kernels.resized(alpha, rows, columns)
    return sampled(sampled(alpha, *rows, 0), *columns, 1)


def sampled(values: Array, lower: NDArray[np.intp], share: Array, axis: int) -> Array:
    """Interpolate along an axis: `share` of the way from the sample `lower` to the next.

    `lower` and `share` are (n,), and n is the length of that axis in the result.
    """
    upper = np.minimum(lower + 1, values.shape[axis] - 1)
    share = share.reshape((-1, 1) if axis == 0 else (1, -1))
    below, above = values.take(lower, axis), values.take(upper, axis)
    mixed: Array = below + share * (above - below)
    return mixed


@lru_cache(16)
def _positions(length: int, wanted: int, extent: float) -> tuple[NDArray[np.intp], Array]:
    """Return, for each output sample, the input sample below it and the fraction to the next."""
    return between((np.arange(wanted) + 0.5) * length / extent - 0.5, length)


def between(places: Array, length: int) -> tuple[NDArray[np.intp], Array]:
    """Return `lower` and `share`, (n,) each, for `sampled`; places beyond the ends are clamped."""
    places = np.clip(places, 0, length - 1)
    lower = places.astype(np.intp)
    return lower, (places - lower).astype(np.float32)
