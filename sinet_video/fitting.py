"""Pictures brought to the size and format of their clip."""

from __future__ import annotations

import av
from av.video.reformatter import ColorRange

from sinet_video.frame import range_of, reformat


def fitted(video: av.VideoFrame, width: int, height: int, pixel_format: str) -> av.VideoFrame:
    """Bring a picture to a size and planar format: later ones to the first one's, RGB to YUV."""
    coloured = video.format.is_rgb or video.format.name == "pal8"
    fit = reformat(
        video,
        width=width,
        height=height,
        pixel_format=pixel_format,
        color_range=ColorRange.MPEG if coloured else None,
    )
    if not coloured:
        # A conversion says what it read the picture as, where the picture itself says nothing.
        fit.colorspace = video.colorspace
        if range_of(video) == ColorRange.MPEG:
            fit.color_range = video.color_range
    return fit
