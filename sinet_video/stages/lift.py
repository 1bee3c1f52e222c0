"""Enlargement of cells to the frame's size, in full only in tiles that an edge crosses.

Used by `refine`. Elsewhere alpha is exactly 0 or 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from sinet_video.media.arrays import FloatArray
from sinet_video.media.frame import Frame
from sinet_video.media.pixel_formats import Plane
from sinet_video.media.tiled_alpha import Grid, Kind, TiledAlpha, repeat_border
from sinet_video.native import refining as kernels
from sinet_video.native.tiles import suits
from sinet_video.planes.guided_filter import Lines
from sinet_video.planes.pyramid import Enlarged


def lifted(frame: Frame, factor: int, lines: Lines, band: NDArray[np.bool_]) -> TiledAlpha:
    """Return alpha from lines, for cells of `factor` pixels, over the frame's own samples.

    Outside `band`, which has the cells' shape, alpha is each line's level, 0 or 1.
    """
    grid = Grid.of(frame.height, frame.width)
    if not suits(grid):
        return _tiled(frame, factor, lines.level, band, partial(_values, frame, lines))
    kinds, count = kernels.classify(lines.level, band, grid, factor)
    shared = frame.format.down, frame.format.across
    planes = lines.slopes, lines.centre, lines.level
    scale = 1 / frame.format.top
    values = kernels.lift(frame.planes, shared, planes, factor, scale, grid, kinds, count)
    return TiledAlpha(grid, kinds, values)


def raised(frame: Frame, factor: int, alpha: FloatArray, band: NDArray[np.bool_]) -> TiledAlpha:
    """Return alpha, (h, w) of cells of `factor` pixels, enlarged bilinearly to the frame's size.

    Outside `band` it is 0 or 1.
    """
    grid = Grid.of(frame.height, frame.width)
    if suits(grid):
        kinds, count = kernels.classify(alpha, band, grid, factor)
        return TiledAlpha(grid, kinds, kernels.lift_bilinear(alpha, factor, grid, kinds, count))

    def values(tiles: _Tiles) -> FloatArray:
        return tiles.enlarged(alpha)

    return _tiled(frame, factor, alpha, band, values)


@dataclass(frozen=True)
class _Tiles:
    """The tiles of a frame that an edge crosses, and the cells, of `factor` pixels, in them."""

    grid: Grid
    cells: Grid
    factor: int
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]

    def of(self, plane: FloatArray, down: int, across: int) -> FloatArray:
        """Return these tiles of a plane whose samples stand for `down` x `across` pixels."""
        tiled = self.grid.tiled(plane, down=down, across=across)
        return tiled[self.rows, :, self.columns, :]

    def enlarged(self, values: FloatArray, down: int = 1, across: int = 1) -> FloatArray:
        """Return these tiles of a plane of cells, enlarged to samples of `down` x `across`."""
        factors = self.factor // down, self.factor // across
        return Enlarged(values, self.cells, factors).tiles(self.rows, self.columns)


def _tiled(
    frame: Frame,
    factor: int,
    flat: FloatArray,
    band: NDArray[np.bool_],
    values: Callable[[_Tiles], FloatArray],
) -> TiledAlpha:
    """Return alpha that is `flat` (cells of 0 and 1) except in tiles that touch `band`."""
    grid, (height, width) = Grid.of(frame.height, frame.width), band.shape
    cells = Grid(height, width, grid.down // factor, grid.across // factor)
    crossed = cells.tiled(band).any(axis=(1, 3))
    solid = cells.tiled(flat)[:, 0, :, 0] > 0
    kinds = np.where(crossed, Kind.PARTIAL, np.where(solid, Kind.SOLID, Kind.CLEAR))
    rows, columns = np.nonzero(crossed)
    made = values(_Tiles(grid, cells, factor, rows, columns))
    made = np.clip(made, 0, 1, out=made)
    repeat_border(made, grid, rows, columns)
    return TiledAlpha(grid, kinds.astype(np.uint8), made)


def _values(frame: Frame, lines: Lines, tiles: _Tiles) -> FloatArray:
    """Return alpha computed by lines over the planes' own samples, not clipped."""
    slopes = lines.slopes * np.float32(1 / frame.format.top)
    level = lines.level - lines.slopes[0] * lines.centre[0]
    luma, chroma, (down, across) = _shared(frame, tiles.factor)
    values = tiles.enlarged(slopes[0])
    values *= tiles.of(luma, 1, 1)
    values += tiles.enlarged(level)
    # Chroma counts relative to its local mean; that is small, so repeating it is good enough.
    part = tiles.enlarged(-(lines.slopes[1:] * lines.centre[1:]).sum(0), down, across)
    for slope, plane in zip(slopes[1:], chroma, strict=True):
        part += tiles.enlarged(slope, down, across) * tiles.of(plane, down, across)
    count, height, width = part.shape
    squares = values.reshape(count, height, down, width, across, copy=False)
    squares += part[:, :, None, :, None]
    return values


def _shared(frame: Frame, factor: int) -> tuple[Plane, list[Plane], tuple[int, int]]:
    """Return luma, chroma, and how many pixels share a chroma sample, down and across.

    Where cells are finer than chroma samples, those are repeated.
    """
    (luma, *chroma), down, across = frame.planes, frame.format.down, frame.format.across
    if factor >= max(down, across):
        return luma, chroma, (down, across)
    height, width = luma.shape
    whole = [plane.repeat(down, 0).repeat(across, 1)[:height, :width] for plane in chroma]
    return luma, whole, (1, 1)
