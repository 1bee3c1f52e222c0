"""Removal of the old background's colour from the edge, so that no fringe remains on a new one.

Where alpha is partial a sample is `alpha * F + (1 - alpha) * B`, and a composite needs F alone. The
method is blur-fusion (Forte: "Approximate Fast Foreground Colour Estimation", ICIP 2021), with two
changes. Its two alpha-weighted blurs are computed on a reduced frame, as their results are smooth
anyway. Its last step only moves towards colours that mix to the sample. Here it goes all the way:
of all such F and B it takes the pair nearest to the blurred ones, by least squares.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import av
import numpy as np
from numpy.typing import NDArray

from sinet_video import native
from sinet_video.media.arrays import FloatArray
from sinet_video.media.blend import Blank
from sinet_video.media.convert import blank_like, planes_of
from sinet_video.media.frame import Frame, Matte
from sinet_video.media.frame_pool import FramePool
from sinet_video.media.pixel_formats import Plane
from sinet_video.media.tiled_alpha import Canvas, Grid, TiledAlpha
from sinet_video.native import colours as kernels
from sinet_video.native.tiles import suits
from sinet_video.planes.box_filter import box_sum
from sinet_video.planes.pyramid import (
    Enlarged,
    bounding_slices,
    colour_subsampling,
    halved,
    reduced,
    reduced_alpha,
)
from sinet_video.stages.memory import NOTHING, remembers

FAR = 1 / 10
"""Radius of the first blur, as a share of the longer side."""

NEAR = (2, 1)
"""Radii of the later blurs, in cells."""

BATCH = 32
"""Tiles processed at once: as many as fit in the processor's cache, which is five times as fast."""

LITTLE = np.float32(1e-4)
"""Weight of a cell's own colour in a blur, which decides where nothing else is in reach."""


@remembers(NOTHING)
def decontaminate(mattes: Iterable[Matte]) -> Iterator[Matte]:
    """Yield each matte with the old background's colour removed from the person's edge.

    Alpha must be at the frame's size, (H, W) in [0, 1], and does not change. Only samples with
    alpha strictly between 0 and 1 change; all others stay bit for bit. Alpha of a chroma sample is
    the mean over its luma samples.
    """
    pool = FramePool()
    for matte in mattes:
        tiles = matte.tiles
        if len(tiles.values):
            video = decontaminated(matte.frame, tiles, pool.blank_like)
            yield Matte(matte.frame.with_video(video), tiles)
        else:
            yield matte


def decontaminated(frame: Frame, alpha: TiledAlpha, blank: Blank = blank_like) -> av.VideoFrame:
    """Return a new video frame, from `blank`, with the person's own colours at the edge."""
    video, (rows, columns) = blank(frame.video), alpha.partial
    clean = edge_colours(frame, alpha)
    for source, target, tiles in zip(frame.planes, planes_of(video), clean, strict=True):
        target[...] = source
        down, across = (
            a // b for a, b in zip(alpha.values.shape[1:], tiles.shape[1:], strict=True)
        )
        canvas = Canvas(target, alpha.grid, down, across)
        canvas.tiles[rows, :, columns, :] = tiles
        canvas.flush()
    return video


def edge_colours(frame: Frame, alpha: TiledAlpha) -> list[Plane]:
    """Return the partial tiles of each plane, (n, h, w), with the person's own colours."""
    factor, top = colour_subsampling(frame), frame.format.top
    colours = blurred_colours(reduced(frame, factor), reduced_alpha(alpha, factor))
    shared = (1, 1), (frame.format.down, frame.format.across)
    if suits(alpha.grid):
        return [
            kernels.clean_plane(plane, alpha, shared[index > 0], colours[:, index], factor, top)
            for index, plane in enumerate(frame.planes)
        ]
    values = [alpha.reduced(down=down, across=across) for down, across in shared]
    made = []
    for index, plane in enumerate(frame.planes):
        down, across = shared[index > 0]
        tiles = alpha.grid.tiled(plane, down=down, across=across)
        person, room = (_enlarged(c, tiles, alpha.grid, factor) for c in colours[:, index])
        made.append(_clean(tiles, alpha.partial, values[index > 0], person, room, top))
    return made


