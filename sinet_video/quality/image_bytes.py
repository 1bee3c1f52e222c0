"""Images encoded as PNG and JPEG bytes."""

from __future__ import annotations

from typing import Any

import av
from av.video.reformatter import ColorRange, Colorspace

from sinet_video.media.arrays import Array
from sinet_video.media.convert import reformat, video_of


def png(image: Array) -> bytes:
    """Return an RGB image, (H, W, 3) uint8, as the bytes of a PNG file."""
    return _encoded(video_of(image), "png")


def jpeg(image: Array, *, quantiser: int = 3) -> bytes:
    """Return an image, (H, W, 3) RGB or (H, W) gray, uint8, as the bytes of a JPEG file.

    `quantiser` is libav's, from 2 for the best quality.
    """
    # JFIF is always full-range BT.601, whatever the size.
    video = reformat(
        video_of(image),
        pixel_format="yuvj420p",
        matrix=Colorspace.ITU601,
        color_range=ColorRange.JPEG,
    )
    steps = str(quantiser)
    return _encoded(video, "mjpeg", qmin=steps, qmax=steps)


def _encoded(video: av.VideoFrame, codec: str, **options: str) -> bytes:
    encoder: Any = av.CodecContext.create(codec, "w")
    encoder.width, encoder.height = video.width, video.height
    encoder.pix_fmt, encoder.framerate = video.format.name, 1
    encoder.color_range = video.color_range
    encoder.options = options
    video.pts = 0
    packets = [*encoder.encode(video), *encoder.encode(None)]
    return b"".join(bytes(packet) for packet in packets)
