"""Images encoded as PNG and JPEG bytes."""

from __future__ import annotations

from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from sinet_video.media.arrays import Array
from sinet_video.media.convert import reformat


def png(image: Array) -> bytes:
    """Return an RGB image, (H, W, 3) uint8, as the bytes of a PNG file."""
    return _encoded(av.VideoFrame.from_ndarray(np.ascontiguousarray(image), "rgb24"), "png")


def jpeg(image: Array, *, quantiser: int = 3) -> bytes:
    """Return an image, (H, W, 3) RGB or (H, W) gray, uint8, as the bytes of a JPEG file.

    `quantiser` is libav's, from 2 for the best quality.
    """
    name = "gray" if image.ndim == 2 else "rgb24"
    # JFIF is always full-range BT.601, whatever the size.
    video = reformat(
        av.VideoFrame.from_ndarray(np.ascontiguousarray(image), name),
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
