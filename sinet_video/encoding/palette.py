"""Frames of 256 colours, as GIF has them, by libav's filters palettegen and paletteuse."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from threading import get_ident
from typing import Any, cast

import av
from av.filter import Graph

PALETTE = "pal8"
"""libav's pixel format of frames with a palette."""


def paletted(video: av.VideoFrame) -> av.VideoFrame:
    """Return a BGRA frame with a palette of its own; alpha of half and more is opaque."""
    return _maker(video.width, video.height, get_ident()).made(video)


class _Maker:
    """A graph of filters that makes one frame with a palette of each frame.

    An ordered pattern of dots stays where it is from frame to frame, while diffused errors crawl.
    """

    def __init__(self, width: int, height: int) -> None:
        self._graph, self._count = Graph(), 0
        add = self._graph.add
        source: Any = self._graph.add_buffer(
            width=width, height=height, format=av.VideoFormat("bgra"), time_base=Fraction(1, 100)
        )
        split, palette = add("split"), add("palettegen", "stats_mode=single")
        using = add("paletteuse", "new=1:dither=bayer:bayer_scale=3:alpha_threshold=128")
        source.link_to(split)
        split.link_to(using, 0, 0)
        split.link_to(palette, 1, 0)
        palette.link_to(using, 0, 1)
        using.link_to(add("buffersink"))
        self._graph.configure()

    def made(self, video: av.VideoFrame) -> av.VideoFrame:
        """Return a frame with a palette."""
        video.pts, video.time_base = self._count, Fraction(1, 100)
        self._count += 1
        self._graph.push(video)
        return cast(av.VideoFrame, self._graph.pull())


_maker = lru_cache(2)(lambda width, height, thread: _Maker(width, height))
