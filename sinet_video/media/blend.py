"""Blending of planes by tiled alpha, in the frame's own format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange
from numpy.typing import NDArray

from sinet_video.errors import SettingError
from sinet_video.media.convert import blank_like, planes_of, range_of
from sinet_video.media.frame import Frame
from sinet_video.media.pixel_formats import Plane
from sinet_video.media.tiled_alpha import Canvas, Kind, TiledAlpha
from sinet_video.native import tiles as kernels

Tiles = NDArray[Any]


Blank = Callable[[av.VideoFrame], av.VideoFrame]
"""Returns a frame to write to, of another's size, format and tags."""


def black(frame: Frame) -> tuple[Plane, ...]:
    """Return black as planes of one sample each."""
    return tuple(np.full((1, 1), value, frame.luma.dtype) for value in black_of(frame))


def black_of(frame: Frame) -> tuple[int, int, int]:
    """Return the value of black in each of a frame's planes."""
    if frame.format.is_rgb:
        return 0, 0, 0
    unit = 1 << (frame.format.bits - 8)
    full = range_of(frame.video) == ColorRange.JPEG
    return 0 if full else 16 * unit, 128 * unit, 128 * unit


def blended(
    frame: Frame,
    alpha: TiledAlpha,
    background: tuple[Plane, ...],
    own: Sequence[Plane] | None = None,
    blank: Blank = blank_like,
) -> av.VideoFrame:
    """Return a new video frame: `background + alpha * (frame - background)`, rounded to nearest.

    `own`, if given, replaces the frame's samples in the partial tiles; `blank` allocates the frame.
    """
    video = blank(frame.video)
    chroma = (frame.format.down, frame.format.across)
    shared = ((1, 1), chroma, chroma)
    planes = zip(frame.planes, background, planes_of(video), shared, strict=True)
    for index, (source, behind, target, (down, across)) in enumerate(planes):
        tiles = own[index] if own else None
        _blend_plane(source, behind, target, alpha, down, across, tiles)
    return video


def _check(source: Plane, behind: Plane, alpha: TiledAlpha, down: int, across: int) -> None:
    """Raise `SettingError` for planes of another size than alpha says."""
    size = -(-alpha.grid.height // down), -(-alpha.grid.width // across)
    for plane, name in ((source, "frame"), (behind, "background")):
        if plane.shape != size and not (name == "background" and plane.shape == (1, 1)):
            raise SettingError(
                f"A plane of the {name} is {plane.shape[1]}x{plane.shape[0]}; by the alpha it must "
                f"be {size[1]}x{size[0]}."
            )


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
    _check(source, behind, alpha, down, across)
    if kernels.suits(grid):
        kernels.blend(source, behind, target, alpha, (down, across), own)
        return
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
