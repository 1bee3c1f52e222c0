"""Deinterlacing."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import groupby

import av

from sinet_video.media.filter_graph import filter_graph, layout, pull_frames

INTERLACED_ALONE = "mode=send_frame:parity=auto:deint=interlaced"
"""Options of bwdif: a frame for each, and no change to those that are not interlaced."""


def deinterlaced(videos: Iterator[av.VideoFrame], time_base: Fraction) -> Iterator[av.VideoFrame]:
    """Yield as many frames at the same times, with the lines of the later field interpolated.

    Uses libav's bwdif (after the BBC's w3fdif and yadif). Frames that are not marked as interlaced
    are unchanged. Times are in units of `time_base`, in the result too.
    """
    for _, alike in groupby(videos, key=layout):
        yield from _filtered(alike, time_base)


def _filtered(videos: Iterator[av.VideoFrame], time_base: Fraction) -> Iterator[av.VideoFrame]:
    graph: av.filter.Graph | None = None
    for video in videos:
        graph = graph or filter_graph(video, time_base, "bwdif", INTERLACED_ALONE)
        graph.push(video)
        yield from _ready(graph, time_base)
    if graph is not None:
        graph.push(None)
        yield from _ready(graph, time_base)


def _ready(graph: av.filter.Graph, time_base: Fraction) -> Iterator[av.VideoFrame]:
    for video in pull_frames(graph, av.VideoFrame):
        if video.pts is not None and video.time_base is not None:
            units = video.time_base / time_base  # the filter's time base is half as long
            video.pts, video.duration = round(video.pts * units), round(video.duration * units)
            video.time_base = time_base
        yield video
