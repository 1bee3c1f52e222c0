"""Detection of cuts between shots, and of motion within them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sinet_video import native
from sinet_video.media.colour import LUMA
from sinet_video.media.frame import Frame
from sinet_video.native import coarse as kernels
from sinet_video.planes.box_filter import box_mean
from sinet_video.planes.pyramid import halved

Coarse = NDArray[Any]

CUT = 0.095
"""Mean change of luma between neighbouring frames, in [0, 1], from which they are a cut.

The cuts of our test clips are at 0.112 (between dark shots) and above; their fastest motion, hands
that fill the frame, is at 0.079.
"""


def coarse_colours(frame: Frame, shape: tuple[int, ...]) -> Coarse:
    """Return a frame's red, green and blue on a grid of (h, w): (3, h, w) float32 in [0, 1].

    Cached per grid; treat it as read-only.
    """
    height, width = shape

    def make() -> Coarse:
        small = np.moveaxis(frame.scaled(width, height), 2, 0)
        return np.multiply(small, np.float32(1 / 255), dtype=np.float32, order="C")

    return frame.once(("colours", height, width), make)


def half_colours(frame: Frame, shape: tuple[int, ...]) -> Coarse:
    """Return `coarse_colours` averaged over 2 x 2: (3, h / 2, w / 2) float32 in [0, 1]."""
    if native.available():
        return kernels.half_colours(frame.scaled(shape[1], shape[0]))
    return halved(coarse_colours(frame, shape))


def coarse_luma(frame: Frame, shape: tuple[int, ...]) -> Coarse:
    """Return a frame's luma on a grid of (h, w), float32 in [0, 1]; BT.601 weights.

    Cached per grid; treat it as read-only.
    """

    def make() -> Coarse:
        if native.available():
            return kernels.luma(frame.scaled(shape[1], shape[0]))
        red, green, blue = coarse_colours(frame, shape)
        of_red, of_green, of_blue = map(np.float32, LUMA)
        luma: Coarse = red * of_red + green * of_green
        luma += blue * of_blue
        return luma

    return frame.once(("luma", *shape), make)


def is_cut(before: Coarse, luma: Coarse) -> bool:
    """Whether two neighbouring frames belong to different shots."""
    return before.shape != luma.shape or _mean_change(before, luma) > CUT


def _mean_change(before: Coarse, luma: Coarse) -> float:
    if native.available():
        return kernels.mean_change(before, luma)
    return float(np.abs(luma - before).mean())


def motion(before: Coarse, luma: Coarse, still: float = 0.015, moving: float = 0.06) -> Coarse:
    """Return how much each place moves, (h, w) in [0, 1].

    0 where luma changes by up to `still`, 1 where it changes by `moving` or more; linear in
    between.
    """
    # Widened, so that the rim that a moving object uncovers also counts as moving.
    return moving_share(box_mean(np.abs(luma - before), 2), still, moving)


def moving_share(change: Coarse, still: float, moving: float) -> Coarse:
    """Return 0 for a change of up to `still`, 1 for `moving` or more, linear in between."""
    share: Coarse = np.clip((change - np.float32(still)) / np.float32(moving - still), 0, 1)
    return share
