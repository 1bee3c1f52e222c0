"""What an encoder is given for a matte: its frame, its frame with alpha, or its alpha as gray."""

from __future__ import annotations

from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange
from numpy.typing import NDArray

from sinet_video.codecs import Content, Plan
from sinet_video.frame import Matte, blank_like, planes_of, reformat


def picture(matte: Matte, content: Content, plan: Plan) -> av.VideoFrame:
    """Return a matte as a picture that the planned encoder takes."""
    if content == "matte":
        return gray(matte, plan.pixel_format)
    if plan.pixel_format == "rgba":
        return rgba(matte)
    limited = None if plan.full_range else ColorRange.MPEG
    if content == "alpha":
        return with_alpha(matte, plan.pixel_format, limited)
    return reformat(matte.frame.video, pixel_format=plan.pixel_format, color_range=limited)


def gray(matte: Matte, pixel_format: str) -> av.VideoFrame:
    """Alpha as gray: full range in a gray format, limited range and no colour in a YUV one."""
    if pixel_format == "gray":
        return av.VideoFrame.from_ndarray(quantised(matte.alpha, 0, 255), "gray")
    deep = pixel_format.endswith("10le")
    video = av.VideoFrame(matte.frame.width, matte.frame.height, pixel_format)
    luma, *chroma = planes_of(video)
    luma[...] = quantised(matte.alpha, 64, 940) if deep else quantised(matte.alpha, 16, 235)
    for plane in chroma:
        plane[...] = 512 if deep else 128
    return video


def with_alpha(
    matte: Matte, pixel_format: str, color_range: ColorRange | None = None
) -> av.VideoFrame:
    """The frame's planes and, straight, the alpha plane."""
    plain = pixel_format.replace("yuva", "yuv")
    colour = reformat(matte.frame.video, pixel_format=plain, color_range=color_range)
    # The frame's own tags: a conversion would put its guess where the source says nothing.
    video = blank_like(matte.frame.video, pixel_format)
    video.color_range = color_range or matte.frame.video.color_range
    *planes, alpha = planes_of(video)
    for target, source in zip(planes, planes_of(colour), strict=True):
        target[...] = source
    alpha[...] = quantised(matte.alpha, 0, 1023 if pixel_format.endswith("10le") else 255)
    return video


def rgba(matte: Matte) -> av.VideoFrame:
    """Straight RGBA; what is wholly transparent has no colour."""
    alpha = quantised(matte.alpha, 0, 255)
    rgb = matte.frame.rgb * (alpha > 0)[..., None]
    return av.VideoFrame.from_ndarray(np.dstack([rgb, alpha]), "rgba")


def quantised(alpha: NDArray[np.float32], low: int, high: int) -> NDArray[Any]:
    """Map [0, 1] to whole numbers from low to high, rounded to nearest; uint8 if they fit."""
    values: NDArray[Any] = np.rint(alpha * np.float32(high - low) + np.float32(low))
    return values.astype(np.uint8 if high < 256 else np.uint16)
