"""Helpers for libav's filter graphs."""

from __future__ import annotations

from collections.abc import Iterator

import av


def pull_frames(graph: av.filter.Graph) -> Iterator[av.VideoFrame | av.AudioFrame]:
    """Yield all frames that a graph has produced so far."""
    while True:
        try:
            frame = graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return
        yield frame
