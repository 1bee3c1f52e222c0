"""Moving and softening the edge of a full-size matte, with kornia."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import ceil, floor
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from sinet_video.media.frame import Matte
from sinet_video.media.tiled_alpha import Kind, TiledAlpha, grid_view
from sinet_video.stages.matte_settings import EdgeShape, FeatherSide
from sinet_video.stages.memory import NOTHING, remembers

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

TINY = 1e-5

ROUND = (5, 4, 5)
"""Squared radii of discs of 2 pixels, taken in turn: an octagon is a little large, a diamond small,
and so added up a circle keeps its shape and moves by the pixels asked."""

BATCH = 64
"""Tiles worked on at once: morphology in kornia copies each pixel's whole neighbourhood."""


@remembers(NOTHING)
def shape_edge(mattes: Iterable[Matte], edge: EdgeShape) -> Iterator[Matte]:
    """Yield each matte with its edge moved, then softened; alpha must be at the frame's size."""
    for matte in mattes:
        alpha = matte.tiles
        if edge.choke:
            alpha = choked(alpha, edge.choke)
        if edge.feather:
            alpha = feathered(alpha, edge.feather, edge.side)
        yield matte.with_alpha(alpha)


def choked(alpha: TiledAlpha, pixels: float) -> TiledAlpha:
    """Return alpha eroded by a disc of this radius; dilated for a negative one.

    Between whole radii the result is mixed from the two nearest: a straight edge moves by the
    fraction exactly, a round one on average by what was asked within an eighth.
    """
    lower, share = floor(abs(pixels)), abs(pixels) % 1

    def work(tiles: Tensor) -> Tensor:
        near = _morphed(tiles, lower, grow=pixels < 0)
        return near.lerp(_morphed(tiles, lower + 1, grow=pixels < 0), share) if share else near

    return _around_edges(alpha, ceil(abs(pixels)), work)


def feathered(alpha: TiledAlpha, pixels: float, side: FeatherSide = "both") -> TiledAlpha:
    """Return alpha blurred by a Gaussian of which nearly all lies within this many pixels.

    For one side the edge is first moved there by half of them, so that the fade keeps its form.
    """
    from kornia.filters import gaussian_blur2d

    if side != "both":
        alpha = choked(alpha, pixels / 2 if side == "inward" else -pixels / 2)
    sigma, reach = pixels / 4, max(1, ceil(pixels * 0.75))

    def work(tiles: Tensor) -> Tensor:
        blurred = gaussian_blur2d(tiles, 2 * reach + 1, (sigma, sigma))
        # The kernel's weights add up to one only nearly: what was flat is to stay exactly so.
        blurred[blurred < TINY] = 0
        blurred[blurred > 1 - TINY] = 1
        return blurred

    return _around_edges(alpha, reach, work)


def _morphed(tiles: Tensor, radius: int, *, grow: bool) -> Tensor:
    """Erode or dilate by a disc, in steps of 2 pixels at most: large windows cost memory."""
    from kornia.morphology import dilation, erosion

    change = dilation if grow else erosion
    for reach, squared in _steps(radius):
        tiles = change(tiles, _disc(reach, squared))
    return tiles


def _steps(radius: int) -> list[tuple[int, int]]:
    """Return reach and squared radius of the discs that add up to a radius."""
    twos = [(2, ROUND[index % len(ROUND)]) for index in range(radius // 2)]
    return [*twos, (1, 1)] if radius % 2 else twos


def _disc(reach: int, squared: int) -> Tensor:
    import torch

    offsets = torch.arange(-reach, reach + 1)
    inside = offsets[:, None] ** 2 + offsets**2 <= squared
    return inside.float()


def _around_edges(alpha: TiledAlpha, halo: int, work: Callable[[Tensor], Tensor]) -> TiledAlpha:
    """Apply `work` to the tiles at and next to an edge, each seen with `halo` pixels around it."""
    import torch

    grid, dense = alpha.grid, alpha.dense()
    rows, columns = np.nonzero(_near_edges(alpha.kinds))
    if not len(rows):
        return alpha
    fill = [(halo, halo + r * s - n) for r, s, n in (
        (grid.rows, grid.down, grid.height), (grid.columns, grid.across, grid.width))]  # fmt: skip
    padded = np.pad(dense, fill, mode="edge")
    windows = sliding_window_view(padded, (grid.down + 2 * halo, grid.across + 2 * halo))
    result = padded[halo : padded.shape[0] - halo, halo : padded.shape[1] - halo].copy()
    cut = grid_view(result, grid)
    for start in range(0, len(rows), BATCH):
        some = rows[start : start + BATCH], columns[start : start + BATCH]
        seen = windows[some[0] * grid.down, some[1] * grid.across][:, None]
        with torch.inference_mode():
            done = work(torch.from_numpy(seen)).clamp(0, 1)[:, 0].numpy()
        cut[some[0], :, some[1], :] = done[:, halo : halo + grid.down, halo : halo + grid.across]
    return TiledAlpha.of(result[: grid.height, : grid.width])


def _near_edges(kinds: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Whether a tile or one of its eight neighbours differs from flat."""
    padded = np.pad(kinds, 1, mode="edge")
    views = sliding_window_view(padded, (3, 3))
    lowest, highest = views.min((2, 3)), views.max((2, 3))
    near: NDArray[np.bool_] = (lowest != highest) | (kinds == Kind.PARTIAL)
    return near
