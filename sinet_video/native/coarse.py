"""Kernels for the network's grid: colours, cuts, smoothing and the boxes of people."""

from __future__ import annotations

from ctypes import c_int32

import numpy as np
from numpy.typing import NDArray

from sinet_video.native.library import Array, address, call, floats, function


def luma(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the luma of (h, w, 3) RGB, (h, w) float32 in [0, 1]; BT.601 weights."""
    rgb, plane = np.ascontiguousarray(rgb), np.empty(rgb.shape[:2], np.float32)
    call("coarse", address(rgb), *plane.shape, address(plane), None)
    return plane


def half_colours(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return (h, w, 3) RGB averaged over 2 x 2 pixels: (3, h / 2, w / 2) float32 in [0, 1]."""
    rgb, (height, width, _) = np.ascontiguousarray(rgb), rgb.shape
    halves = np.empty((3, (height + 1) // 2, (width + 1) // 2), np.float32)
    call("coarse", address(rgb), height, width, None, address(halves))
    return halves


def mean_change(before: Array, now: Array) -> float:
    """Return the mean absolute difference of two planes of the same shape."""
    before, now = floats(before), floats(now)
    return float(function("mean_change")(address(before), address(now), before.size))


def sameness(before: Array, now: Array, still: float, moving: float) -> NDArray[np.float32]:
    """Return how similar two frames, (3, h, w), are, (h, w) float32."""
    before, now = floats(before), floats(now)
    same = np.empty(before.shape[1:], np.float32)
    call(
        "sameness",
        address(before), address(now), *same.shape, still, moving - still, address(same),
    )  # fmt: skip
    return same


def meet(same: Array, step: Array, before: tuple[Array, ...], now: tuple[Array, ...]) -> None:
    """Multiply `same` by `step`, and mix two mattes' alphas into each other's sums by it, in place.

    Each matte is its alpha, sum and weight, (h, w); `same` and `step` are half as fine.
    """
    call(
        "meet",
        address(same), address(step), *map(address, before), *map(address, now), *before[0].shape,
    )  # fmt: skip


def people(
    alpha: Array, faint: float, plain: float
) -> tuple[tuple[int, int, int, int] | None, int, int]:
    """Return the box of cells with people, without specks, as (top, left, bottom, right).

    It is None if there is nobody. The other results are how many cells are above `faint`, and above
    `plain`.

    Alpha is (h, w) in [0, 1].
    """
    alpha = floats(alpha)
    box, counts = (c_int32 * 4)(), (c_int32 * 2)()
    call("people", address(alpha), *alpha.shape, faint, plain, box, counts)
    top, left, bottom, right = box
    return (top - 1, left - 1, bottom, right) if bottom else None, counts[0], counts[1]


def label(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int32], Array, Array]:
    """Return each cell's region, (h, w), and each region's size, (n,), and box, (n, 4)."""
    mask = np.ascontiguousarray(mask)
    height, width = mask.shape
    labels, count = np.empty((height, width), np.int32), (c_int32 * 1)()
    table = np.empty((height * (width // 2 + 1) + 1, 5), np.int32)
    call("label", address(mask), height, width, address(labels), address(table), count)
    return labels, table[: count[0], 0].copy(), table[: count[0], 1:].copy()


def unsure(
    alpha: Array,
    levels: tuple[float, float, float],
    times: tuple[float, float],
    last: Array,
    least: float,
) -> tuple[NDArray[np.bool_] | None, NDArray[np.bool_] | None]:
    """Return the cells of regions that are not sure, and of new ones, (h, w); None if none are.

    `levels` are the alpha above which a region is seen, that above which it is sure, and the share
    of its cells that must be. `last`, (h, w) float64, says when each cell was part of a sure region
    and is updated; one that mostly was at the first of `times` or later counts as sure. Sure ones
    that were not, of `least` cells or more, are new, and are not noted in `last`.
    """
    alpha, marks, counts = floats(alpha), np.empty((2, *alpha.shape), bool), (c_int32 * 2)()
    call(
        "unsure",
        address(alpha), *alpha.shape, *levels, *times, least, address(last), address(marks), counts,
    )  # fmt: skip
    return marks[0] if counts[0] else None, marks[1] if counts[1] else None


Steps = tuple[NDArray[np.intp], Array]
"""Where samples lie along an axis: the one below each, and the share of the way to the next."""


def resized(values: Array, rows: Steps, columns: Steps) -> NDArray[np.float32]:
    """Return a plane, (h, w) float32, interpolated at these rows and columns."""
    values = floats(values)
    (down, by_down), (across, by_across) = (
        (np.ascontiguousarray(lower, np.int64), floats(share)) for lower, share in (rows, columns)
    )
    made = np.empty((len(down), len(across)), np.float32)
    call(
        "resized",
        address(values), *values.shape, address(down), address(by_down), len(down),
        address(across), address(by_across), len(across), address(made),
    )  # fmt: skip
    return made


def box_sum(values: Array, radius: int) -> NDArray[np.float32]:
    """Return sums over windows of (2 * radius + 1) squared of (..., h, w) float32."""
    values = floats(values)
    sums = np.empty(values.shape, np.float32)
    height, width = values.shape[-2:]
    planes = values.size // (height * width)
    call("box_sum", address(values), planes, height, width, radius, address(sums))
    return sums
