"""Helpers for libav's filter graphs."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TypeVar

import av

Sent = TypeVar("Sent", av.VideoFrame, av.AudioFrame)


def layout(video: av.VideoFrame) -> tuple[int, int, str]:
    """Return what a filter graph is made for; broadcasts change it in mid-stream."""
    return video.width, video.height, video.format.name


def filter_graph(
    video: av.VideoFrame, time_base: Fraction, name: str, arguments: str
) -> av.filter.Graph:
    """Return a graph of one filter, for video frames of one's layout."""
    graph = av.filter.Graph()
    buffer = graph.add_buffer(
        width=video.width, height=video.height, format=video.format, time_base=time_base
    )
    graph.link_nodes(buffer, graph.add(name, arguments), graph.add("buffersink")).configure()
    return graph


def pull_frames(graph: av.filter.Graph, kind: type[Sent]) -> Iterator[Sent]:
    """Yield all frames, of the kind that was pushed, that a graph has produced so far."""
    while True:
        try:
            frame = graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return
        assert isinstance(frame, kind)  # no graph here makes another of it
        yield frame
