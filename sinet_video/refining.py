"""Raising coarse alpha to the picture's size, with its edges drawn to the picture's own.

The method is the fast guided filter (He, Sun: "Fast Guided Filter", arXiv 1505.00996) with luma as
the guide: alpha is locally `a * luma + b`, with a and b fitted on a reduced picture and enlarged.
Only tiles that an edge crosses are worked out in full; elsewhere alpha is exactly 0 or 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import log2
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sinet_video.alpha import Grid, Kind, TiledAlpha, repeat_border
from sinet_video.boxes import box_mean, box_sum
from sinet_video.cells import Enlarged
from sinet_video.errors import SettingError
from sinet_video.frame import AREA, Frame, Matte, reformat
from sinet_video.grids import resized

Array = NDArray[Any]
"""Float32 throughout; numpy's types would call much of it float64."""

WORKING_SIDE = 400
"""The guided filter is fitted on a picture whose longer side is about this."""

SLACK = 0.05
"""How far beyond 0 or 1 a fitted value must be for the finer picture not to bring it back."""


@dataclass(frozen=True)
class Guided:
    """Guided filter on the luma.

    Attributes:
        radius: half the window in cells of the coarse alpha; larger follows the picture further.
        eps: variance of luma, in [0, 1] squared, below which the picture has no say.
        black, white: coarse alpha at or below `black` is background, at or above `white` person.
        contrast: how much steeper the fitted edge is made, about a half; the fit softens it.
    """

    radius: float = 4.0
    eps: float = 1e-3
    black: float = 0.3
    white: float = 0.9
    contrast: float = 1.6

    def __post_init__(self) -> None:
        for name in ("radius", "eps", "contrast"):
            if getattr(self, name) <= 0:
                raise SettingError(f"{name} is {getattr(self, name)}; it must be above 0.")
        _check_levels(self.black, self.white)


@dataclass(frozen=True)
class Bilinear:
    """Plain enlargement, blind to the picture; `black` and `white` as in `Guided`."""

    black: float = 0.3
    white: float = 0.9

    def __post_init__(self) -> None:
        _check_levels(self.black, self.white)


Refinement = Guided | Bilinear


def _check_levels(black: float, white: float) -> None:
    if not 0 <= black < white <= 1:
        raise SettingError(
            f"Black is {black} and white {white}; it must be 0 <= black < white <= 1."
        )


def refine(mattes: Iterable[Matte], refinement: Refinement = Guided()) -> Iterator[Matte]:
    """Yield each matte with its alpha at the frame's size; one that has it already passes."""
    for matte in mattes:
        frame = matte.frame
        if isinstance(matte.plane, TiledAlpha) or matte.plane.shape == (frame.height, frame.width):
            yield matte
        elif isinstance(refinement, Guided):
            yield matte.with_alpha(guided(frame, matte.plane, refinement))
        else:
            yield matte.with_alpha(enlarged(frame, matte.plane, refinement))


def guided(frame: Frame, coarse: Array, settings: Guided) -> TiledAlpha:
    """Return alpha at the frame's size from coarse alpha, (h, w) float32 in [0, 1]."""
    factor = subsampling(frame.width, frame.height)
    luma = reduced_luma(frame, factor)
    extent = frame.height / factor, frame.width / factor
    alpha = resized(levels(coarse, settings.black, settings.white), luma.shape, extent)
    contrast = np.float32(settings.contrast)
    # Beyond the picture's longer side a window only costs.
    radius = round(settings.radius * luma.shape[1] / coarse.shape[1])
    radius = min(max(1, radius), max(luma.shape))
    slope, intercept = fit(luma, alpha, radius, settings.eps)
    slope, intercept = slope * contrast, intercept * contrast + (1 - contrast) / 2
    fitted = slope * luma + intercept
    unsure = (fitted > -SLACK) & (fitted < 1 + SLACK)
    decided = np.where(unsure, np.float32(0.5), fitted > 0.5)
    # Alpha is flat where every coarse value in reach (windows of windows: 2 radii, and 1 for the
    # enlargement) is, and where the fit is beyond 0 or 1 with all its neighbours.
    band = mixed(alpha, 2 * radius + 1) & mixed(decided, 1)
    flat = np.where(unsure, alpha, decided)
    slope, intercept = np.where(band, slope, 0), np.where(band, intercept, flat)
    grid = Grid.of(frame.height, frame.width)
    return _evaluate(frame, Fit(grid, factor, slope, intercept, band))


