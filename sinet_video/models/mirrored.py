"""Segmenters that look at each image twice, for better mattes in more time.

The first look is at more pixels than suit the network, which shows it hands and small people. The
second is at its usual number, and at the mirror image. A network is wrong in other places of each,
and surest where it is right, so that the mean of their logits is better than both.
"""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from sinet_video.media.arrays import FloatArray, Image
from sinet_video.media.convert import AREA, scaled
from sinet_video.models.input_settings import PIXELS, STEP
from sinet_video.models.segmenter import OnDevice
from sinet_video.planes.resample import resized

if TYPE_CHECKING:
    from torch import Tensor, device

    from sinet_video.models.runtimes import NamedSegmenter

MORE = 25 / 16
"""How many times the pixels that suit the network the first look is at."""

LEAST = 1e-7
"""Alpha is taken to be this far from 0 and 1 at least, so that neither look decides alone."""


class Mirrored:
    """Asks a segmenter about an image, and about its mirror image at fewer pixels."""

    def __init__(self, segmenter: NamedSegmenter) -> None:
        self._segmenter = segmenter
        self.name, self.runtime, self.device = segmenter.name, segmenter.runtime, segmenter.device
        self.input_size = getattr(segmenter, "input_size", None)
        self.step: int = getattr(segmenter, "step", STEP)
        self.pixels = round(MORE * getattr(segmenter, "pixels", PIXELS))
        self.sure: float | None = getattr(segmenter, "sure", None)

    def __call__(self, image: Image, /) -> FloatArray:
        """Return alpha for an image, (h, w, 3) uint8, as the segmenter does."""
        first = logits(self._segmenter(image))
        turned = scaled(image[:, ::-1], self._second_size(image.shape), AREA)
        second = logits(self._segmenter(turned)[:, ::-1])
        back: FloatArray = resized(second, first.shape)
        return logistic(np.float32(0.5) * (first + back))

    def _second_size(self, shape: tuple[int, ...]) -> tuple[int, int]:
        """Return the (width, height) of the second look at an image of this shape."""
        height, width = shape[:2]
        if self.input_size:
            return width, height
        return self._fewer(width), self._fewer(height)

    def _fewer(self, side: int) -> int:
        """Return a side of the second look, to the nearest multiple of the step."""
        steps: int = max(1, round(side / sqrt(MORE) / self.step))
        return steps * self.step


class MirroredOnDevice(Mirrored):
    """The same for a segmenter in torch, without leaving its device."""

    _segmenter: Any

    @property
    def place(self) -> device:
        """The torch device of the network."""
        there: device = self._segmenter.place
        return there

    def alpha(self, image: Tensor) -> Tensor:
        """Return alpha for an image, as `TorchSegmenter.alpha` does."""
        from torch.nn.functional import interpolate

        width, height = self._second_size(image.shape)
        planes = image.flip(1).permute(2, 0, 1)[None].float()
        turned = interpolate(planes, (height, width), mode="bilinear", antialias=True)
        fewer = turned[0].permute(1, 2, 0).round().to(image.dtype)
        first = self._segmenter.alpha(image).logit(LEAST)
        second = self._segmenter.alpha(fewer).flip(1).logit(LEAST)
        back = interpolate(second[None, None], first.shape, mode="bilinear")[0, 0]
        alpha: Tensor = ((first + back) / 2).sigmoid()
        return alpha


def mirrored(segmenter: NamedSegmenter) -> Mirrored:
    """Return the segmenter that looks twice."""
    return (MirroredOnDevice if isinstance(segmenter, OnDevice) else Mirrored)(segmenter)


def logits(alpha: FloatArray) -> FloatArray:
    """Return the logits of alpha, of the same shape, none of them infinite."""
    inside = alpha.clip(LEAST, 1 - LEAST)
    found: FloatArray = np.log(inside / (1 - inside))
    return found


def logistic(values: FloatArray) -> FloatArray:
    """Return the alpha of logits."""
    return (1 / (1 + np.exp(-values))).astype(np.float32, copy=False)