def _enlarged(colours: FloatArray, tiles: Plane, grid: Grid, factor: int) -> Enlarged:
    """Prepare one colour of a plane, (h, w) of cells, for enlargement to its tiles."""
    height, width = colours.shape
    cells = Grid(height, width, grid.down // factor, grid.across // factor)
    _, down, _, across = tiles.shape
    return Enlarged(colours, cells, (down // cells.down, across // cells.across))


def _clean(
    tiles: Plane,
    partial: tuple[NDArray[np.intp], NDArray[np.intp]],
    values: FloatArray,
    person: Enlarged,
    room: Enlarged,
    top: int,
) -> Plane:
    """Return the partial tiles of a plane with the person's own colours."""
    rows, columns = partial
    made = np.empty(values.shape, tiles.dtype)
    for start in range(0, len(rows), BATCH):
        some = slice(start, start + BATCH)
        down, across = rows[some], columns[some]
        colours = person.tiles(down, across), room.tiles(down, across)
        made[some] = cleaned(tiles[down, :, across, :], values[some], *colours, top)
    return made


def cleaned(
    mixed: Plane, alpha: FloatArray, person: FloatArray, room: FloatArray, top: int
) -> Plane:
    """Return the person's colours, (n, h, w), rounded, in [0, top].

    Where alpha is 0 they are those of `mixed`.

    This is the first result of `unmixed`, computed in place; it overwrites `room` too.
    """
    rest = 1 - alpha
    clean = mixed - alpha * person
    room *= rest
    clean -= room
    rest *= rest
    rest += alpha * alpha
    clean /= rest
    clean *= alpha
    clean += person
    np.clip(clean, 0, top, out=clean)
    result: Plane = np.rint(clean, out=clean).astype(mixed.dtype)
    np.copyto(result, mixed, where=alpha <= 0)
    return result


def blurred_colours(small: FloatArray, alpha: FloatArray) -> FloatArray:
    """Return the person's and the room's colours around each cell, (2, planes, h, w).

    `small` is (planes, h, w) and `alpha` (h, w). Only cells near a partial alpha are computed; the
    others are 0.
    """
    far = round(max(alpha.shape) * FAR / 2) or 1
    if native.available():
        return kernels.blurred_colours(small, alpha, far)
    colours = np.zeros((2, *small.shape), np.float32)
    partial = (alpha > 0) & (alpha < 1)
    wide, close = (
        bounding_slices(partial, 2 * (far + 1) + sum(NEAR)),
        bounding_slices(partial, sum(NEAR)),
    )
    if wide and close:
        colours[..., *wide] = _far(small[:, *wide], alpha[wide], far)
        small, alpha, both = small[:, *close], alpha[close], colours[..., *close]
        for radius in NEAR:
            both = weighted_means(small, np.stack(unmixed(small, alpha, *both)), alpha, radius)
        colours[..., *close] = both
    return colours


def _far(small: FloatArray, alpha: FloatArray, radius: int) -> FloatArray:
    """Return means over wide windows, computed on cells half as fine."""
    half, share = halved(small), halved(alpha)
    rows, columns = alpha.shape
    both = weighted_means(half, np.stack([half, half]), share, radius)
    return both.repeat(2, -2).repeat(2, -1)[..., :rows, :columns]


def weighted_means(
    small: FloatArray, colours: FloatArray, alpha: FloatArray, radius: int
) -> FloatArray:
    """Return the weighted means of the person's and the room's colours over windows.

    Windows are (2 * radius + 1) squared. A cell's own colour is used where neither is near.

    `small` is (3, h, w) and alpha (h, w); the result is (2, 3, h, w).
    """
    shares = np.stack([alpha, 1 - alpha])[:, None]
    sums = box_sum(colours * shares, radius)
    sums += LITTLE * small
    sums /= box_sum(shares, radius) + LITTLE
    return sums


def unmixed(
    mixed: FloatArray, alpha: FloatArray, person: FloatArray, room: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the two colours nearest to `person` and `room` that mix to `mixed` by alpha.

    All arrays have one shape or broadcast to it; alpha is in [0, 1].
    """
    rest = 1 - alpha
    amiss = (mixed - alpha * person - rest * room) / (alpha * alpha + rest * rest)
    return person + alpha * amiss, room + rest * amiss
