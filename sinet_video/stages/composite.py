"""Compositing of the person over a background, plane by plane, in the frame's own format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sinet_video.errors import SettingError
from sinet_video.media.blend import black, blended
from sinet_video.media.frame import Frame, Matte
from sinet_video.media.frame_pool import FramePool
from sinet_video.media.pixel_formats import Plane
from sinet_video.media.tiled_alpha import Kind, TiledAlpha
from sinet_video.stages.memory import NOTHING, remembers


class Background(Protocol):
    """What is shown behind the person.

    One with a `name` is told by it from others of its class where a job is described.
    """

    def planes(self, matte: Matte) -> tuple[Plane, ...]:
        """Return the background for a matte's time, in the frame's format, size, matrix and range.

        Each plane is (H, W) uint8 or uint16, or (1, 1) for a plane of one constant value.
        """


class Named:
    """A background that is all that its `name` says: it equals others of its class and name."""

    name: str

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Named):
            return NotImplemented
        return type(other) is type(self) and other.name == self.name

    def __hash__(self) -> int:
        return hash((type(self), self.name))


EdgeColours = Callable[[Frame, TiledAlpha], Sequence[Plane]]
"""Returns replacement samples for the partial tiles of each plane, (n, h, w)."""


@remembers(NOTHING)
def composite(
    mattes: Iterable[Matte], background: Background, *, colours: EdgeColours | None = None
) -> Iterator[Matte]:
    """Yield each matte with its frame composited over the background.

    Alpha must be at the frame's size, (H, W) in [0, 1]. Where it is 1 the samples are the frame's,
    bit for bit; where it is 0, the background's. Alpha of a chroma sample is the mean over its luma
    samples. `colours` supplies the person's own colours where alpha is partial: passing
    `edge_colours` gives the result of running `decontaminate` first, and is faster.
    """
    if not hasattr(background, "planes"):
        raise SettingError(
            f"Background is of the type {type(background).__name__}; it must be a Background, such "
            'as ColourBackground.parse("green") or parse_background(path).'
        )
    pool = FramePool()
    for matte in mattes:
        frame, alpha = matte.frame, matte.tiles
        own = colours(frame, alpha) if colours and len(alpha.values) else None
        video = blended(frame, alpha, background.planes(matte), own, pool.blank_like)
        yield Matte(frame.with_video(video), matte.plane)


@remembers(NOTHING)
def foreground(mattes: Iterable[Matte]) -> Iterator[Matte]:
    """Yield each matte with the frame blacked out except at and near the person.

    For outputs with an alpha channel. Straight colours are kept around the person, so that
    compression does not bleed black into the edge. The rest of the room is neither stored nor
    revealed. Alpha must be at the frame's size.
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
    """Return which tiles are set or have one of their eight neighbours set."""
    padded = np.pad(tiles, 1)
    across = padded[:, :-2] | padded[:, 1:-1] | padded[:, 2:]
    result: NDArray[np.bool_] = across[:-2] | across[1:-1] | across[2:]
    return result
