"""Levels, choke and feather in torch, by kornia's morphology; see `stages.edge`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import ceil, floor

import torch
from kornia.morphology import erosion
from torch import Tensor
from torch.nn import functional as F

from sinet_video.device.gaussian import gaussian
from sinet_video.device.matte import DeviceMatte
from sinet_video.planes.gaussian import halvings
from sinet_video.stages.edge import TINY
from sinet_video.stages.matte_settings import EdgeShape, FeatherSide

CROSS = ((0, 1, 0), (1, 1, 1), (0, 1, 0))
"""The neighbours within 1 pixel."""


def shape_edge(mattes: Iterable[DeviceMatte], edge: EdgeShape) -> Iterator[DeviceMatte]:
    """Yield each matte with levels, choke and feather applied; alpha has the frame's size."""
    for matte in mattes:
        alpha = matte.alpha
        if (edge.black, edge.white) != (0, 1):
            alpha = ((alpha - edge.black) / (edge.white - edge.black)).clamp(0, 1)
        if edge.choke:
            alpha = choked(alpha, edge.choke)
        if edge.feather:
            alpha = feathered(alpha, edge.feather, edge.side)
        yield matte.with_alpha(alpha)


def choked(alpha: Tensor, pixels: float) -> Tensor:
    """Return alpha eroded by a disc of this radius in pixels; a negative radius dilates."""
    radius, share = floor(abs(pixels)), abs(pixels) % 1
    return 1 - _eroded(1 - alpha, radius, share) if pixels < 0 else _eroded(alpha, radius, share)


def _eroded(plane: Tensor, radius: int, share: float) -> Tensor:
    """Return the least of all within `radius`, and `share` of the way to that within one more.

    A disc is made of squares and diamonds; see `planes.morphology.eroded`.
    """
    twos = radius // 2
    octagons = sum(step % 3 != 1 for step in range(twos))
    near = _square(plane, octagons)
    for _ in range(2 * twos - octagons + radius % 2):
        near = _least(near, CROSS)
    if not share:
        return near
    octagon = radius % 2 and twos % 3 != 1
    far = _square(near, 1) if octagon else _least(near, CROSS)
    return near + share * (far - near)


def _square(plane: Tensor, half: int) -> Tensor:
    if not half:
        return plane
    run = (1,) * (2 * half + 1)
    return _least(_least(plane, (run,)), tuple((each,) for each in run))


def _least(plane: Tensor, footprint: tuple[tuple[int, ...], ...]) -> Tensor:
    """Return the least over a footprint around each sample; nothing is outside of the plane.

    kornia shifts the plane by default and does not convolve it, which would round on some GPUs.
    """
    kernel = torch.tensor(footprint, dtype=plane.dtype, device=plane.device)
    least: Tensor = erosion(plane[None, None], kernel, engine="shift")[0, 0]
    return least


def feathered(alpha: Tensor, pixels: float, side: FeatherSide = "both") -> Tensor:
    """Return alpha blurred by a Gaussian, nearly all of which lies within this many pixels."""
    if side != "both":
        alpha = choked(alpha, pixels / 2 if side == "inward" else -pixels / 2)
    sigma, reach = pixels / 4, max(1, ceil(pixels * 0.75))
    # Halved grids begin where the frame's do.
    halo = -(-(reach + 2 * 2 ** halvings(sigma)[0]) // 8) * 8
    padded = F.pad(alpha[None, None], (halo,) * 4, mode="replicate")[0]
    blurred = gaussian(padded, sigma, reach)[0, halo:-halo, halo:-halo]
    # Weights add up to one only nearly: what was flat is to stay exactly so.
    blurred = torch.where(blurred < TINY, 0.0, blurred)
    return torch.where(blurred > 1 - TINY, 1.0, blurred)
