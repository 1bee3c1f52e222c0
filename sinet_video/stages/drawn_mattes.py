"""Garbage and core mattes: where the person cannot be, and where the person must be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from fractions import Fraction

import numpy as np

from sinet_video.decoding.access import Source, StrPath
from sinet_video.decoding.matte_file import read_drawn
from sinet_video.errors import InputError
from sinet_video.media.arrays import Array
from sinet_video.media.convert import BILINEAR, scaled
from sinet_video.media.frame import Frame, Matte
from sinet_video.media.tiled_alpha import TiledAlpha
from sinet_video.stages.memory import NOTHING, remembers


@remembers(NOTHING)
def apply_drawn_mattes(
    mattes: Iterable[Matte],
    *,
    garbage: StrPath | Source | None = None,
    core: StrPath | Source | None = None,
    start: Fraction | None = None,
) -> Iterator[Matte]:
    """Yield each matte with alpha forced to 0 by the garbage matte and to 1 by the core matte.

    Each drawn matte is an image or video file, white on black or with an alpha channel. It is
    stretched over the frame as shown. White forces fully and gray in part; where both are white,
    the garbage matte wins. A video is synchronised by time: its first frame is shown at `start`, in
    seconds of the mattes' time (by default the first matte's time), and its last frame is held.
    Alpha must be at the frame's size, (H, W) in [0, 1]. Raises `InputError` for a file that cannot
    be read.
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
    """The mattes of a file, read forward as time advances.

    Raises `InputError` for a file without a frame.
    """

    def __init__(self, source: StrPath | Source) -> None:
        self._frames = read_drawn(source)
        first = next(self._frames, None)
        if first is None:
            raise InputError(f"{source} holds no frame that can be decoded.")
        self._begin, self._current = first
        self._next = next(self._frames, None)
        self._made: tuple[object, Array] | None = None

    def at(self, frame: Frame, time: Fraction) -> Array:
        """Return the matte at a time in seconds after its first frame, in the frame's orientation.

        It is (H, W) float32 in [0, 1], of the frame's size. Times must not decrease.
        """
        while self._next is not None and self._next[0] - self._begin <= time:
            self._current, self._made = self._next[1], None
            self._next = next(self._frames, None)
        kind = (frame.width, frame.height, frame.orientation)
        if self._made is None or self._made[0] != kind:
            self._made = kind, _stretched(self._current, frame)
        return self._made[1]

    def close(self) -> None:
        """Close the file."""
        self._frames.close()


def _stretched(drawn: Array, frame: Frame) -> Array:
    turned = frame.orientation.stored(drawn)
    if turned.shape == (frame.height, frame.width):
        return turned
    gray = np.rint(turned * 255).astype(np.uint8)
    large = scaled(gray, (frame.width, frame.height), BILINEAR)
    return large.astype(np.float32) / np.float32(255)
