"""Kernels for planes reduced by averaging: to cells, and to a small RGB image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sinet_video.native.library import Array, address, call, floats


def means(plane: Array, shape: tuple[int, int], down: int, across: int) -> NDArray[np.float32]:
    """Return a plane's means over cells of `down` x `across` samples, repeating the edges."""
    cells = np.empty(shape, np.float32)
    call(
        "means",
        address(plane), plane.strides[0], plane.itemsize, *plane.shape, down, across, *shape,
        address(cells),
    )  # fmt: skip
    return cells


def rgb(planes: Sequence[Array], shape: tuple[int, int], matrix: Array) -> NDArray[np.uint8]:
    """Return three planes as an RGB image, (h, w, 3), by area averaging.

    It is no larger than any plane, and the last two are of one size. `matrix`, (3, 4), has the
    weights of the planes in red, green and blue in [0, 255], and what is added.
    """
    image = np.empty((*shape, 3), np.uint8)
    call(
        "reduced_rgb",
        *map(address, planes), *(plane.strides[0] for plane in planes), planes[0].itemsize,
        *planes[0].shape, *planes[1].shape, *shape, address(floats(matrix)), address(image),
    )  # fmt: skip
    return image
