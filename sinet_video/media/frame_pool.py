"""A pool of frames whose memory is reused, so that no frame needs a new allocation."""

from __future__ import annotations

import sys

import av

from sinet_video.media.convert import blank_like, tag_like

MOST = 8
"""Frames that a pool holds: more than are queued between two threads."""


def _references_if_idle() -> int:
    """Return the reference count of a frame that only a pool holds.

    Versions of Python count the references of a loop and a call differently.
    """
    for old in [object()]:
        return sys.getrefcount(old)
    return 0


IDLE = _references_if_idle()


class FramePool:
    """Allocates frames like `blank_like`, from those that nobody uses any more.

    A frame is in use while any of its planes is, for example by an array. If libav still reads one,
    it keeps the memory, and the frame then gets new memory.
    """

    def __init__(self) -> None:
        self._videos: list[av.VideoFrame] = []

    def blank_like(self, video: av.VideoFrame, pixel_format: str | None = None) -> av.VideoFrame:
        """Return a frame of the same size and tags, with uninitialised samples."""
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
