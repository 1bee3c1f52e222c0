"""Frames as small RGB images, by area averaging."""

from __future__ import annotations

from functools import lru_cache

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from sinet_video import native
from sinet_video.media.convert import AREA, matrix_of, planes_of, range_of, reformat, rgb_of
from sinet_video.media.pixel_formats import PLANAR, PixelFormat
from sinet_video.native import reduce as kernels

_RED_BLUE = {
    Colorspace.ITU709: (0.2126, 0.0722),
    Colorspace.FCC: (0.30, 0.11),
    Colorspace.ITU601: (0.299, 0.114),
    Colorspace.SMPTE240M: (0.212, 0.087),
    Colorspace.BT2020: (0.2627, 0.0593),
}
"""Weights of red and blue in luma, of ITU-T H.273."""


def reduced_rgb(video: av.VideoFrame, width: int, height: int) -> NDArray[np.uint8]:
    """Return a frame in one of `PLANAR` as (height, width, 3) RGB uint8.

    Where it, or its chroma, is enlarged, and where there are no kernels, libswscale does it: that
    shares chroma between two pixels, and its colours are off by up to 3 levels.
    """
    if native.available():
        planes = planes_of(video)
        if all(plane.shape[0] >= height and plane.shape[1] >= width for plane in planes):
            form = PLANAR[video.format.name]
            matrix = to_rgb(form, matrix_of(video), range_of(video))
            return kernels.rgb(planes, (height, width), matrix)
    small = reformat(video, width=width, height=height, pixel_format="rgb24", interpolation=AREA)
    return rgb_of(small)


@lru_cache(16)
def to_rgb(form: PixelFormat, matrix: Colorspace, values: ColorRange) -> NDArray[np.float32]:
    """Return what red, green and blue in [0, 255] are of a format's planes, (3, 4) float32.

    A row has the weights of the planes as stored, of RGB in the order G, B, R, and what is added.
    """
    if form.is_rgb:
        of_planes = np.array([[0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 0]])
        return np.float32(255 / form.top) * of_planes.astype(np.float32)
    red, blue = _RED_BLUE[matrix]
    green = 1 - red - blue
    by_v, by_u = 2 * (1 - red), 2 * (1 - blue)
    colours = np.array([[1, 0, by_v], [1, -by_u * blue / green, -by_v * red / green], [1, by_u, 0]])
    limited, step = values == ColorRange.MPEG, 1 << form.bits - 8
    black, luma, chroma = (16, 219, 224) if limited else (0, form.top / step, form.top / step)
    scaled = colours * np.array([255 / luma, 255 / chroma, 255 / chroma]) / step
    levels = scaled @ np.array([black, 128, 128]) * step
    return np.column_stack([scaled, -levels]).astype(np.float32)
