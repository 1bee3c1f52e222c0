"""Gaussian blurs: straight where they are small, on halved grids where they are large."""

from __future__ import annotations

from functools import lru_cache
from math import ceil, sqrt

import numpy as np

from sinet_video import native
from sinet_video.media.arrays import Array
from sinet_video.native import edges as kernels
from sinet_video.planes.pyramid import doubled, halved

HALVED_FROM = 6.0
"""Deviation, in samples, above which a plane is halved first: at a sharp edge it is off by less
than 0.002 then."""

MOST_HALVINGS = 6


def gaussian(planes: Array, sigma: float, reach: int) -> Array:
    """Return planes, (n, h, w), blurred by a Gaussian of deviation `sigma`, in samples.

    It is cut off at `reach`; outside the planes all is zero.
    """
    if native.available():
        return kernels.gaussian(planes, sigma, reach)
    count, own = halvings(sigma)
    shapes = []
    for _ in range(count):
        shapes.append(planes.shape[1:])
        planes = halved(planes)
    own_reach = ceil(own * reach / sigma) if count else reach
    planes = _straight(planes, _weights(own, own_reach))
    for shape in reversed(shapes):
        planes = doubled(planes, shape)
    return planes


def halvings(sigma: float) -> tuple[int, float]:
    """Return how often to halve a plane, and what is left to blur then, in its cells."""
    count = 0
    while sigma > HALVED_FROM and count < MOST_HALVINGS:
        # Averaging two and enlarging again have a variance of 1 in all, in the larger's samples.
        sigma, count = sqrt((sigma * sigma - 1) / 4), count + 1
    return count, sigma


@lru_cache(16)
def _weights(sigma: float, reach: int) -> Array:
    """Return the weights from the middle to one side, one in all."""
    values = np.exp(-0.5 * np.square(np.arange(reach + 1) / sigma))
    weights: Array = (values / (2 * values.sum() - 1)).astype(np.float32)
    return weights


def _straight(planes: Array, weights: Array) -> Array:
    for axis in (1, 2):
        planes = _along(planes, weights, axis)
    return planes


def _along(planes: Array, weights: Array, axis: int) -> Array:
    reach, length = len(weights) - 1, planes.shape[axis]
    padded = np.pad(planes, [(reach, reach) if axis == at else (0, 0) for at in range(3)])
    padded, blurred = padded.swapaxes(0, axis), np.zeros_like(planes).swapaxes(0, axis)
    blurred += padded[reach : reach + length] * weights[0]
    for step, weight in enumerate(weights[1:], 1):
        before, after = padded[reach - step :], padded[reach + step :]
        blurred += (before[:length] + after[:length]) * weight
    back: Array = blurred.swapaxes(0, axis)
    return back
