"""Gaussian blurs in torch, with kornia's weights; see `planes.gaussian`.

The weighted sum is of shifted planes and not a convolution, for the reason that `grids` gives.
"""

from __future__ import annotations

from math import ceil

from kornia.filters import get_gaussian_kernel1d
from torch import Tensor
from torch.nn import functional as F

from sinet_video.device.grids import doubled, halved
from sinet_video.planes.gaussian import halvings


def gaussian(planes: Tensor, sigma: float, reach: int) -> Tensor:
    """Return planes, (n, h, w), blurred by a Gaussian of deviation `sigma`, in samples.

    It is cut off at `reach`; outside the planes all is zero.
    """
    count, own = halvings(sigma)
    shapes = []
    for _ in range(count):
        shapes.append(tuple(planes.shape[1:]))
        planes = halved(planes)
    planes = _straight(planes, own, ceil(own * reach / sigma) if count else reach)
    for shape in reversed(shapes):
        planes = doubled(planes, shape)
    return planes


def _straight(planes: Tensor, sigma: float, reach: int) -> Tensor:
    weights = get_gaussian_kernel1d(2 * reach + 1, sigma)[0].tolist()
    for axis in (-2, -1):
        planes = _along(planes, weights, reach, axis)
    return planes


def _along(planes: Tensor, weights: list[float], reach: int, axis: int) -> Tensor:
    sides = (0, 0, reach, reach) if axis == -2 else (reach, reach)
    padded, length = F.pad(planes, sides), planes.shape[axis]
    blurred = planes * weights[reach]
    for step in range(1, reach + 1):
        before = padded.narrow(axis, reach - step, length)
        blurred.add_(
            before + padded.narrow(axis, reach + step, length), alpha=weights[reach + step]
        )
    return blurred
