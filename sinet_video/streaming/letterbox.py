"""Frames of another shape than the first: a camera that is turned, a sender that changes its size.

The output keeps the size that it began with, so they get black borders and are not distorted.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import groupby

import av

from sinet_video.decoding.clip import Clip
from sinet_video.media.filter_graph import filter_graph, layout, pull_frames

ALIKE = Fraction(1, 50)
"""By how much the ratio of width to height may differ and be taken for the same, as sizes are even
numbers.
"""


def letterboxed(
    videos: Iterator[av.VideoFrame], pixel: Fraction, like: Clip
) -> Iterator[av.VideoFrame]:
    """Yield video frames with black borders where their shape is not a clip's.

    They keep their size otherwise, and their times. `pixel` is the width of their pixels in
    heights.
    """
    for _, alike in groupby(videos, key=layout):
        yield from _padded(alike, pixel, like)


def _padded(
    videos: Iterator[av.VideoFrame], pixel: Fraction, like: Clip
) -> Iterator[av.VideoFrame]:
    graph: av.filter.Graph | None = None
    for video in videos:
        room = room_for(video, pixel, like)
        if room == (video.width, video.height):
            yield video
            continue
        assert video.time_base is not None  # decoders set it
        centred = f"{room[0]}:{room[1]}:(ow-iw)/2:(oh-ih)/2:black"
        graph = graph or filter_graph(video, video.time_base, "pad", centred)
        graph.push(video)
        yield from pull_frames(graph, av.VideoFrame)


def room_for(video: av.VideoFrame, pixel: Fraction, like: Clip) -> tuple[int, int]:
    """Return the width and height that give a video frame's pixels the shape of a clip's frames."""
    if (video.width, video.height) == (like.coded or (like.width, like.height)):
        return video.width, video.height
    own = Fraction(video.width, video.height) * pixel
    wanted = Fraction(like.width, like.height) * like.sample_aspect
    if abs(wanted / own - 1) <= ALIKE:
        return video.width, video.height
    if wanted > own:
        return _even(video.height * wanted / pixel), video.height
    return video.width, _even(video.width * pixel / wanted)


def _even(pixels: Fraction) -> int:
    return 2 * round(pixels / 2)
