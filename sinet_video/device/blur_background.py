"""The blurred original as a background, in torch; see `stages.blur_background`."""

from __future__ import annotations

from functools import lru_cache
from math import ceil

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from sinet_video.device.gaussian import gaussian
from sinet_video.device.grids import averaged
from sinet_video.device.matte import DeviceMatte
from sinet_video.stages.blur_background import FAINT, small_size


def blurred_background(matte: DeviceMatte, radius: float) -> list[Tensor]:
    """Return the blurred planes of a frame, (h, w) float32; `radius` in percent of a side."""
    frame = matte.frame
    width, height = small_size(frame)
    room = 1 - _area((matte.alpha * 255).round(), (height, width)).round() / 255
    return [
        _blurred(plane, room, _sides(index, matte), radius)
        for index, plane in enumerate(matte.planes)
    ]


def _sides(index: int, matte: DeviceMatte) -> tuple[int, int]:
    form = matte.frame.format
    return (form.down, form.across) if index else (1, 1)


def _blurred(plane: Tensor, room: Tensor, shared: tuple[int, int], radius: float) -> Tensor:
    share = averaged(room, *shared)
    shape = tuple(share.shape)
    small = _area(plane, shape).round()
    sigma = radius / 100 * max(shape)
    weight = share.square().clamp(min=FAINT)
    values, weights = gaussian(torch.stack([small * weight, weight]), sigma, ceil(3 * sigma))
    blurred = (values / weights).round()
    size = list(plane.shape)
    return F.interpolate(blurred[None, None], size=size, mode="bilinear")[0, 0].round()


def _area(plane: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return a plane reduced to (h, w) by averages over areas, whole samples or not."""
    down, across = (
        _shares(length, wanted, plane.device)
        for length, wanted in zip(plane.shape, shape, strict=True)
    )
    return down @ plane @ across.T


@lru_cache(16)
def _shares(length: int, wanted: int, device: torch.device) -> Tensor:
    """Return how much of each sample is in each of the wanted ones, (wanted, length)."""
    edges = np.arange(wanted + 1) * (length / wanted)
    low, high = edges[:-1, None], edges[1:, None]
    starts = np.arange(length)
    overlap = np.minimum(high, starts + 1) - np.maximum(low, starts)
    shares = np.clip(overlap, 0, None) * (wanted / length)
    return torch.from_numpy(shares.astype(np.float32)).to(device)
