"""Alpha below colour in one frame of twice the height, for players without alpha."""

from __future__ import annotations

from collections.abc import Mapping

import av
import numpy as np
from av.video.reformatter import ColorRange

from sinet_video.media.arrays import Array
from sinet_video.media.convert import blank_like, planes_of, range_of

STACKED = "stacked"
"""Value of the stream tag ALPHA of such a file."""

HANDLER = "Stacked alpha"
"""Name of the video track in MP4 and MOV files, which have no tags of other names."""


def says_stacked(tags: Mapping[str, str]) -> bool:
    """Whether the tags of a video stream say that it is stacked."""
    lower = {key.lower(): value for key, value in tags.items()}
    return lower.get("alpha") == STACKED or lower.get("handler_name") == HANDLER


def stack(colour: av.VideoFrame, alpha: Array) -> av.VideoFrame:
    """Return a planar YUV frame with alpha below it, as luma without colour.

    Alpha is (H, W) float32 in [0, 1], at the frame's size; it spans the frame's own range of luma.
    """
    tall = blank_like(colour, height=2 * colour.height)
    black, white = _limits(colour)
    matte = np.rint(black + alpha * np.float32(white - black))
    for index, (target, source) in enumerate(zip(planes_of(tall), planes_of(colour), strict=True)):
        rows = source.shape[0]
        target[:rows] = source
        target[rows:] = matte if index == 0 else 128 << (_bits(colour) - 8)
    return tall


def unstack(video: av.VideoFrame) -> av.VideoFrame:
    """Return a frame with an alpha channel of one that is stacked."""
    name = video.format.name.replace("yuvj", "yuv").replace("yuv", "yuva")
    made = blank_like(video, name, height=video.height // 2)
    black, white = _limits(video)
    if video.format.name.startswith("yuvj"):
        made.color_range = ColorRange.JPEG
    *targets, alpha = planes_of(made)
    for target, source in zip(targets, planes_of(video), strict=True):
        target[...] = source[: target.shape[0]]
    luma = planes_of(video)[0][made.height : 2 * made.height].astype(np.float32)
    most = (1 << _bits(video)) - 1
    alpha[...] = np.rint(np.clip((luma - black) / (white - black), 0, 1) * most)
    made.pts, made.duration = video.pts, video.duration
    if video.time_base is not None:
        made.time_base = video.time_base
    return made


def can_unstack(video: av.VideoFrame) -> bool:
    """Whether a frame can be a stacked one: YUV of a kind that libav has with alpha, in halves."""
    name = video.format.name.replace("yuvj", "yuv")
    try:
        av.VideoFormat(name.replace("yuv", "yuva"))
    except ValueError:
        return False
    return name.startswith("yuv") and "yuva" not in name and video.height % 2 == 0


def _bits(video: av.VideoFrame) -> int:
    return int(video.format.components[0].bits)


def _limits(video: av.VideoFrame) -> tuple[int, int]:
    """Return the luma of black and of white."""
    bits = _bits(video)
    if range_of(video) == ColorRange.JPEG:
        return 0, (1 << bits) - 1
    return 16 << (bits - 8), 235 << (bits - 8)
