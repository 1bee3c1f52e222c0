"""What libav's filter graphs are used with."""

from __future__ import annotations

from collections.abc import Iterator

import av


def pull_frames(graph: av.filter.Graph) -> Iterator[av.VideoFrame | av.AudioFrame]:
    """Yield what has come through a graph so far."""
    while True:
        try:
            frame = graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return
        yield frame
