"""Levels of a full-size matte, and moving and softening its edge."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from math import ceil, floor

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from sinet_video.checked import check_kinds
from sinet_video.media.arrays import Array
from sinet_video.media.frame import Matte
from sinet_video.media.tiled_alpha import Kind, TiledAlpha
from sinet_video.native import edges as kernels
from sinet_video.native.tiles import suits
from sinet_video.planes.gaussian import gaussian, halvings
from sinet_video.planes.levels import levels
from sinet_video.planes.morphology import eroded
from sinet_video.stages.matte_settings import EdgeShape, FeatherSide
from sinet_video.stages.memory import NOTHING, remembers

TINY = 1e-5
"""How near to 0 or 1 a blurred value is taken for it."""


@remembers(NOTHING)
def shape_edge(mattes: Iterable[Matte], edge: EdgeShape) -> Iterator[Matte]:
    """Yield each matte with its levels stretched, its edge moved and then softened.

    Alpha must be at the frame's size, (H, W) in [0, 1], and stays so.
    """
    check_kinds(edge=(edge, EdgeShape))
    for matte in mattes:
        alpha = matte.tiles
        if (edge.black, edge.white) != (0, 1):
            alpha = levelled(alpha, edge.black, edge.white)
        if edge.choke:
            alpha = choked(alpha, edge.choke)
        if edge.feather:
            alpha = feathered(alpha, edge.feather, edge.side)
        yield matte.with_alpha(alpha)


def levelled(alpha: TiledAlpha, black: float, white: float) -> TiledAlpha:
    """Return alpha stretched so that `black` becomes 0 and `white` becomes 1."""
    values = levels(alpha.values, black, white)
    lowest, highest = values.min(axis=(1, 2), initial=1), values.max(axis=(1, 2), initial=0)
    found = np.where(highest <= 0, Kind.CLEAR, np.where(lowest >= 1, Kind.SOLID, Kind.PARTIAL))
    kinds = alpha.kinds.copy()
    kinds[alpha.partial] = found
    return TiledAlpha(alpha.grid, kinds, values[found == Kind.PARTIAL])


def choked(alpha: TiledAlpha, pixels: float) -> TiledAlpha:
    """Return alpha eroded by a disc of this radius in pixels; a negative radius dilates.

    A fractional radius mixes the results of the two nearest whole radii. A straight edge moves by
    the exact fraction; a curved one by the requested distance on average, within an eighth of a
    pixel.
    """
    radius, share, grow = floor(abs(pixels)), abs(pixels) % 1, pixels < 0
    if suits(alpha.grid):
        return TiledAlpha(alpha.grid, *kernels.choked(alpha, radius, share, grow=grow))

    def work(plane: Array) -> Array:
        return 1 - eroded(1 - plane, radius, share) if grow else eroded(plane, radius, share)

    return _around_edges(alpha, ceil(abs(pixels)), work)


def feathered(alpha: TiledAlpha, pixels: float, side: FeatherSide = "both") -> TiledAlpha:
    """Return alpha blurred by a Gaussian, nearly all of which lies within this many pixels.

    For a one-sided feather the edge is first moved by half of them, so that the fade keeps its
    shape.
    """
    if side != "both":
        alpha = choked(alpha, pixels / 2 if side == "inward" else -pixels / 2)
    sigma, reach = pixels / 4, max(1, ceil(pixels * 0.75))
    if suits(alpha.grid):
        return TiledAlpha(alpha.grid, *kernels.feathered(alpha, sigma, reach))
    # Halved grids begin where the frame's do.
    cell = 2 ** halvings(sigma)[0]
    halo = -(-(reach + 2 * cell) // 8) * 8

    def work(plane: Array) -> Array:
        blurred = gaussian(plane[None], sigma, reach)[0, halo:-halo, halo:-halo]
        # Weights add up to one only nearly: what was flat is to stay exactly so.
        blurred[blurred < TINY] = 0
        blurred[blurred > 1 - TINY] = 1
        return blurred

    return _around_edges(alpha, halo, work)


def _around_edges(alpha: TiledAlpha, halo: int, work: Callable[[Array], Array]) -> TiledAlpha:
    """Apply `work` to all that is near an edge, a rectangle that it sees with `halo` pixels around.

    Past the frame its edges repeat.
    """
    grid, dense = alpha.grid, alpha.dense()
    near = _near_edges(alpha.kinds, -(-halo // min(grid.down, grid.across)))
    rows, columns = (np.flatnonzero(near.any(axis)) for axis in (1, 0))
    if not len(rows):
        return alpha
    top, bottom = rows[0] * grid.down, min((rows[-1] + 1) * grid.down, grid.height)
    left, right = columns[0] * grid.across, min((columns[-1] + 1) * grid.across, grid.width)
    seen = [
        np.clip(np.arange(start - halo, end + halo), 0, length - 1)
        for start, end, length in ((top, bottom, grid.height), (left, right, grid.width))
    ]
    dense[top:bottom, left:right] = work(dense[np.ix_(*seen)])
    return TiledAlpha.of(dense)


def _near_edges(kinds: NDArray[np.uint8], reach: int) -> NDArray[np.bool_]:
    """Whether a tile is partial, or differs from one within reach."""
    views = sliding_window_view(np.pad(kinds, reach, mode="edge"), (2 * reach + 1,) * 2)
    lowest, highest = views.min((2, 3)), views.max((2, 3))
    near: NDArray[np.bool_] = (lowest != highest) | (kinds == Kind.PARTIAL)
    return near
