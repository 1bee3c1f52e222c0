"""Levels of alpha: its black and white points, and from where on somebody is seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SEEN = 0.3
"""Coarse alpha up to it is background, where regions are told apart."""


def levels(alpha: NDArray[np.float32], black: float, white: float) -> NDArray[np.float32]:
    """Stretch alpha of any shape so that `black` becomes 0 and `white` becomes 1."""
    stretched: NDArray[np.float32] = np.clip(
        (alpha - np.float32(black)) / np.float32(white - black), 0, 1
    )
    return stretched
