"""Refinement in torch; see `stages.refine`, of which each function has the name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from sinet_video.device.grids import cells_of, enlarged, highest, repeated, resized
from sinet_video.device.guided_filter import Lines, confidence, fit
from sinet_video.device.matte import DeviceMatte
from sinet_video.media.frame import Frame
from sinet_video.media.tiled_alpha import Grid
from sinet_video.planes.pyramid import subsampling
from sinet_video.stages.matte_settings import BilinearRefinement, GuidedRefinement, Refinement
from sinet_video.stages.refine import BILINEAR_SIDE, REACH, SLACK, SURE, WORKING_SIDE


def refine(mattes: Iterable[DeviceMatte], refinement: Refinement) -> Iterator[DeviceMatte]:
    """Yield each matte with its alpha enlarged to the frame's size, (H, W) in [0, 1].

    A matte that already has the frame's size is passed on unchanged.
    """
    for matte in mattes:
        if tuple(matte.alpha.shape) == (matte.frame.height, matte.frame.width):
            yield matte
        elif isinstance(refinement, GuidedRefinement):
            yield matte.with_alpha(guided(matte, refinement))
        else:
            yield matte.with_alpha(bilinear(matte, refinement))


def guided(matte: DeviceMatte, settings: GuidedRefinement) -> Tensor:
    """Return alpha at the frame's size from coarse alpha."""
    frame, coarse, planes = matte.frame, matte.alpha, matte.planes
    factor = subsampling(frame, max(WORKING_SIDE, *coarse.shape))
    guide = cells_of(frame, factor, coarse.device)
    extent = frame.height / factor, frame.width / factor
    alpha = resized(levels(coarse, settings), tuple(guide.shape[1:]), extent)
    cell = guide.shape[2] / coarse.shape[1]
    radius = min(max(1, round(settings.radius * cell / 2)), max(alpha.shape) // 2 + 1)
    lines, band = fitted_lines(
        guide / frame.format.top, alpha, radius, max(1, round(SURE * cell)), settings
    )
    grid = Grid.of(frame.height, frame.width)
    values = _values(frame, planes, lines, factor).clamp(0, 1)
    return _flattened(values, lines.level, band, grid, factor)


def fitted_lines(
    guide: Tensor, alpha: Tensor, radius: int, sure: int, settings: GuidedRefinement
) -> tuple[Lines, Tensor]:
    """Return the lines of the two fits, and the cells where alpha is not flat."""
    near = _fitted(guide, alpha, sure, radius, settings)
    alpha = near.at(guide).clamp(0, 1)
    lines = _fitted(guide, alpha, sure, 1, settings)
    fitted = lines.at(guide)
    unsure = (fitted > -SLACK) & (fitted < 1 + SLACK)
    decided = torch.where(unsure, 0.5, (fitted > 0.5).to(fitted.dtype))
    band = transition_band(alpha, REACH) & transition_band(decided, 1)
    return lines.only(band, torch.where(unsure, alpha, decided)), band


def _fitted(
    guide: Tensor, alpha: Tensor, sure: int, radius: int, settings: GuidedRefinement
) -> Lines:
    lines = fit(guide, alpha, confidence(alpha, sure), radius, settings.eps)
    return lines.steeper(settings.contrast)


def bilinear(matte: DeviceMatte, settings: BilinearRefinement) -> Tensor:
    """Return alpha at the frame's size by bilinear enlargement."""
    frame = matte.frame
    factor = subsampling(frame, BILINEAR_SIDE)
    shape = -(-frame.height // factor), -(-frame.width // factor)
    extent = frame.height / factor, frame.width / factor
    alpha = resized(levels(matte.alpha, settings), shape, extent)
    values = enlarged(alpha, (factor, factor), (frame.height, frame.width)).clamp(0, 1)
    grid = Grid.of(frame.height, frame.width)
    return _flattened(values, alpha, transition_band(alpha, 1), grid, factor)


def levels(alpha: Tensor, settings: GuidedRefinement | BilinearRefinement) -> Tensor:
    """Stretch alpha so that `black` becomes 0 and `white` becomes 1."""
    return ((alpha - settings.black) / (settings.white - settings.black)).clamp(0, 1)


def transition_band(alpha: Tensor, radius: int) -> Tensor:
    """Return where a window of alpha, (h, w), of this radius holds anything but all 0 or all 1."""
    return (highest(alpha, radius) > 0) & (-highest(-alpha, radius) < 1)


def _flattened(values: Tensor, flat: Tensor, band: Tensor, grid: Grid, factor: int) -> Tensor:
    """Return values, (H, W), but exactly 0 or 1, as `flat` is, in tiles that touch no band.

    `flat` and `band` are of cells, (h, w).
    """
    tile = grid.down // factor, grid.across // factor
    crossed = F.max_pool2d(band[None, None].to(values.dtype), tile, tile, ceil_mode=True)[0, 0]
    solid = flat[:: tile[0], :: tile[1]] > 0
    sides, shape = (grid.down, grid.across), tuple(values.shape)
    partial, full = (repeated(each, sides, shape) for each in (crossed > 0, solid))
    return torch.where(partial, values, full.to(values.dtype))


def _values(frame: Frame, planes: tuple[Tensor, ...], lines: Lines, factor: int) -> Tensor:
    """Return alpha computed by lines over the planes' own samples, not clipped."""
    (luma, *chroma), form = planes, frame.format
    down, across = form.down, form.across
    shape = tuple(luma.shape)
    if factor < max(down, across):  # where cells are finer than chroma samples, those are repeated
        chroma = [repeated(plane, (down, across), shape) for plane in chroma]
        down = across = 1
    slopes = lines.slopes / form.top
    level = lines.level - lines.slopes[0] * lines.centre[0]
    whole = factor, factor
    values = enlarged(slopes[0], whole, shape) * luma + enlarged(level, whole, shape)
    shared, size = (factor // down, factor // across), tuple(chroma[0].shape)
    part = enlarged(-(lines.slopes[1:] * lines.centre[1:]).sum(0), shared, size)
    for slope, plane in zip(slopes[1:], chroma, strict=True):
        part = part + enlarged(slope, shared, size) * plane
    return values + repeated(part, (down, across), shape)
