"""Mattes that somebody drew: where the person cannot be, and where it must be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from fractions import Fraction
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from sinet_video.decoding.access import Source, StrPath
from sinet_video.decoding.matte_file import read_drawn
from sinet_video.errors import InputError
from sinet_video.media.convert import BILINEAR, reformat
from sinet_video.media.frame import Frame, Matte
from sinet_video.media.tiled_alpha import TiledAlpha
from sinet_video.stages.memory import NOTHING, remembers

Array = NDArray[Any]


@remembers(NOTHING)
def apply_drawn_mattes(
    mattes: Iterable[Matte],
    *,
    garbage: StrPath | Source | None = None,
    core: StrPath | Source | None = None,
    start: Fraction | None = None,
) -> Iterator[Matte]:
    """Yield each matte forced to 0 where the garbage matte is white, and to 1 where the core is.

    Each is a picture or video file, white on black or with alpha, and is stretched over the picture
    as shown; gray forces in part, and where both are white the garbage matte wins. A video is in
    step by time: its first picture is there at `start`, in seconds of the mattes' time and by
    default the first one's, and its last one stays. Alpha must be at the frame's size. Raises
    `InputError` for a file that cannot be read.
    """
    with ExitStack() as stack:
        drawn = [_open(stack, each) for each in (core, garbage)]
        for matte in mattes:
            start = matte.time if start is None else start
            inside, outside = (_at(each, matte.frame, start) for each in drawn)
            alpha = matte.alpha
            if inside is not None:
                alpha = np.maximum(alpha, inside)
            if outside is not None:
                alpha = alpha * (1 - outside)
            yield matte.with_alpha(TiledAlpha.of(alpha))


def _open(stack: ExitStack, source: StrPath | Source | None) -> Drawn | None:
    return None if source is None else stack.enter_context(closing(Drawn(source)))


def _at(drawn: Drawn | None, frame: Frame, start: Fraction) -> Array | None:
    return None if drawn is None else drawn.at(frame, frame.time - start)


class Drawn:
    """A file's mattes, read on as time goes on."""

    def __init__(self, source: StrPath | Source) -> None:
        self._pictures = read_drawn(source)
        first = next(self._pictures, None)
        if first is None:
            raise InputError(f"{source} holds no picture that can be decoded.")
        self._begin, self._current = first
        self._next = next(self._pictures, None)
        self._made: tuple[object, Array] | None = None

    def at(self, frame: Frame, time: Fraction) -> Array:
        """Return what it shows so many seconds after its first picture, the frame's way.

        (H, W) float32 in [0, 1], of the frame's size. Times must not decrease.
        """
        while self._next is not None and self._next[0] - self._begin <= time:
            self._current, self._made = self._next[1], None
            self._next = next(self._pictures, None)
        kind = (frame.width, frame.height, frame.orientation)
        if self._made is None or self._made[0] != kind:
            self._made = kind, _stretched(self._current, frame)
        return self._made[1]

    def close(self) -> None:
        """Let go of the file."""
        self._pictures.close()


def _stretched(drawn: Array, frame: Frame) -> Array:
    turned = frame.orientation.stored(drawn)
    if turned.shape == (frame.height, frame.width):
        return turned
    gray = av.VideoFrame.from_ndarray(np.rint(turned * 255).astype(np.uint8), "gray")
    large = reformat(gray, width=frame.width, height=frame.height, interpolation=BILINEAR)
    return large.to_ndarray().astype(np.float32) / np.float32(255)
