"""Putting the person over something else, plane by plane, in the picture's own format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sinet_video.media.blend import black, blended
from sinet_video.media.frame import Frame, Matte
from sinet_video.media.frame_pool import FramePool
from sinet_video.media.pixel_formats import Plane
from sinet_video.media.tiled_alpha import Kind, TiledAlpha
from sinet_video.stages.memory import NOTHING, remembers


class Background(Protocol):
    """What stands behind the person."""

    def planes(self, matte: Matte) -> tuple[Plane, ...]:
        """Return the planes for this moment, in the frame's format, size, matrix and range.

        A plane of one sample, (1, 1), stands for a plane that is that value throughout.
        """


EdgeColours = Callable[[Frame, TiledAlpha], Sequence[Plane]]
"""Returns what to take for the partial tiles of each plane, (n, h, w), in place of its own."""


@remembers(NOTHING)
def composite(
    mattes: Iterable[Matte], background: Background, *, colours: EdgeColours | None = None
) -> Iterator[Matte]:
    """Yield each matte with its frame over the background; alpha must be at the frame's size.

    Where alpha is 1 the samples are the frame's, bit for bit; where it is 0, the background's. A
    chroma sample's alpha is the mean of its luma samples'. `colours` gives the person's own where
    alpha is partial: with `edge_colours` it comes to what `decontaminate` before it would, sooner.
    """
    pool = FramePool()
    for matte in mattes:
        frame, alpha = matte.frame, matte.tiles
        own = colours(frame, alpha) if colours and len(alpha.values) else None
        video = blended(frame, alpha, background.planes(matte), own, pool.blank_like)
        yield Matte(frame.with_video(video), matte.plane)


@remembers(NOTHING)
def foreground(mattes: Iterable[Matte]) -> Iterator[Matte]:
    """Yield each matte with the picture made black wherever no edge of the person is near.

    For outputs with an alpha channel: straight colours stay as they are around the person, so that
    compression does not bleed black into the edge, and the rest of the room is neither stored nor
    given away.
    """
    pool = FramePool()
    for matte in mattes:
        tiles = matte.tiles
        hidden = (tiles.kinds == Kind.CLEAR) & ~_touching(tiles.kinds != Kind.CLEAR)
        alpha = TiledAlpha(
            tiles.grid, np.where(hidden, Kind.CLEAR, Kind.SOLID).astype(np.uint8), tiles.values[:0]
        )
        video = blended(matte.frame, alpha, black(matte.frame), blank=pool.blank_like)
        yield Matte(matte.frame.with_video(video), tiles)


def _touching(tiles: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether a tile or one of its eight neighbours is set."""
    padded = np.pad(tiles, 1)
    across = padded[:, :-2] | padded[:, 1:-1] | padded[:, 2:]
    result: NDArray[np.bool_] = across[:-2] | across[1:-1] | across[2:]
    return result
