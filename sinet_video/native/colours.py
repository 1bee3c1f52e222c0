"""Kernels for colours at the edge: the person's own, the screen's light, and the chroma key."""

from __future__ import annotations

from collections.abc import Sequence
from ctypes import c_int64, c_void_p

import numpy as np
from numpy.typing import NDArray

from sinet_video.native.library import Array, address, call, floats
from sinet_video.native.tiles import PARTIAL, Alpha, Grid


def blurred_colours(small: Array, alpha: Array, far: int) -> NDArray[np.float32]:
    """Return the person's and the room's colours around partial cells, (2, 3, h, w).

    `small` is (3, h, w) and `alpha` (h, w); `far` is the radius of the first blur in cells half as
    fine.
    """
    small, alpha = floats(small), floats(alpha)
    colours = np.empty((2, *small.shape), np.float32)
    call("blurred_colours", address(small), address(alpha), *alpha.shape, far, address(colours))
    return colours


def clean_plane(
    plane: Array, alpha: Alpha, shared: tuple[int, int], colours: Array, factor: int, top: int
) -> Array:
    """Return the partial tiles of a plane, (n, h, w), with the person's colours, in [0, top].

    `colours`, (2, h, w), are the person's and the room's, in cells of `factor` pixels; a sample of
    the plane stands for `shared` pixels, down and across.
    """
    held = alpha.held
    person, room = floats(colours[0]), floats(colours[1])
    shape = held.tile[0] // shared[0], held.tile[1] // shared[1]
    made = np.empty((len(held.values), *shape), plane.dtype)
    call(
        "clean_plane",
        address(plane), plane.strides[0], plane.itemsize, *plane.shape, *held.size, *held.arrays,
        *held.tile, *shared, address(person), address(room), *person.shape, factor, top,
        address(made),
    )  # fmt: skip
    return made


def keyed(
    chroma: Sequence[Array],
    bits: int,
    shared: tuple[int, int],
    planes: Array,
    factor: int,
    levels: tuple[float, float],
    grid: Grid,
    kinds: NDArray[np.uint8],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the partial tiles' alpha from a screen, and each one's minimum and maximum, (n, 2).

    `planes`, in cells of `factor` pixels, are the screen's chroma, the person's, and the bounds.
    Alpha at `levels[0]` becomes 0, and 1 at `levels[1]` above it.
    """
    planes, kinds = floats(planes), np.ascontiguousarray(kinds, np.uint8)
    count = int(np.count_nonzero(kinds == PARTIAL))
    values = np.empty((count, grid.down, grid.across), np.float32)
    extremes = np.empty((count, 2), np.float32)
    call(
        "key",
        *_pair(chroma), bits, grid.height, grid.width, *shared, address(planes), *planes.shape[1:],
        factor, *levels, address(kinds), grid.down, grid.across, address(values), address(extremes),
    )  # fmt: skip
    return values, extremes


def despill(
    chroma: Sequence[Array],
    bits: int,
    shared: tuple[int, int],
    alpha: Alpha,
    unit: Array,
    narrowing: float,
    top: int,
) -> None:
    """Remove light of a hue, `unit`, from two chroma planes where alpha is above 0, in place."""
    held, unit = alpha.held, floats(unit)
    call(
        "despill",
        *_pair(chroma), bits, *held.size, *shared, *held.arrays, *held.tile, address(unit),
        narrowing, top,
    )  # fmt: skip


def _pair(chroma: Sequence[Array]) -> tuple[object, object]:
    where = (c_void_p * 2)(*(address(plane) for plane in chroma))
    return where, (c_int64 * 2)(*(plane.strides[0] for plane in chroma))
