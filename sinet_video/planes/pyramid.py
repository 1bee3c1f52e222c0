"""Planes reduced to cells, each standing for a square of samples, and their enlargement."""

from __future__ import annotations

import re
from functools import lru_cache
from math import log2

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from sinet_video import native
from sinet_video.media.arrays import FloatArray
from sinet_video.media.convert import AREA, planes_of, reformat
from sinet_video.media.frame import Frame
from sinet_video.media.pixel_formats import Plane
from sinet_video.media.tiled_alpha import Grid, Kind, TiledAlpha
from sinet_video.native import reduce as reducing
from sinet_video.native import tiles as kernels

COLOUR_SIDE = 200
"""Approximate longer side of frames that are reduced for their colours."""


def subsampling(frame: Frame, side: int) -> int:
    """Return the power of two, 1 to 8, that reduces a frame to about this longer side.

    The result is either 1 or a multiple of the chroma subsampling.
    """
    power = min(max(round(log2(max(frame.width, frame.height) / side)), 0), 3)
    return max(1 << power, frame.format.down, frame.format.across) if power else 1


def colour_subsampling(frame: Frame) -> int:
    """Return the same for a frame's colours, 2 to 8: never less than that of chroma."""
    return max(2, frame.format.down, frame.format.across, subsampling(frame, COLOUR_SIDE))


def reduced(frame: Frame, factor: int) -> FloatArray:
    """Return the planes averaged over cells of `factor` pixels, (planes, h, w) float32.

    The bottom and right sides are padded. The result is cached per frame; treat it as read-only.
    """
    return frame.once(("cells", factor), lambda: _reduced(frame, factor))


