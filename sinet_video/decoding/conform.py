"""Pictures brought to the size and format of their clip, and made into its frames."""

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
    """Make a frame with straight colours, and with its own alpha if the clip has any.

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
    """Bring a picture to a size and planar format: later ones to the first one's."""
    to_yuv = video.format.is_rgb and not PLANAR[pixel_format].is_rgb
    fit = reformat(
        _native(video),
        width=width,
        height=height,
        pixel_format=pixel_format,
        color_range=ColorRange.MPEG if to_yuv else None,
    )
    if not to_yuv:
        # A conversion says what it read the picture as, where the picture itself says nothing.
        fit.colorspace = video.colorspace
        if range_of(video) == ColorRange.MPEG:
            fit.color_range = video.color_range
    return fit


def _native(video: av.VideoFrame) -> av.VideoFrame:
    """Return a picture with its bytes in this machine's order, and of 8 bits if of fewer.

    libswscale turns bytes around and does something else at once only roughly; of 5 bits made
    planar it leaves the brightest at 248; and it garbles deep gbrap whose alpha it is to drop.
    """
    native = video.format.name.removesuffix("be") + "le"
    if video.format.name.endswith("be"):
        video = reformat(video, pixel_format=native)
    if native.startswith(("rgb5", "bgr5")):
        return reformat(video, pixel_format="rgb24")
    plain = video.format.name.replace("gbrap", "gbrp")
    return first_planes(video, plain) if plain != video.format.name and plain in PLANAR else video
