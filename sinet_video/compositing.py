"""Putting the person over something else, plane by plane, in the picture's own format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

import av
import numpy as np
from av.video.reformatter import ColorRange
from numpy.typing import NDArray

from sinet_video.alpha import Canvas, Kind, TiledAlpha
from sinet_video.frame import Frame, Matte
from sinet_video.pixels import Plane, blank_like, planes_of, range_of

Tiles = NDArray[Any]


class Background(Protocol):
    """What stands behind the person."""

    def planes(self, matte: Matte) -> tuple[Plane, ...]:
        """Return the planes for this moment, in the frame's format, size, matrix and range.

        A plane of one sample, (1, 1), stands for a plane that is that value throughout.
        """


EdgeColours = Callable[[Frame, TiledAlpha], Sequence[Plane]]
"""Returns what to take for the partial tiles of each plane, (n, h, w), in place of its own."""


def composite(
    mattes: Iterable[Matte], background: Background, *, colours: EdgeColours | None = None
) -> Iterator[Matte]:
    """Yield each matte with its frame over the background; alpha must be at the frame's size.

    Where alpha is 1 the samples are the frame's, bit for bit; where it is 0, the background's. A
    chroma sample's alpha is the mean of its luma samples'. `colours` gives the person's own where
    alpha is partial: with `edge_colours` it comes to what `decontaminate` before it would, sooner.
    """
    for matte in mattes:
        frame, alpha = matte.frame, matte.tiles
        own = colours(frame, alpha) if colours and len(alpha.values) else None
        video = blended(frame, alpha, background.planes(matte), own)
        yield Matte(frame.with_video(video), matte.plane)


def foreground(mattes: Iterable[Matte]) -> Iterator[Matte]:
    """Yield each matte with the picture made black wherever no edge of the person is near.

    For outputs with an alpha channel: straight colours stay as they are around the person, so that
    compression does not bleed black into the edge, and the rest of the room is neither stored nor
    given away.
    """
    for matte in mattes:
        tiles = matte.tiles
        hidden = (tiles.kinds == Kind.CLEAR) & ~_touching(tiles.kinds != Kind.CLEAR)
        alpha = TiledAlpha(
            tiles.grid, np.where(hidden, Kind.CLEAR, Kind.SOLID).astype(np.uint8), tiles.values[:0]
        )
        video = blended(matte.frame, alpha, black(matte.frame))
        yield Matte(matte.frame.with_video(video), tiles)


def black(frame: Frame) -> tuple[Plane, ...]:
    """Return black as planes of one sample."""
    return tuple(np.full((1, 1), value, frame.luma.dtype) for value in black_of(frame))


def black_of(frame: Frame) -> tuple[int, int, int]:
    """Return the value of black in each of a frame's planes."""
    if frame.format.is_rgb:
        return 0, 0, 0
    unit = 1 << (frame.format.bits - 8)
    full = range_of(frame.video) == ColorRange.JPEG
    return 0 if full else 16 * unit, 128 * unit, 128 * unit


def _touching(tiles: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether a tile or one of its eight neighbours is set."""
    padded = np.pad(tiles, 1)
    across = padded[:, :-2] | padded[:, 1:-1] | padded[:, 2:]
    result: NDArray[np.bool_] = across[:-2] | across[1:-1] | across[2:]
    return result


def blended(
    frame: Frame,
    alpha: TiledAlpha,
    background: tuple[Plane, ...],
    own: Sequence[Plane] | None = None,
) -> av.VideoFrame:
    """Return a new picture: `background + alpha * (frame - background)`, rounded to nearest.

    `own`, where given, stands for the frame in the partial tiles.
    """
    video = blank_like(frame.video)
    chroma = (frame.format.down, frame.format.across)
    shared = ((1, 1), chroma, chroma)
    planes = zip(frame.planes, background, planes_of(video), shared, strict=True)
    for index, (source, behind, target, (down, across)) in enumerate(planes):
        tiles = own[index] if own else None
        _blend_plane(source, behind, target, alpha, down, across, tiles)
    return video


def _blend_plane(
    source: Plane,
    behind: Plane,
    target: Plane,
    alpha: TiledAlpha,
    down: int,
    across: int,
    own: Plane | None,
) -> None:
    grid, kinds = alpha.grid, alpha.kinds
    mostly_clear = np.count_nonzero(kinds == Kind.CLEAR) * 2 > kinds.size
    target[...] = behind if mostly_clear else source
    canvas = Canvas(target, grid, down, across)
    over, under = grid.tiled(source, down=down, across=across), None
    if behind.shape != (1, 1):
        under = grid.tiled(behind, down=down, across=across)
    rest, tiles = (Kind.SOLID, over) if mostly_clear else (Kind.CLEAR, under)
    rows, columns = np.nonzero(kinds == rest)
    canvas.tiles[rows, :, columns, :] = behind if tiles is None else tiles[rows, :, columns, :]
    rows, columns = alpha.partial
    front = (over[rows, :, columns, :] if own is None else own).astype(np.float32)
    back = behind if under is None else under[rows, :, columns, :]
    back = back.astype(np.float32)
    front -= back
    front *= alpha.reduced(down=down, across=across)
    front += back
    canvas.tiles[rows, :, columns, :] = np.rint(front, out=front).astype(source.dtype)
    canvas.flush()