def _reduced(frame: Frame, factor: int) -> FloatArray:
    form = frame.format
    shape = -(-frame.height // factor), -(-frame.width // factor)
    if factor < max(form.down, form.across):  # chroma is enlarged
        name = re.sub("4[124][0-4]", "444", frame.video.format.name)
        small = reformat(frame.video, width=shape[1], height=shape[0], pixel_format=name,
                         interpolation=AREA)  # fmt: skip
        return np.stack(planes_of(small)).astype(np.float32)
    chroma = factor // form.down, factor // form.across
    cells = (factor, factor), chroma, chroma
    return np.stack([_means(p, shape, *c) for p, c in zip(frame.planes, cells, strict=True)])


def bounding_slices(wanted: NDArray[np.bool_], reach: int) -> tuple[slice, slice] | None:
    """Return the rows and columns within reach of any wanted cell, (h, w); None if there is none.

    They start at even cells, so that pairs of cells are the same as in the whole frame.
    """
    rows, columns = (np.flatnonzero(wanted.any(axis)) for axis in (1, 0))
    if not len(rows):
        return None
    down, across = (
        slice(max(0, int(found[0]) - reach) // 2 * 2, int(found[-1]) + reach + 1)
        for found in (rows, columns)
    )
    return down, across


def halved(cells: FloatArray) -> FloatArray:
    """Average 2 x 2 cells, (..., h, w), repeating an odd last row or column."""
    padded = _evened(cells)
    rows = padded[..., 0::2, :] + padded[..., 1::2, :]
    half: FloatArray = (rows[..., 0::2] + rows[..., 1::2]) * np.float32(0.25)
    return half


def _evened(cells: FloatArray) -> FloatArray:
    """Repeat the last row and column where their number is odd."""
    *others, height, width = cells.shape
    if not (height % 2 or width % 2):
        return cells
    even = np.empty((*others, height + height % 2, width + width % 2), cells.dtype)
    even[..., :height, :width] = cells
    even[..., height:, :width] = cells[..., -1:, :]
    even[..., width:] = even[..., width - 1 : width]
    return even


def doubled(cells: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    """Enlarge cells, (..., h, w), bilinearly by two, to the shape they had before `halved`."""
    height, width = shape
    rows = _doubled_rows(cells)[..., :height, :]
    across: FloatArray = _doubled_rows(rows.swapaxes(-1, -2))[..., :width, :].swapaxes(-1, -2)
    return across


def _doubled_rows(cells: FloatArray) -> FloatArray:
    most, least = cells * np.float32(0.75), cells * np.float32(0.25)
    *others, height, width = cells.shape
    double = np.empty((*others, height, 2, width), np.float32)
    np.add(most[..., 1:, :], least[..., :-1, :], out=double[..., 1:, 0, :])
    np.add(most[..., :-1, :], least[..., 1:, :], out=double[..., :-1, 1, :])
    double[..., 0, 0, :], double[..., -1, 1, :] = cells[..., 0, :], cells[..., -1, :]
    return double.reshape(*others, 2 * height, width)


def _means(plane: Plane, shape: tuple[int, int], down: int, across: int) -> FloatArray:
    if native.available():
        return reducing.means(plane, shape, down, across)
    fill = (0, shape[0] * down - plane.shape[0]), (0, shape[1] * across - plane.shape[1])
    padded = np.pad(plane, fill, mode="edge") if any(map(any, fill)) else plane
    rows = padded.reshape(shape[0], down, -1).sum(1, dtype=np.uint32)
    sums = rows.reshape(*shape, across).sum(2, dtype=np.uint32)
    means: FloatArray = sums.astype(np.float32) / np.float32(down * across)
    return means


def reduced_alpha(alpha: TiledAlpha, factor: int) -> FloatArray:
    """Return alpha averaged over cells of `factor` pixels, (h, w) float32."""
    grid = alpha.grid
    if kernels.suits(grid):
        return kernels.reduced(alpha, factor)
    down, across = grid.down // factor, grid.across // factor
    tiles = np.empty((grid.rows, down, grid.columns, across), np.float32)
    tiles[...] = (alpha.kinds == Kind.SOLID)[:, None, :, None]
    rows, columns = alpha.partial
    tiles[rows, :, columns, :] = alpha.reduced(down=factor, across=factor)
    whole = tiles.reshape(grid.rows * down, grid.columns * across)
    return whole[: -(-grid.height // factor), : -(-grid.width // factor)]


class Enlarged:
    """A plane of cells, seen as the larger plane it stands for, bilinearly and tile by tile.

    `values` is (h, w); `cells` is how it is cut into tiles, and `factors` how many samples a cell
    stands for, down and across.
    """

    def __init__(self, values: FloatArray, cells: Grid, factors: tuple[int, int]) -> None:
        fill_down = cells.rows * cells.down - cells.height
        fill_across = cells.columns * cells.across - cells.width
        padded = _edged(values, 1 + fill_down, 1 + fill_across)
        windows = sliding_window_view(padded, (cells.down + 2, cells.across + 2))
        self._tiles = windows[:: cells.down, :: cells.across]
        self._down = _raising(cells.down, factors[0])
        self._across = _raising(cells.across, factors[1]).T

    def tiles(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> FloatArray:
        """Return the tiles at these places, (n, tile height, tile width)."""
        # One small product per tile, on purpose: BLAS runs large ones on threads that then spin and
        # take the encoder's time.
        large: FloatArray = self._down @ (self._tiles[rows, columns] @ self._across)
        return large


def _edged(values: FloatArray, below: int, right: int) -> FloatArray:
    """Return a plane padded with its edges: by one above and left, by these counts elsewhere."""
    height, width = values.shape
    edged = np.empty((height + 1 + below, width + 1 + right), values.dtype)
    edged[1 : 1 + height, 1 : 1 + width] = values
    edged[0, 1 : 1 + width], edged[1 + height :, 1 : 1 + width] = values[0], values[-1]
    edged[:, 0], edged[:, 1 + width :] = edged[:, 1], edged[:, width : 1 + width]
    return edged


@lru_cache(16)
def _raising(length: int, factor: int) -> FloatArray:
    """Return the matrix (length * factor, length + 2) that enlarges cells with one neighbour."""
    centres = (np.arange(length * factor) + 0.5) / factor + 0.5
    lower = centres.astype(np.intp)
    matrix = np.zeros((length * factor, length + 2), np.float32)
    rows = np.arange(length * factor)
    matrix[rows, lower] = 1 - (centres - lower)
    # Reads past the last sample only with zero weight.
    matrix[rows, np.minimum(lower + 1, length + 1)] += centres - lower
    return matrix