def enlarged(frame: Frame, coarse: Array, settings: Bilinear) -> TiledAlpha:
    """Return alpha at the frame's size by bilinear enlargement."""
    factor = subsampling(frame.width, frame.height)
    shape = -(-frame.height // factor), -(-frame.width // factor)
    extent = frame.height / factor, frame.width / factor
    alpha = resized(levels(coarse, settings.black, settings.white), shape, extent)
    grid = Grid.of(frame.height, frame.width)
    return _evaluate(frame, Fit(grid, factor, np.zeros_like(alpha), alpha, mixed(alpha, 1)))


def levels(alpha: Array, black: float, white: float) -> Array:
    """Stretch alpha so that `black` becomes 0 and `white` 1."""
    stretched: Array = np.clip((alpha - np.float32(black)) / np.float32(white - black), 0, 1)
    return stretched


def subsampling(width: int, height: int) -> int:
    """Return by which power of two, 1 to 8, a picture is reduced for fitting."""
    return int(2 ** np.clip(round(log2(max(width, height) / WORKING_SIDE)), 0, 3))


def reduced_luma(frame: Frame, factor: int) -> Array:
    """Return luma in [0, 1], float32, averaged over cells; the far sides are filled up."""
    height, width = frame.height, frame.width
    scale = np.float32(1 / (2**frame.format.bits - 1))
    if factor == 1:
        return frame.luma * scale
    if height % factor == 0 and width % factor == 0:
        small = reformat(
            frame.video, width=width // factor, height=height // factor, interpolation=AREA
        )
        return frame.with_video(small).luma * scale
    padded = np.pad(frame.luma, ((0, -height % factor), (0, -width % factor)), mode="edge")
    rows, columns = padded.shape[0] // factor, padded.shape[1] // factor
    cells = padded.reshape(rows, factor, columns, factor)
    means: Array = cells.mean((1, 3), dtype=np.float32)
    return means * scale


def fit(luma: Array, alpha: Array, radius: int, eps: float) -> tuple[Array, Array]:
    """Return the guided filter's coefficients (a, b), (h, w) each, so that alpha ~ a * luma + b.

    He, Sun, Tang: "Guided Image Filtering", TPAMI 2013, equations 5, 6 and 8.
    """
    mean_luma, mean_alpha = box_mean(luma, radius), box_mean(alpha, radius)
    variance = box_mean(luma * luma, radius) - mean_luma * mean_luma
    covariance = box_mean(luma * alpha, radius) - mean_luma * mean_alpha
    slope = covariance / (np.maximum(variance, 0) + np.float32(eps))
    intercept = mean_alpha - slope * mean_luma
    return box_mean(slope, radius), box_mean(intercept, radius)


def mixed(alpha: Array, radius: int) -> NDArray[np.bool_]:
    """Return where a window of this radius holds anything but all 0 or all 1."""
    # The sum of booleans is whether any is set.
    both: NDArray[np.bool_] = box_sum(alpha > 0, radius) & box_sum(alpha < 1, radius)
    return both


@dataclass(frozen=True)
class Fit:
    """Alpha as `slope * luma + intercept` on cells of `factor` pixels; not flat within `band`."""

    grid: Grid
    factor: int
    slope: Array
    intercept: Array
    band: NDArray[np.bool_]


def _evaluate(frame: Frame, fit: Fit) -> TiledAlpha:
    grid, (height, width) = fit.grid, fit.band.shape
    cells = Grid(height, width, grid.down // fit.factor, grid.across // fit.factor)
    crossed = cells.tiled(fit.band).any(axis=(1, 3))
    flat = cells.tiled(fit.intercept)[:, 0, :, 0]
    kinds = np.where(crossed, Kind.PARTIAL, np.where(flat > 0, Kind.SOLID, Kind.CLEAR))
    rows, columns = np.nonzero(crossed)
    luma = grid.tiled(frame.luma)[rows, :, columns, :] * np.float32(1 / (2**frame.format.bits - 1))
    factors = fit.factor, fit.factor
    values = luma * Enlarged(fit.slope, cells, factors).tiles(rows, columns)
    values += Enlarged(fit.intercept, cells, factors).tiles(rows, columns)
    values = np.clip(values, 0, 1, out=values)
    repeat_border(values, grid, rows, columns)
    return TiledAlpha(grid, kinds.astype(np.uint8), values)
