"""Lossless videos of given images, to test with."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import av

from sinet_video.media.convert import video_of


def write_lossless(
    path: Path,
    images: Iterable[Any],
    pixel_format: str,
    *,
    rate: int = 25,
    first: int = 0,
    **options: str,
) -> Path:
    """Write images, (H, W, 3) RGB or (H, W) gray, uint8, as FFV1; `first` is the first's pts.

    `options` are the encoder's.
    """
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=rate, options=options)
        stream.pix_fmt = pixel_format
        for index, image in enumerate(images, first):
            if index == first:
                stream.height, stream.width = image.shape[:2]
            video = video_of(image).reformat(format=pixel_format)
            video.pts = index
            container.mux(stream.encode(video))
        container.mux(stream.encode(None))
    return path
