"""Pictures of two moments each made pictures of one."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import groupby

import av

from sinet_video.media.filter_graph import pull_frames


def deinterlaced(videos: Iterator[av.VideoFrame], time_base: Fraction) -> Iterator[av.VideoFrame]:
    """Yield as many pictures at the same times, the lines of the later moment made anew.

    By libav's bwdif (after the BBC's w3fdif and yadif); pictures that do not say that they are
    interlaced stay as they are. Times are in units of `time_base`, also those of the result.
    """
    for _, alike in groupby(videos, key=_layout):
        yield from _filtered(alike, time_base)


def _layout(video: av.VideoFrame) -> tuple[int, int, str]:
    """Return what a graph is made for: broadcasts change it in mid-stream."""
    return video.width, video.height, video.format.name


def _filtered(videos: Iterator[av.VideoFrame], time_base: Fraction) -> Iterator[av.VideoFrame]:
    graph: av.filter.Graph | None = None
    for video in videos:
        graph = graph or _graph(video, time_base)
        graph.push(video)
        yield from _ready(graph, time_base)
    if graph is not None:
        graph.push(None)
        yield from _ready(graph, time_base)


def _graph(video: av.VideoFrame, time_base: Fraction) -> av.filter.Graph:
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=video.width, height=video.height, format=video.format, time_base=time_base
    )
    filtered = graph.add("bwdif", "mode=send_frame:parity=auto:deint=interlaced")
    sink = graph.add("buffersink")
    source.link_to(filtered)
    filtered.link_to(sink)
    graph.configure()
    return graph


def _ready(graph: av.filter.Graph, time_base: Fraction) -> Iterator[av.VideoFrame]:
    for video in pull_frames(graph):
        assert isinstance(video, av.VideoFrame)  # nothing else was pushed
        if video.pts is not None and video.time_base is not None:
            units = video.time_base / time_base  # the filter counts in halves
            video.pts, video.duration = round(video.pts * units), round(video.duration * units)
            video.time_base = time_base
        yield video
