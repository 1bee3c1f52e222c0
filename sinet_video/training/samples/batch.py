"""The input of a training step: samples of one shape, their labels, and bands around edges."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from sinet_video.media.arrays import Array


@dataclass(frozen=True)
class Batch:
    """Samples of one shape.

    If k of them are viewed twice, they are the first k, and their second views are the next k.
    """

    images: Array
    """(n, h, w, 3) uint8, RGB."""
    labels: Array
    """(n, h, w) uint8, the person's alpha."""
    bands: Array
    """(n, h, w) uint8, 1 near the label's edge."""
    motion: Array
    """(k, 2, 3) float32; see `losses.Target`."""


def band(labels: Array, width: int) -> Array:
    """Return 1 in a band of a width around the edges of labels (n, h, w): dilation less erosion."""
    kernel = np.ones((width, width), np.uint8)
    people = (labels > 127).astype(np.uint8)
    return np.stack([cv2.dilate(p, kernel) - cv2.erode(p, kernel) for p in people])
