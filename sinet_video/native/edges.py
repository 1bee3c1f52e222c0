"""Kernels that move and soften edges."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sinet_video.native.library import Array, address, call, floats, function
from sinet_video.native.tiles import Alpha, Held

Tiles = tuple[NDArray[np.uint8], NDArray[np.float32]]
"""Kinds, and the values of partial tiles."""


def choked(alpha: Alpha, radius: int, share: float, *, grow: bool) -> Tiles:
    """Return alpha eroded, or dilated, by a disc of `radius` pixels plus a `share` of one more."""

    def work(held: Held, near: Array, values: Array) -> None:
        where = *held.size, *held.tile, *held.arrays, address(near)
        call("choke", *where, radius, share, grow, address(values))

    return _around_edges(alpha, radius + (share > 0), work)


def feathered(alpha: Alpha, sigma: float, reach: int) -> Tiles:
    """Return alpha blurred by a Gaussian with deviation `sigma`, truncated at `reach` pixels."""

    def work(held: Held, near: Array, values: Array) -> None:
        where = *held.size, *held.tile, *held.arrays, address(near)
        call("feather", *where, sigma, reach, address(values))

    return _around_edges(alpha, reach, work)


def gaussian(planes: Array, sigma: float, reach: int) -> NDArray[np.float32]:
    """Return planes, (n, h, w), blurred by a Gaussian truncated at `reach`, with zeros outside."""
    blurred = floats(planes).copy()
    call("gaussian", address(blurred), *blurred.shape, sigma, reach)
    return blurred


def _around_edges(alpha: Alpha, reach: int, work: Callable[[Held, Array, Array], None]) -> Tiles:
    """Process the tiles within reach of an edge; the others stay. Raises `MemoryError`."""
    held = alpha.held
    near = np.empty(held.kinds.shape, np.uint8)
    steps = -(-reach // held.tile[0]), -(-reach // held.tile[1])
    count = function("near_edges")(held.arrays[0], *near.shape, *steps, address(near))
    if count < 0:
        raise MemoryError
    values, kinds = np.empty((count, *held.tile), np.float32), held.kinds.copy()
    work(held, near, values)
    places = address(kinds), address(near), address(values)
    partial = function("settle")(*held.size, *held.tile, *places)
    return kinds, values[:partial]
