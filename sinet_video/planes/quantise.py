"""Alpha as whole numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sinet_video.media.tiled_alpha import AlphaElsewhere, TiledAlpha
from sinet_video.native import tiles as kernels


def write_alpha(
    alpha: NDArray[np.float32] | TiledAlpha | AlphaElsewhere,
    low: int,
    high: int,
    target: NDArray[Any],
) -> None:
    """Write alpha to a plane, as `quantised` gives it."""
    if isinstance(alpha, np.ndarray):
        target[...] = quantised(alpha, low, high)
    elif not isinstance(alpha, TiledAlpha):
        target[...] = alpha.quantised(low, high)
    elif kernels.suits(alpha.grid):
        kernels.quantise(alpha, low, high, target)
    else:
        target[...] = quantised(alpha.dense(), low, high)


def quantised(alpha: NDArray[np.float32], low: int, high: int) -> NDArray[Any]:
    """Map [0, 1] to integers from `low` to `high`, rounded to nearest.

    The result has the same shape, as uint8 if the integers fit, else as uint16.
    """
    values: NDArray[Any] = np.rint(alpha * np.float32(high - low) + np.float32(low))
    return values.astype(np.uint8 if high < 256 else np.uint16)
