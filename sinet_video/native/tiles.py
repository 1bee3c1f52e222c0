"""Kernels for tiled alpha: cut, assembled, averaged, blended and written out."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sinet_video.native.library import Array, address, available, call, floats, function

LARGEST_TILE = 64
PARTIAL = 2
"""The kind of a tile that has values."""


class Grid(Protocol):
    """The interface of `sinet_video.media.tiled_alpha.Grid`."""

    # Properties, as the fields are read-only.
    @property
    def height(self) -> int:
        """Frame height in pixels."""

    @property
    def width(self) -> int:
        """Frame width in pixels."""

    @property
    def down(self) -> int:
        """Tile height in pixels."""

    @property
    def across(self) -> int:
        """Tile width in pixels."""

    @property
    def rows(self) -> int:
        """Number of tiles down."""

    @property
    def columns(self) -> int:
        """Number of tiles across."""


class Alpha(Protocol):
    """The interface of `sinet_video.media.tiled_alpha.TiledAlpha`."""

    @property
    def grid(self) -> Any:
        """How the frame is cut into tiles."""

    @property
    def kinds(self) -> NDArray[np.uint8]:
        """The kind of each tile, (rows, columns) uint8."""

    @property
    def values(self) -> NDArray[np.float32]:
        """Alpha of the partial tiles, (n, down, across) float32."""

    @property
    def held(self) -> Held:
        """Its arrays as kernels read them."""


class Held:
    """An alpha's arrays, kept contiguous while a kernel reads them."""

    def __init__(self, alpha: Alpha) -> None:
        grid = alpha.grid
        self.kinds = np.ascontiguousarray(alpha.kinds, np.uint8)
        self.values = floats(alpha.values)
        shape = np.count_nonzero(self.kinds == PARTIAL), grid.down, grid.across
        if self.kinds.shape != (grid.rows, grid.columns) or self.values.shape != shape:
            raise ValueError(
                f"Alpha is of {self.kinds.shape} tiles and {self.values.shape} values."
            )
        self.size = grid.height, grid.width
        self.tile = grid.down, grid.across
        self.arrays = address(self.kinds), address(self.values)


def suits(grid: Grid) -> bool:
    """Whether the kernels are available and support tiles of this grid's size."""
    return grid.down <= LARGEST_TILE and grid.across <= LARGEST_TILE and available()


def cut(plane: Array, grid: Grid) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return the kinds of a plane's tiles and the values of the partial ones."""
    plane = floats(plane)
    kinds = np.empty((grid.rows, grid.columns), np.uint8)
    shape = grid.height, grid.width, grid.down, grid.across
    count = function("sort_tiles")(address(plane), grid.width, *shape, address(kinds))
    values = np.empty((count, grid.down, grid.across), np.float32)
    function("copy_tiles")(address(plane), grid.width, *shape, address(kinds), address(values))
    return kinds, values


def dense(alpha: Alpha) -> NDArray[np.float32]:
    """Return the whole plane, (H, W) float32."""
    held = alpha.held
    plane = np.empty(held.size, np.float32)
    function("dense")(*held.size, *held.tile, *held.arrays, address(plane))
    return plane


def reduced(alpha: Alpha, factor: int) -> NDArray[np.float32]:
    """Return alpha averaged over cells of `factor` pixels, 1, 2, 4 or 8."""
    held = alpha.held
    shape = -(-held.size[0] // factor), -(-held.size[1] // factor)
    cells = np.empty(shape, np.float32)
    call("reduced_alpha", *held.size, *held.tile, *held.arrays, factor, *shape, address(cells))
    return cells


def blend(
    source: Array,
    behind: Array,
    target: Array,
    alpha: Alpha,
    shared: tuple[int, int],
    own: Array | None,
) -> None:
    """Write `behind + alpha * (source - behind)` to `target`, planes with contiguous rows.

    A sample stands for `shared` pixels, down and across; `behind` may be one sample for all. `own`
    holds partial tiles to use in place of the source's.
    """
    held = alpha.held
    own = None if own is None else np.ascontiguousarray(own, source.dtype)
    behind = behind.astype(source.dtype, copy=False)
    if behind.strides[1] != behind.itemsize:
        behind = np.ascontiguousarray(behind)
    stride = 0 if behind.shape == (1, 1) else behind.strides[0]
    call(
        "blend_plane",
        address(source), source.strides[0], address(behind), stride, address(target),
        target.strides[0], source.itemsize, *source.shape, *held.size, *held.arrays, *held.tile,
        *shared, None if own is None else address(own),
    )  # fmt: skip


def quantise(alpha: Alpha, low: int, high: int, target: Array) -> None:
    """Write alpha to a plane of integers: `low` where it is 0, `high` where it is 1."""
    held = alpha.held
    call(
        "quantise",
        *held.size, *held.arrays, *held.tile, low, high, address(target), target.strides[0],
        target.itemsize,
    )  # fmt: skip
