"""The array types of annotations, told apart by the type of their values.

Shapes are in docstrings, as numpy's types hardly express them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
"""An array of any type, where several are possible; its docstring says which."""

FloatArray = NDArray[np.float32]
"""Computed values, such as alpha in [0, 1], or planes scaled to [0, 1]."""

Image = NDArray[np.uint8]
"""An RGB image, (H, W, 3)."""

Mask = NDArray[np.bool_]
"""Whether each cell or pixel belongs to something, (H, W)."""
