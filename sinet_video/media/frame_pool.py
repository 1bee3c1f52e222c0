"""Pictures whose memory is used again, so that none is allocated for every frame."""

from __future__ import annotations

import sys

import av

from sinet_video.media.convert import blank_like, tag_like

MOST = 8
"""Pictures that a pool holds: more than wait between two threads."""


def _references_if_idle() -> int:
    """Return how many references a picture that only a pool holds seems to have.

    Versions of Python count those of a loop and a call in different ways.
    """
    for old in [object()]:
        return sys.getrefcount(old)
    return 0


IDLE = _references_if_idle()


class FramePool:
    """Gives new pictures as `blank_like` does, out of those that nobody holds any more.

    A picture is held while any plane of it is, such as by an array; what libav still reads of one
    it keeps, as the picture then gets other memory.
    """

    def __init__(self) -> None:
        self._videos: list[av.VideoFrame] = []

    def blank_like(self, video: av.VideoFrame, pixel_format: str | None = None) -> av.VideoFrame:
        """Return a picture of the same size and tags, its samples not set."""
        name = pixel_format or video.format.name
        for old in self._videos:
            if sys.getrefcount(old) == IDLE and _alike(old, video, name):
                old.make_writable()
                tag_like(old, video)
                return old
        new = blank_like(video, name)
        self._videos = [*self._videos[-MOST + 1 :], new]
        return new


def _alike(old: av.VideoFrame, video: av.VideoFrame, pixel_format: str) -> bool:
    size = old.width == video.width and old.height == video.height
    return size and old.format.name == pixel_format
