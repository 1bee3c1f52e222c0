"""Frames as the page gets them: source, person's own colours and alpha above one another."""

from __future__ import annotations

import numpy as np

from sinet_video.media.arrays import Array
from sinet_video.media.frame import Frame, Matte
from sinet_video.models.segmenter import upright
from sinet_video.planes.quantise import quantised
from sinet_video.quality.thumbnails import resized, shown_size


def even_size(frame: Frame, side: int) -> tuple[int, int]:
    """Return (width, height) of a frame as shown, both even, its longer side at most `side`."""
    width, height = shown_size(frame, side)
    return max(2, width // 2 * 2), max(2, height // 2 * 2)


def image_of(frame: Frame, size: tuple[int, int]) -> Array:
    """Return a frame as shown, (height, width, 3) uint8."""
    return upright(frame, size)


def alpha_of(matte: Matte, size: tuple[int, int]) -> Array:
    """Return a matte's alpha as shown, (height, width, 3) uint8, gray."""
    orientation = matte.frame.orientation
    small = resized(quantised(matte.alpha, 0, 255), orientation.stored_size(size))
    return np.repeat(orientation.shown(small)[..., None], 3, axis=2)


def stacked(*images: Array) -> Array:
    """Return images of one width above one another. Each is (h, w, 3) uint8."""
    return np.ascontiguousarray(np.concatenate(images))
