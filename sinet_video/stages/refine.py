"""Refinement of coarse alpha to the frame's size, with edges aligned to those of the frame.

The method is the fast guided filter (He, Sun: "Fast Guided Filter", arXiv 1505.00996): alpha is
locally a linear function of the frame's planes, fitted on a reduced frame (see `guided_filter`) and
enlarged. It is fitted twice, first in wide windows and then in narrow ones around the result. Only
tiles that an edge crosses are computed in full; elsewhere alpha is exactly 0 or 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from sinet_video import native
from sinet_video.media.arrays import FloatArray
from sinet_video.media.frame import Frame, Matte
from sinet_video.media.tiled_alpha import TiledAlpha
from sinet_video.native import refining as kernels
from sinet_video.planes.box_filter import box_sum
from sinet_video.planes.guided_filter import Lines, confidence, fit
from sinet_video.planes.levels import levels
from sinet_video.planes.pyramid import bounding_slices, reduced, subsampling
from sinet_video.planes.resample import resized
from sinet_video.stages.lift import lifted, raised
from sinet_video.stages.matte_settings import BilinearRefinement, GuidedRefinement, Refinement
from sinet_video.stages.memory import NOTHING, remembers

WORKING_SIDE = 240
"""Approximate longer side of the reduced frame on which the guided filter is fitted."""

BILINEAR_SIDE = 400
"""The same for plain enlargement."""

SURE = 3
"""Radius in cells of the coarse alpha within which all must agree for a cell to be certain."""

REACH = 7
"""Radius in cells within which the second fit, in windows of 3 x 3 cells half as fine, uses alpha.
"""

SLACK = 0.05
"""How far a fitted value must lie beyond 0 or 1 for the full-size frame not to bring it back."""


@remembers(NOTHING)
def refine(mattes: Iterable[Matte], refinement: Refinement = GuidedRefinement()) -> Iterator[Matte]:
    """Yield each matte with its alpha enlarged to the frame's size, (H, W) float32 in [0, 1].

    A matte that already has the frame's size is passed on unchanged.
    """
    for matte in mattes:
        frame = matte.frame
        if isinstance(matte.plane, TiledAlpha) or matte.plane.shape == (frame.height, frame.width):
            yield matte
        elif isinstance(refinement, GuidedRefinement):
            yield matte.with_alpha(guided(frame, matte.alpha, refinement))
        else:
            yield matte.with_alpha(enlarged(frame, matte.alpha, refinement))


def guided(frame: Frame, coarse: FloatArray, settings: GuidedRefinement) -> TiledAlpha:
    """Return alpha at the frame's size from coarse alpha, (h, w) float32 in [0, 1]."""
    # Where people are seen larger, alpha is finer, and the reduced frame must be as fine.
    factor = subsampling(frame, max(WORKING_SIDE, *coarse.shape))
    guide = reduced(frame, factor)
    extent = frame.height / factor, frame.width / factor
    alpha = resized(levels(coarse, settings.black, settings.white), guide.shape[1:], extent)
    cell = guide.shape[2] / coarse.shape[1]
    # Windows count cells half as fine; beyond the frame's longer side they only cost time.
    radius = min(max(1, round(settings.radius * cell / 2)), max(alpha.shape) // 2 + 1)
    sure = max(1, round(SURE * cell))
    lines, band = fitted_lines(guide, frame.format.top, alpha, radius, sure, settings)
    return lifted(frame, factor, lines, band)


def fitted_lines(
    guide: FloatArray,
    top: int,
    alpha: FloatArray,
    radius: int,
    sure: int,
    settings: GuidedRefinement,
) -> tuple[Lines, NDArray[np.bool_]]:
    """Return the lines of two fits, flat where alpha is, and the cells where they are not.

    `guide` is (3, h, w) in [0, top], `alpha` (h, w) in [0, 1].
    """
    if native.available():
        *planes, inside = kernels.guided_lines(
            guide, 1 / top, alpha, radius, sure, settings.eps, settings.contrast
        )
        return Lines(*planes), inside.view(bool)
    scale, band, lines = np.float32(1 / top), np.zeros(alpha.shape, bool), Lines.flat(alpha)
    if part := bounding_slices(transition_band(alpha, 1), 2 * (radius + REACH) + sure):
        found, band[part] = _lines(guide[:, *part] * scale, alpha[part], radius, sure, settings)
        lines.put(part, found)
    return lines, band


def _lines(
    guide: FloatArray, alpha: FloatArray, radius: int, sure: int, settings: GuidedRefinement
) -> tuple[Lines, NDArray[np.bool_]]:
    """Return the lines of the two fits, and the cells where alpha is not flat."""
    near = _fitted(guide, alpha, sure, radius, settings)
    alpha = np.clip(near.at(guide), 0, 1)
    lines = _fitted(guide, alpha, sure, 1, settings)
    fitted = lines.at(guide)
    unsure = (fitted > -SLACK) & (fitted < 1 + SLACK)
    decided = np.where(unsure, np.float32(0.5), fitted > 0.5)
    # Alpha is flat where all values in reach (of windows, their averages, and 1 for the
    # enlargement) are, and where the fit and all its neighbours lie beyond 0 or 1.
    band = transition_band(alpha, REACH) & transition_band(decided, 1)
    return lines.only(band, np.where(unsure, alpha, decided)), band


def _fitted(
    guide: FloatArray, alpha: FloatArray, sure: int, radius: int, settings: GuidedRefinement
) -> Lines:
    lines = fit(guide, alpha, confidence(alpha, sure), radius, settings.eps)
    return lines.steeper(settings.contrast)


def enlarged(frame: Frame, coarse: FloatArray, settings: BilinearRefinement) -> TiledAlpha:
    """Return alpha at the frame's size by bilinear enlargement."""
    factor = subsampling(frame, BILINEAR_SIDE)
    shape = -(-frame.height // factor), -(-frame.width // factor)
    extent = frame.height / factor, frame.width / factor
    alpha = resized(levels(coarse, settings.black, settings.white), shape, extent)
    return raised(frame, factor, alpha, transition_band(alpha, 1))


def transition_band(alpha: FloatArray, radius: int) -> NDArray[np.bool_]:
    """Return where a window of alpha, (h, w), of this radius holds anything but all 0 or all 1."""
    # For booleans, the sum says whether any is set.
    both: NDArray[np.bool_] = box_sum(alpha > 0, radius) & box_sum(alpha < 1, radius)
    return both
