"""Mattes on a device, and their way there and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sinet_video.device.transfer import Download, downloaded, narrowed, uploaded, widened
from sinet_video.media.convert import planes_of
from sinet_video.media.frame import Frame, Matte
from sinet_video.media.frame_pool import FramePool


class DeviceAlpha:
    """Alpha of a matte, (h, w) float32 in [0, 1], that lies on a device until it is asked for."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor
        self._dense: NDArray[np.float32] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        height, width = self.tensor.shape
        return height, width

    def dense(self) -> NDArray[np.float32]:
        """Return it as an array; read-only."""
        if self._dense is None:
            self._dense = downloaded(self.tensor)
        return self._dense

    def quantised(self, low: int, high: int) -> NDArray[Any]:
        """Return it as whole numbers; see `planes.quantise.quantised`."""
        kind = torch.uint8 if high < 256 else torch.int16
        return downloaded(narrowed(self.tensor * (high - low) + low, kind))


@dataclass(frozen=True)
class DeviceMatte:
    """A frame, and alpha on a device; the frame's planes follow when they are needed.

    Attributes:
        frame: the frame as it was decoded, on the CPU.
        alpha: (h, w) float32 in [0, 1], on the device.
        made: samples that replace the frame's, of the same shapes and kinds; None for its own.
    """

    frame: Frame
    alpha: Tensor
    made: tuple[Tensor, ...] | None = None

    @property
    def samples(self) -> tuple[Tensor, ...]:
        """The planes, (h, w) uint8 or int16 with the bits of uint16; moved once."""
        if self.made is not None:
            return self.made
        device = self.alpha.device
        return self.frame.once(("samples", str(device)), lambda: samples_of(self.frame, device))

    @property
    def planes(self) -> tuple[Tensor, ...]:
        """The planes, (h, w) float32."""
        return tuple(widened(each) for each in self.samples)

    def with_alpha(self, alpha: Tensor) -> DeviceMatte:
        """Return the same frame with another alpha, (h, w) float32 in [0, 1]."""
        return DeviceMatte(self.frame, alpha, self.made)

    def with_planes(self, planes: Iterable[Tensor]) -> DeviceMatte:
        """Return the same alpha with other samples, (h, w) float32, which are rounded."""
        kind = self.samples[0].dtype
        return DeviceMatte(self.frame, self.alpha, tuple(narrowed(p, kind) for p in planes))


def samples_of(frame: Frame, device: torch.device) -> tuple[Tensor, ...]:
    """Return a frame's planes on a device, as `transfer.uploaded` returns arrays."""
    return tuple(uploaded(plane, device) for plane in frame.planes)


def lifted(mattes: Iterable[Matte], device: torch.device) -> Iterator[DeviceMatte]:
    """Yield each matte with its alpha on a device."""
    for matte in mattes:
        there = matte.plane
        alpha = there.tensor if isinstance(there, DeviceAlpha) else uploaded(matte.alpha, device)
        yield DeviceMatte(matte.frame, alpha)


class _Leaving:
    """A matte whose new planes, if it has any, are on their way to the CPU."""

    def __init__(self, matte: DeviceMatte) -> None:
        self._matte = matte
        self._planes = Download(matte.made) if matte.made is not None else None

    def landed(self, pool: FramePool) -> Matte:
        frame = self._matte.frame
        if self._planes is not None:
            video = pool.blank_like(frame.video)
            for target, plane in zip(planes_of(video), self._planes.arrays(), strict=True):
                target[...] = plane
            frame = frame.with_video(video)
        return Matte(frame, DeviceAlpha(self._matte.alpha))


def lowered(mattes: Iterable[DeviceMatte], *, prompt: bool = False) -> Iterator[Matte]:
    """Yield each matte with its planes back on the CPU; its alpha follows when it is asked for.

    On a GPU each is awaited only when the work on the next has been queued, unless it must be
    `prompt`.
    """
    pool = FramePool()
    leaving: _Leaving | None = None
    try:
        for matte in mattes:
            before, leaving = leaving, _Leaving(matte)
            if before is not None:
                yield before.landed(pool)
            if prompt or matte.alpha.device.type == "cpu":
                done, leaving = leaving, None
                yield done.landed(pool)
    except Exception:
        # Mattes from before an error are still delivered.
        if leaving is not None:
            yield leaving.landed(pool)
        raise
    if leaving is not None:
        yield leaving.landed(pool)
