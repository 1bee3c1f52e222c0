"""Raising coarse alpha to the picture's size, with its edges drawn to the picture's own.

The method is the fast guided filter (He, Sun: "Fast Guided Filter", arXiv 1505.00996): alpha is
locally a linear function of the picture's planes, fitted on a reduced picture (see `guiding`) and
enlarged. It is fitted twice, first in wide windows and then in close ones around what came out.
Only tiles that an edge crosses are worked out in full; elsewhere alpha is exactly 0 or 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import log2
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sinet_video import native
from sinet_video.media.box_filter import box_sum
from sinet_video.media.frame import Frame, Matte
from sinet_video.media.guided_filter import Lines, confidence, fit
from sinet_video.media.pyramid import bounding_slices, reduced
from sinet_video.media.resample import resized
from sinet_video.media.tiled_alpha import TiledAlpha
from sinet_video.native import refining as kernels
from sinet_video.stages.lift import lifted, raised
from sinet_video.stages.matte_settings import BilinearRefinement, GuidedRefinement, Refinement
from sinet_video.stages.memory import NOTHING, remembers

Array = NDArray[Any]
"""Float32 throughout; numpy's types would call much of it float64."""

WORKING_SIDE = 240
"""The guided filter is fitted on a picture whose longer side is about this."""

BILINEAR_SIDE = 400
"""As much for plain enlargement."""

SURE = 3
"""Cells of the coarse alpha around one that must agree for it to be sure."""

REACH = 7
"""Cells around one whose alpha the second fit, in windows of 3 x 3 half as fine cells, looks at."""

SLACK = 0.05
"""How far beyond 0 or 1 a fitted value must be for the finer picture not to bring it back."""


@remembers(NOTHING)
def refine(mattes: Iterable[Matte], refinement: Refinement = GuidedRefinement()) -> Iterator[Matte]:
    """Yield each matte with its alpha at the frame's size; one that has it already passes."""
    for matte in mattes:
        frame = matte.frame
        if isinstance(matte.plane, TiledAlpha) or matte.plane.shape == (frame.height, frame.width):
            yield matte
        elif isinstance(refinement, GuidedRefinement):
            yield matte.with_alpha(guided(frame, matte.plane, refinement))
        else:
            yield matte.with_alpha(enlarged(frame, matte.plane, refinement))


def guided(frame: Frame, coarse: Array, settings: GuidedRefinement) -> TiledAlpha:
    """Return alpha at the frame's size from coarse alpha, (h, w) float32 in [0, 1]."""
    # Where people are seen larger, alpha is finer: as fine must the picture be.
    factor = subsampling(frame, max(WORKING_SIDE, *coarse.shape))
    guide = reduced(frame, factor)
    extent = frame.height / factor, frame.width / factor
    alpha = resized(levels(coarse, settings.black, settings.white), guide.shape[1:], extent)
    cell = guide.shape[2] / coarse.shape[1]
    # Windows are of half as fine cells; beyond the picture's longer side they only cost.
    radius = min(max(1, round(settings.radius * cell / 2)), max(alpha.shape) // 2 + 1)
    sure = max(1, round(SURE * cell))
    lines, band = fitted_lines(guide, frame.format.top, alpha, radius, sure, settings)
    return lifted(frame, factor, lines, band)


def fitted_lines(
    guide: Array, top: int, alpha: Array, radius: int, sure: int, settings: GuidedRefinement
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
    guide: Array, alpha: Array, radius: int, sure: int, settings: GuidedRefinement
) -> tuple[Lines, NDArray[np.bool_]]:
    """Return the lines of two fits, and the cells where alpha is not flat."""
    near = _fitted(guide, alpha, sure, radius, settings)
    alpha = np.clip(near.at(guide), 0, 1)
    lines = _fitted(guide, alpha, sure, 1, settings)
    fitted = lines.at(guide)
    unsure = (fitted > -SLACK) & (fitted < 1 + SLACK)
    decided = np.where(unsure, np.float32(0.5), fitted > 0.5)
    # Alpha is flat where every value in reach (of windows, their averages, and 1 for the
    # enlargement) is, and where the fit is beyond 0 or 1 with all its neighbours.
    band = transition_band(alpha, REACH) & transition_band(decided, 1)
    return lines.only(band, np.where(unsure, alpha, decided)), band


def _fitted(
    guide: Array, alpha: Array, sure: int, radius: int, settings: GuidedRefinement
) -> Lines:
    lines = fit(guide, alpha, confidence(alpha, sure), radius, settings.eps)
    return lines.steeper(settings.contrast)


def enlarged(frame: Frame, coarse: Array, settings: BilinearRefinement) -> TiledAlpha:
    """Return alpha at the frame's size by bilinear enlargement."""
    factor = subsampling(frame, BILINEAR_SIDE)
    shape = -(-frame.height // factor), -(-frame.width // factor)
    extent = frame.height / factor, frame.width / factor
    alpha = resized(levels(coarse, settings.black, settings.white), shape, extent)
    return raised(frame, factor, alpha, transition_band(alpha, 1))


def levels(alpha: Array, black: float, white: float) -> Array:
    """Stretch alpha so that `black` becomes 0 and `white` 1."""
    stretched: Array = np.clip((alpha - np.float32(black)) / np.float32(white - black), 0, 1)
    return stretched


def subsampling(frame: Frame, side: int) -> int:
    """Return by which power of two, 1 to 8, a picture is reduced to have about this longer side.

    Either not at all, or to cells of whole chroma samples.
    """
    power = np.clip(round(log2(max(frame.width, frame.height) / side)), 0, 3)
    return max(int(2**power), frame.format.down, frame.format.across) if power else 1


def transition_band(alpha: Array, radius: int) -> NDArray[np.bool_]:
    """Return where a window of this radius holds anything but all 0 or all 1."""
    # The sum of booleans is whether any is set.
    both: NDArray[np.bool_] = box_sum(alpha > 0, radius) & box_sum(alpha < 1, radius)
    return both
