"""Where a clip's shots meet, and what moves within them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sinet_video.boxes import box_mean
from sinet_video.frame import Frame

Coarse = NDArray[Any]

CUT = 0.095
"""Mean change of luma, in [0, 1], between neighbouring pictures that is taken for a cut.

The cuts of our test clips are at 0.112 (between dark shots) and more, their fastest motion, hands
that fill the picture, at 0.079."""


def coarse_luma(frame: Frame, shape: tuple[int, ...]) -> Coarse:
    """Return a frame's luma on a grid, (h, w) float32 in [0, 1]; weights as in BT.601."""
    height, width = shape
    red, green, blue = np.moveaxis(frame.scaled(width, height).astype(np.float32), 2, 0)
    luma: Coarse = (red * 0.299 + green * 0.587 + blue * 0.114) / 255
    return luma


def is_cut(before: Coarse, luma: Coarse) -> bool:
    """Whether two neighbouring pictures belong to different shots."""
    return before.shape != luma.shape or float(np.abs(luma - before).mean()) > CUT


def motion(before: Coarse, luma: Coarse, still: float = 0.015, moving: float = 0.06) -> Coarse:
    """Return how much each place moves, (h, w) in [0, 1].

    0 where luma changes by up to `still`, 1 where by `moving` or more, in between in proportion.
    """
    # Widened, so that the rim that a moving thing uncovers counts as moving too.
    change = box_mean(np.abs(luma - before), 2)
    moves: Coarse = np.clip((change - still) / (moving - still), 0, 1)
    return moves
