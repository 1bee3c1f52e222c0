"""Levels of alpha: its black and white points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def levels(alpha: NDArray[np.float32], black: float, white: float) -> NDArray[np.float32]:
    """Stretch alpha of any shape so that `black` becomes 0 and `white` becomes 1."""
    stretched: NDArray[np.float32] = np.clip(
        (alpha - np.float32(black)) / np.float32(white - black), 0, 1
    )
    return stretched
