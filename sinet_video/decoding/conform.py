"""Conversion of decoded frames to the size and format of their clip."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import av
from av.video.reformatter import ColorRange

from sinet_video.decoding.clip import Clip
from sinet_video.decoding.source_alpha import divided, opacity_of
from sinet_video.media.convert import first_planes, range_of, reformat
from sinet_video.media.frame import Frame
from sinet_video.media.pixel_formats import PLANAR


def to_frame(video: av.VideoFrame, clip: Clip, **times: Any) -> Frame:
    """Return a `Frame` with straight colours, and with its own alpha if the clip has any.

    `times` are the other fields of `Frame`.
    """
    frame = Frame(conform(video, clip.width, clip.height, clip.working_format), **times)
    if clip.alpha is None:
        return frame
    alpha = opacity_of(video, clip.width, clip.height)
    if alpha is not None and clip.alpha == "premultiplied":
        frame = frame.with_video(divided(frame, alpha))
    return replace(frame, source_alpha=alpha)


def conform(video: av.VideoFrame, width: int, height: int, pixel_format: str) -> av.VideoFrame:
    """Return a video frame in this size and planar format, those of the first frame."""
    to_yuv = video.format.is_rgb and not PLANAR[pixel_format].is_rgb
    fit = reformat(
        _native(video),
        width=width,
        height=height,
        pixel_format=pixel_format,
        color_range=ColorRange.MPEG if to_yuv else None,
    )
    if not to_yuv:
        # A conversion states the matrix it assumed, even if the frame itself has no tag.
        fit.colorspace = video.colorspace
        if range_of(video) == ColorRange.MPEG:
            fit.color_range = video.color_range
    return fit


def _native(video: av.VideoFrame) -> av.VideoFrame:
    """Return a video frame in native byte order, and with at least 8 bits.

    libswscale swaps bytes only roughly when it does something else at the same time. It leaves the
    brightest of 5 bits at 248 when it makes them planar, and garbles deep gbrap when it drops
    alpha.
    """
    native = video.format.name.removesuffix("be") + "le"
    if video.format.name.endswith("be"):
        video = reformat(video, pixel_format=native)
    if native.startswith(("rgb5", "bgr5")):
        return reformat(video, pixel_format="rgb24")
    plain = video.format.name.replace("gbrap", "gbrp")
    return first_planes(video, plain) if plain != video.format.name and plain in PLANAR else video
