"""Kernels for the guided filter's fits, and for enlarging alpha to the frame's size."""

from __future__ import annotations

from collections.abc import Sequence
from ctypes import c_int64, c_void_p

import numpy as np
from numpy.typing import NDArray

from sinet_video.native.library import Array, address, call, floats, function
from sinet_video.native.tiles import Grid


def guided_lines(
    guide: Array, scale: float, alpha: Array, radius: int, sure: int, eps: float, contrast: float
) -> tuple[Array, Array, Array, NDArray[np.uint8]]:
    """Return slopes and centres, (3, h, w), levels, (h, w), of lines, and where they hold.

    `guide` is (3, h, w), scaled to [0, 1] by `scale`; `alpha` is (h, w) in [0, 1].
    """
    guide, alpha = floats(guide), floats(alpha)
    slopes, centre = np.empty((2, *guide.shape), np.float32)
    level, band = np.empty(alpha.shape, np.float32), np.empty(alpha.shape, np.uint8)
    call(
        "guided_lines",
        address(guide), scale, address(alpha), *alpha.shape, radius, sure, eps, contrast,
        address(slopes), address(centre), address(level), address(band),
    )  # fmt: skip
    return slopes, centre, level, band


def classify(flat: Array, band: Array, grid: Grid, factor: int) -> tuple[NDArray[np.uint8], int]:
    """Return the kinds of a grid's tiles from cells of `factor` pixels, and the partial count."""
    flat, band = floats(flat), np.ascontiguousarray(band, np.uint8)
    kinds = np.empty((grid.rows, grid.columns), np.uint8)
    count = function("classify")(
        address(flat),
        address(band),
        *band.shape,
        grid.down // factor,
        grid.across // factor,
        address(kinds),
    )
    return kinds, int(count)


def lift(
    planes: Sequence[Array],
    shared: tuple[int, int],
    lines: tuple[Array, Array, Array],
    factor: int,
    scale: float,
    grid: Grid,
    kinds: NDArray[np.uint8],
    count: int,
) -> NDArray[np.float32]:
    """Return alpha of the `count` partial tiles from slopes, centres and levels of lines.

    `planes` are a frame's, with chroma samples that stand for `shared` pixels; `scale` brings
    samples to [0, 1]; lines are for cells of `factor` pixels.
    """
    slopes, centre, level = (floats(each) for each in lines)
    values = np.empty((count, grid.down, grid.across), np.float32)
    where = (c_void_p * 3)(*(address(plane) for plane in planes))
    strides = (c_int64 * 3)(*(plane.strides[0] for plane in planes))
    call(
        "lift",
        where, strides, planes[0].itemsize, grid.height, grid.width, *shared, address(slopes),
        address(centre), address(level), *level.shape, factor, scale, address(kinds), grid.down,
        grid.across, address(values),
    )  # fmt: skip
    return values


def lift_bilinear(
    cells: Array, factor: int, grid: Grid, kinds: NDArray[np.uint8], count: int
) -> NDArray[np.float32]:
    """Return alpha of the `count` partial tiles by enlarging cells of `factor` pixels."""
    cells = floats(cells)
    values = np.empty((count, grid.down, grid.across), np.float32)
    call(
        "lift_bilinear",
        address(cells), *cells.shape, factor, grid.height, grid.width, address(kinds), grid.down,
        grid.across, address(values),
    )  # fmt: skip
    return values
