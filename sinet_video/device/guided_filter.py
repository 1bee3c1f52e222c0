"""The guided filter in torch; see `planes.guided_filter`, of which each function has the name."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from sinet_video.device.grids import box_mean, box_sum, doubled, halved
from sinet_video.planes.guided_filter import LEAST, PAIRS, solution


@dataclass(frozen=True)
class Lines:
    """Alpha as `slopes . (guide - centre) + level`, cell by cell.

    Attributes:
        slopes: (3, h, w), one for each plane of the guide.
        centre: (3, h, w), the guide's mean around each cell.
        level: (h, w), alpha at the centre.
    """

    slopes: Tensor
    centre: Tensor
    level: Tensor

    def at(self, guide: Tensor) -> Tensor:
        """Return alpha, (h, w), for a guide of one value per cell, (3, h, w)."""
        return (self.slopes * (guide - self.centre)).sum(0) + self.level

    def steeper(self, contrast: float) -> Lines:
        """Return lines steeper by a factor, pivoting around one half."""
        level = self.level * contrast + (1 - contrast) / 2
        return Lines(self.slopes * contrast, self.centre, level)

    def only(self, band: Tensor, rest: Tensor) -> Lines:
        """Return lines that hold within a band, (h, w), and equal `rest` elsewhere."""
        return Lines(self.slopes * band, self.centre, torch.where(band, self.level, rest))


def confidence(alpha: Tensor, radius: int) -> Tensor:
    """Return the certainty of alpha, (h, w) in [LEAST, 1]; 1 where a window is all 0 or all 1."""
    return (2 * box_mean(alpha, radius) - 1).square().clamp(min=float(LEAST))


def fit(guide: Tensor, alpha: Tensor, sure: Tensor, radius: int, eps: float) -> Lines:
    """Return lines fitted in windows of (4 * radius + 2) squared cells and averaged over 6 x 6.

    `guide` is (3, h, w) in [0, 1], `alpha` (h, w) in [0, 1] and `sure` its weights, above 0.
    """
    sums = box_sum(halved(_products(guide, alpha, sure)), radius)
    weight = sums[0]
    guides, mean, covariances, variances = _moments(sums[1:] / weight, eps)
    numerators, denominator = solution(variances, covariances)
    slopes = torch.stack(numerators) / denominator
    level = mean - (slopes * guides).sum(0)
    parts = torch.cat([slopes, level[None], torch.ones_like(level)[None]])
    around = box_sum(parts * weight, 1)
    lines = around[:4] / around[4]
    fine = doubled(torch.cat([lines, guides]), alpha.shape)
    return Lines(fine[:3], fine[4:], fine[3] + (fine[:3] * fine[4:]).sum(0))


def _products(guide: Tensor, alpha: Tensor, sure: Tensor) -> Tensor:
    """Return all products whose weighted means make up the fit, (14, h, w)."""
    weighted, person = guide * sure, alpha * sure
    squares = torch.stack([weighted[first] * guide[second] for first, second in PAIRS])
    return torch.cat([sure[None], weighted, person[None], guide * person, squares])


def _moments(means: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the mean guide, the mean alpha, their covariance and the guide's covariance."""
    guides, alpha, crossed, squares = means[:3], means[3], means[4:7], means[7:]
    own = [eps if first == second else 0.0 for first, second in PAIRS]
    variances = torch.stack(
        [
            square - guides[first] * guides[second] + added
            for square, (first, second), added in zip(squares, PAIRS, own, strict=True)
        ]
    )
    return guides, alpha, crossed - guides * alpha, variances
