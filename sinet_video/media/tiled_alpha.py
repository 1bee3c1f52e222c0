"""Alpha stored as tiles: nine tenths of a matte is exactly 0 or 1, so only the rest has values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from sinet_video.media.arrays import Array
from sinet_video.native import tiles as kernels


class Kind(IntEnum):
    """The alpha of a whole tile: 0, 1 or partial."""

    CLEAR = 0
    SOLID = 1
    PARTIAL = 2


def tile_side(length: int) -> int:
    """Return the tile side for a frame side: a divisor of it near 32, or 32 if it has none.

    Sides are multiples of 8, so that chroma samples and the cells of the refinement grid never
    straddle tiles.
    """
    divisors = [side for side in (32, 40, 24, 48, 16, 64) if length % side == 0]
    return divisors[0] if divisors else 32


@dataclass(frozen=True)
class Grid:
    """How a frame of `height` x `width` is cut into tiles of `down` x `across` from the top left.

    The last row and column extend beyond the frame if its sides are not multiples.
    """

    height: int
    width: int
    down: int
    across: int

    @classmethod
    def of(cls, height: int, width: int) -> Grid:
        """Return the grid that this library uses for a frame of this size."""
        return cls(height, width, tile_side(height), tile_side(width))

    @property
    def rows(self) -> int:
        """Number of tiles down."""
        return -(-self.height // self.down)

    @property
    def columns(self) -> int:
        """Number of tiles across."""
        return -(-self.width // self.across)

    def tiled(self, plane: Array, *, down: int = 1, across: int = 1) -> Array:
        """View a plane as (rows, tile height, columns, tile width), copying only to pad it.

        `down` and `across` are how many frame pixels share a sample of this plane.
        """
        tile = (self.down // down, self.across // across)
        whole = (self.rows * tile[0], self.columns * tile[1])
        if plane.shape != whole:
            missing = [(0, w - p) for w, p in zip(whole, plane.shape, strict=True)]
            plane = np.pad(plane, missing, mode="edge")
        return plane.reshape(self.rows, tile[0], self.columns, tile[1], copy=False)


@dataclass(frozen=True, eq=False)
class TiledAlpha:
    """An alpha plane stored as tiles. It equals itself alone.

    Attributes:
        grid: how the frame is cut into tiles.
        kinds: (rows, columns) uint8, a `Kind` for each tile.
        values: (number of partial tiles, tile height, tile width) float32 in [0, 1], row by row.
    """

    grid: Grid
    kinds: NDArray[np.uint8]
    values: NDArray[np.float32]

    @classmethod
    def of(cls, alpha: NDArray[np.float32]) -> TiledAlpha:
        """Convert an array, (H, W) float32 in [0, 1], to tiles."""
        height, width = alpha.shape
        grid = Grid.of(height, width)
        if kernels.suits(grid):
            return cls(grid, *kernels.cut(alpha, grid))
        tiles = grid.tiled(alpha)
        lowest, highest = tiles.min(axis=(1, 3)), tiles.max(axis=(1, 3))
        kinds = np.full(lowest.shape, Kind.PARTIAL, np.uint8)
        kinds[highest <= 0] = Kind.CLEAR
        kinds[lowest >= 1] = Kind.SOLID
        rows, columns = np.nonzero(kinds == Kind.PARTIAL)
        return cls(grid, kinds, tiles[rows, :, columns, :])

    def __repr__(self) -> str:
        return f"<TiledAlpha {self.shape}: {len(self.values)} of {self.kinds.size} tiles partial>"

    @cached_property
    def held(self) -> kernels.Held:
        """Its arrays as kernels read them."""
        return kernels.Held(self)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the plane."""
        return self.grid.height, self.grid.width

    @property
    def partial(self) -> tuple[Array, Array]:
        """Row and column of each partial tile, (n,) each, in the order of `values`."""
        rows, columns = np.nonzero(self.kinds == Kind.PARTIAL)
        return rows, columns

    def dense(self) -> NDArray[np.float32]:
        """Return the whole plane, (H, W) float32 in [0, 1]."""
        grid = self.grid
        if kernels.suits(grid):
            return kernels.dense(self)
        plane = np.empty((grid.rows * grid.down, grid.columns * grid.across), np.float32)
        tiles = grid_view(plane, grid)
        tiles[...] = (self.kinds == Kind.SOLID)[:, None, :, None]
        rows, columns = self.partial
        tiles[rows, :, columns, :] = self.values
        return plane[: grid.height, : grid.width]

    def reduced(self, *, down: int, across: int) -> NDArray[np.float32]:
        """Return `values` averaged for a coarser plane, such as chroma: (n, h / down, w / across).

        `down` and `across` are powers of two, at most 8.
        """
        values = self.values
        while down > 1:
            values, down = (values[:, 0::2] + values[:, 1::2]) * np.float32(0.5), down // 2
        while across > 1:
            values, across = (
                (values[:, :, 0::2] + values[:, :, 1::2]) * np.float32(0.5),
                across // 2,
            )
        return values


def grid_view(plane: Array, grid: Grid) -> Array:
    """View a plane that already has the grid's full size as tiles."""
    return plane.reshape(grid.rows, grid.down, grid.columns, grid.across, copy=False)


class Canvas:
    """A plane to write tiles to, through a padded copy if it is not whole tiles."""

    def __init__(self, plane: Array, grid: Grid, down: int, across: int) -> None:
        self._plane = plane
        self.tiles = grid.tiled(plane, down=down, across=across)

    def flush(self) -> None:
        """Copy what was written to the plane."""
        if not np.shares_memory(self.tiles, self._plane):
            height, width = self._plane.shape
            rows, tall, columns, wide = self.tiles.shape
            whole = self.tiles.reshape(rows * tall, columns * wide)
            self._plane[...] = whole[:height, :width]


def repeat_border(
    values: Array, grid: Grid, rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> None:
    """Fill what extends beyond the frame with its last row and column, in place.

    Values are (tiles, h, w).
    """
    down = grid.height - (grid.rows - 1) * grid.down
    across = grid.width - (grid.columns - 1) * grid.across
    if down < grid.down:
        last = rows == grid.rows - 1
        values[last, down:] = values[last, down - 1 : down]
    if across < grid.across:
        last = columns == grid.columns - 1
        values[last, :, across:] = values[last, :, across - 1 : across]


class AlphaElsewhere(Protocol):
    """Alpha that lies somewhere else than in the CPU's memory, and is fetched when asked for."""

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""

    def dense(self) -> NDArray[np.float32]:
        """Return the whole plane, (H, W) float32 in [0, 1]."""

    def quantised(self, low: int, high: int) -> NDArray[Any]:
        """Map [0, 1] to integers from `low` to `high`, rounded to nearest."""


AlphaKind = Literal["straight", "premultiplied"]
"""Whether colours are stored unchanged (straight) or multiplied by alpha."""
