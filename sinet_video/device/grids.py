"""Sums over windows, and grids halved, doubled, reduced and enlarged, as in `planes`.

Planes are (..., h, w) float32. Windows are summed by pooling and not by convolution, which rounds
to the 10 bits of TF32 on NVIDIA devices unless a switch of the whole process says otherwise. What
is exactly 0 or 1 would not stay so.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from sinet_video.device.transfer import uploaded
from sinet_video.media.frame import Frame
from sinet_video.planes.pyramid import reduced
from sinet_video.planes.resample import between


def box_sum(values: Tensor, radius: int) -> Tensor:
    """Return the sum over windows of (2 * radius + 1) squared, with zeros outside the border."""
    side = 2 * radius + 1
    rows = F.avg_pool2d(_images(values), (side, 1), 1, (radius, 0))
    both = F.avg_pool2d(rows, (1, side), 1, (0, radius))
    return (both * side**2).reshape(values.shape)


def box_mean(values: Tensor, radius: int) -> Tensor:
    """Return the mean over windows of (2 * radius + 1) squared, clipped at the border."""
    side = 2 * radius + 1
    rows = F.avg_pool2d(_images(values), (side, 1), 1, (radius, 0), count_include_pad=False)
    both = F.avg_pool2d(rows, (1, side), 1, (0, radius), count_include_pad=False)
    return both.reshape(values.shape)


def highest(values: Tensor, radius: int) -> Tensor:
    """Return the highest value within windows of (2 * radius + 1) squared."""
    most = F.max_pool2d(_images(values), 2 * radius + 1, 1, radius)
    return most.reshape(values.shape)


def halved(cells: Tensor) -> Tensor:
    """Average 2 x 2 cells, repeating an odd last row or column."""
    return averaged(cells, 2, 2)


def averaged(values: Tensor, down: int, across: int) -> Tensor:
    """Average `down` x `across` samples, repeating the last row and column to whole ones."""
    images = _images(values)
    *_, height, width = images.shape
    missing = -width % across, -height % down
    if any(missing):
        images = F.pad(images, (0, missing[0], 0, missing[1]), mode="replicate")
    means = F.avg_pool2d(images, (down, across))
    return means.reshape(*values.shape[:-2], *means.shape[-2:])


def doubled(cells: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Enlarge cells bilinearly by two, to the (h, w) that they had before `halved`."""
    return enlarged(cells, (2, 2), shape)


def enlarged(cells: Tensor, factors: tuple[int, int], shape: tuple[int, ...]) -> Tensor:
    """Enlarge cells bilinearly by whole factors, down and across, and cut them to (h, w)."""
    if factors != (1, 1):
        scale = [float(factor) for factor in factors]
        images = _images(cells)
        cells = F.interpolate(images, scale_factor=scale, mode="bilinear").reshape(
            *cells.shape[:-2], cells.shape[-2] * factors[0], cells.shape[-1] * factors[1]
        )
    return cells[..., : shape[0], : shape[1]]


def repeated(cells: Tensor, factors: tuple[int, int], shape: tuple[int, ...]) -> Tensor:
    """Repeat each cell by whole factors, down and across, and cut the result to (h, w)."""
    whole = cells.repeat_interleave(factors[0], -2).repeat_interleave(factors[1], -1)
    return whole[..., : shape[0], : shape[1]]


def resized(
    values: Tensor, shape: tuple[int, ...], extent: tuple[float, float] | None = None
) -> Tensor:
    """Return a plane, (h, w), resized bilinearly with cell centres aligned.

    `extent` is how many of the new cells, (down, across), it covers; by default all.
    """
    down, across = extent or (shape[0], shape[1])
    return _lerp(_lerp(values, shape[0], down, 0), shape[1], across, 1)


def _lerp(values: Tensor, length: int, extent: float, axis: int) -> Tensor:
    lower, upper, share = _positions(values.shape[axis], length, extent, values.device)
    below, above = values.index_select(axis, lower), values.index_select(axis, upper)
    return below + share.reshape((-1, 1) if axis == 0 else (1, -1)) * (above - below)


@lru_cache(32)
def _positions(
    length: int, wanted: int, extent: float, device: torch.device
) -> tuple[Tensor, Tensor, Tensor]:
    """Return for each output sample those below and above it, and the share of the second."""
    lower, share = between((np.arange(wanted) + 0.5) * length / extent - 0.5, length)
    upper = np.minimum(lower + 1, length - 1)
    below, above = (torch.from_numpy(each.astype(np.int64)).to(device) for each in (lower, upper))
    return below, above, torch.from_numpy(share).to(device)


def cells_of(frame: Frame, factor: int, device: torch.device) -> Tensor:
    """Return a frame's planes averaged over cells of `factor` pixels: (3, h, w) float32.

    libswscale averages them on the CPU, and few samples are moved. Its chroma lies elsewhere than
    that of plain averages, which moves alpha by up to 16/255.
    """
    name = ("cells", factor, str(device))
    return frame.once(name, lambda: uploaded(reduced(frame, factor), device))


def _images(values: Tensor) -> Tensor:
    return values.reshape(1, -1, *values.shape[-2:])
