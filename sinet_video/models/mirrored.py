"""Segmenters that also look at each image's mirror image, for better mattes in more time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sinet_video.media.arrays import FloatArray, Image
from sinet_video.models.input_settings import PIXELS, STEP
from sinet_video.models.segmenter import OnDevice

if TYPE_CHECKING:
    from torch import Tensor, device

    from sinet_video.models.runtimes import NamedSegmenter

MORE = 25 / 16
"""How many times the pixels that suit the network are looked at."""

LEAST = 1e-7
"""Alpha is taken to be this far from 0 and 1 at least, so that neither look decides alone."""


class Mirrored:
    """Asks a segmenter about an image and about its mirror image.

    Alpha is the mean of the two in their logits. A network is wrong in other places of a mirror
    image, and surest where it is right.
    """

    def __init__(self, segmenter: NamedSegmenter) -> None:
        self._segmenter = segmenter
        self.name, self.runtime, self.device = segmenter.name, segmenter.runtime, segmenter.device
        self.input_size = getattr(segmenter, "input_size", None)
        self.step: int = getattr(segmenter, "step", STEP)
        self.pixels = round(MORE * getattr(segmenter, "pixels", PIXELS))
        self.sure: float | None = getattr(segmenter, "sure", None)

    def __call__(self, image: Image, /) -> FloatArray:
        """Return alpha for an image, (h, w, 3) uint8, as the segmenter does."""
        turned = self._segmenter(np.ascontiguousarray(image[:, ::-1]))
        merged: FloatArray = mean_of_logits(self._segmenter(image), turned[:, ::-1])
        return merged


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
        turned: Tensor = self._segmenter.alpha(image.flip(1))
        merged: Tensor = mean_of_logits(self._segmenter.alpha(image), turned.flip(1))
        return merged


def mirrored(segmenter: NamedSegmenter) -> Mirrored:
    """Return the segmenter that also looks at mirror images."""
    return (MirroredOnDevice if isinstance(segmenter, OnDevice) else Mirrored)(segmenter)


def mean_of_logits(one: Any, other: Any) -> Any:
    """Return alpha whose logit is the mean of those of two, float32 arrays or tensors in [0, 1]."""
    one, other = one.clip(LEAST, 1 - LEAST), other.clip(LEAST, 1 - LEAST)
    person, rest = (one * other) ** 0.5, ((1 - one) * (1 - other)) ** 0.5
    return person / (person + rest)
