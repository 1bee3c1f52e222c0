"""Examples of results, kept small for a person to look at."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from sinet_video.media.arrays import Array
from sinet_video.planes.resample import resized
from sinet_video.training.contact_sheet import Tile, overlay

SIDE = 320
"""Longer side to which examples are reduced."""


@dataclass(frozen=True)
class Example:
    """An image or frame to look at.

    Attributes:
        name: its name.
        badness: larger is worse; see the scores it belongs to.
        image: (h, w, 3) uint8, RGB, or None if there are only mattes.
        alpha, truth: (h, w) float32 in [0, 1].
    """

    name: str
    badness: float
    image: Array | None = field(repr=False)
    alpha: Array = field(repr=False)
    truth: Array = field(repr=False)

    @classmethod
    def of(
        cls, name: str, badness: float, image: Array | None, alpha: Array, truth: Array
    ) -> Example:
        """Reduce an image, (H, W, 3) or already reduced, and mattes, (H, W)."""
        width, height = reduced(alpha.shape)
        if image is not None and image.shape[:2] != (height, width):
            small = Image.fromarray(image).resize((width, height), Image.Resampling.BOX)
            image = np.asarray(small)
        mattes = (resized(each, (height, width)) for each in (alpha, truth))
        return cls(name, badness, image, *mattes)

    def tile(self, caption: str) -> Tile:
        """Return the image and its matte, above the truth and the difference in gray.

        The background is covered with a colour. Without an image the mattes themselves are shown.
        """
        difference = _gray(np.abs(self.alpha - self.truth))
        if self.image is None:
            panels = [_gray(self.alpha), _gray(self.truth), difference, np.zeros_like(difference)]
        else:
            mattes = (overlay(self.image, alpha) for alpha in (self.alpha, self.truth))
            panels = [self.image, *mattes, difference]
        rows = [np.concatenate(panels[start : start + 2], axis=1) for start in (0, 2)]
        return Tile(np.concatenate(rows), caption)


def reduced(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return the (width, height) at which an example of a shape, (H, W), is kept."""
    scale = min(1.0, SIDE / max(shape))
    return max(1, round(shape[1] * scale)), max(1, round(shape[0] * scale))


def _gray(alpha: Array) -> Array:
    return np.repeat((alpha * 255).round().astype(np.uint8)[..., None], 3, axis=2)
