"""Smoothing in torch; see `stages.smooth`.

Whether two frames are of different shots is decided on the CPU, by the numbers that `stages.smooth`
decides by: nothing has to be waited for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from sinet_video.device.grids import box_mean, doubled, halved, resized
from sinet_video.device.matte import DeviceMatte
from sinet_video.device.transfer import uploaded
from sinet_video.media.colour import LUMA
from sinet_video.media.frame import Frame
from sinet_video.planes.scene_change import coarse_luma, is_cut
from sinet_video.stages.matte_settings import (
    ExponentialAverage,
    MotionAdaptive,
    Smoothing,
    WindowMean,
)
from sinet_video.stages.smooth import held_back


def smooth(mattes: Iterable[DeviceMatte], smoothing: Smoothing) -> Iterator[DeviceMatte]:
    """Yield each matte with alpha smoothed over neighbouring frames; starts afresh at a cut."""
    if smoothing is None:
        yield from mattes
    elif isinstance(smoothing, WindowMean):
        yield from _averaged(mattes, smoothing)
    else:
        yield from _mixed(mattes, smoothing)


class _Held:
    """A matte that waits for later ones; see `stages.smooth`."""

    def __init__(self, matte: DeviceMatte) -> None:
        self.matte, self.alpha = matte, matte.alpha
        self.colours = halved(colours_of(matte.frame, matte.alpha))
        self.same = torch.ones_like(self.colours[0])
        self._sum, self._weight = self.alpha, torch.ones_like(self.alpha)

    def add(self, other: _Held, weight: Tensor) -> None:
        """Add another matte's alpha, with a weight on either grid."""
        weight = _on_grid(weight, self.alpha)
        self._sum = self._sum + weight * _on_grid(other.alpha, self.alpha)
        self._weight = self._weight + weight

    def meet(self, new: _Held, step: Tensor) -> None:
        """Mix the newest alpha and this one into each other; `step` is what stayed the same."""
        self.same = _on_grid(self.same, step) * step
        weight = doubled(self.same, new.alpha.shape)
        self.add(new, weight)
        new.add(self, weight)

    def mean(self) -> DeviceMatte:
        """Return the matte with the mean of all alphas added to it."""
        return self.matte.with_alpha(self._sum / self._weight)


def _averaged(mattes: Iterable[DeviceMatte], window: WindowMean) -> Iterator[DeviceMatte]:
    def meet(held: Iterable[_Held], last: _Held, new: _Held) -> None:
        step = _sameness(last.colours, new.colours, window)
        for before in held:
            before.meet(new, step)

    return held_back(mattes, window.frames, _Held, meet, _is_cut)


def _sameness(before: Tensor, now: Tensor, window: WindowMean) -> Tensor:
    """Return how similar two frames, (3, h, w), are, on the grid of the second."""
    before = torch.stack([_on_grid(plane, now[0]) for plane in before])
    change = box_mean((before - now).abs().mean(0), 1)
    return 1 - _moving_share(change, window.still, window.moving)


def _moving_share(change: Tensor, still: float, moving: float) -> Tensor:
    return ((change - still) / (moving - still)).clamp(0, 1)


def _on_grid(values: Tensor, like: Tensor) -> Tensor:
    return values if values.shape == like.shape else resized(values, tuple(like.shape))


def _mixed(
    mattes: Iterable[DeviceMatte], smoothing: ExponentialAverage | MotionAdaptive
) -> Iterator[DeviceMatte]:
    last: DeviceMatte | None = None
    for matte in mattes:
        before, last = last, matte
        if before is not None and not _is_cut(before, matte):
            steady = _on_grid(before.alpha, matte.alpha)
            share = _share_of_new(smoothing, before.frame, matte)
            last = matte.with_alpha(steady + share * (matte.alpha - steady))
        yield last


def _share_of_new(
    smoothing: ExponentialAverage | MotionAdaptive, before: Frame, matte: DeviceMatte
) -> Tensor | float:
    """Return the weight of the new alpha, in (0, 1], as one number or (h, w)."""
    if isinstance(smoothing, ExponentialAverage):
        return smoothing.weight
    old, new = (_luma(colours_of(frame, matte.alpha)) for frame in (before, matte.frame))
    moves = _moving_share(box_mean((new - old).abs(), 2), smoothing.still, smoothing.moving)
    return smoothing.weight + (1 - smoothing.weight) * moves


def _luma(colours: Tensor) -> Tensor:
    red, green, blue = LUMA
    return colours[0] * red + colours[1] * green + colours[2] * blue


def colours_of(frame: Frame, alpha: Tensor) -> Tensor:
    """Return a frame's red, green and blue on alpha's grid and device: (3, h, w) in [0, 1]."""
    height, width = alpha.shape
    return image_of(frame, width, height, alpha.device).permute(2, 0, 1) / 255


def image_of(frame: Frame, width: int, height: int, device: torch.device) -> Tensor:
    """Return a frame scaled by libswscale, as it is stored, on a device: (h, w, 3) uint8.

    Few samples, moved once for the network and for smoothing.
    """
    name = ("image", width, height, str(device))
    return frame.once(name, lambda: uploaded(frame.scaled(width, height), device))


def _is_cut(before: DeviceMatte, now: DeviceMatte) -> bool:
    shape = tuple(now.alpha.shape)
    return is_cut(coarse_luma(before.frame, shape), coarse_luma(now.frame, shape))
