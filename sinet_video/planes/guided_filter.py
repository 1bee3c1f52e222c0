"""The guided filter, with a frame's three planes as guide and weights for certain alpha.

Within each window alpha is fitted as a linear function of the three planes: He, Sun, Tang, "Guided
Image Filtering", TPAMI 2013, section 3.6 (equations 19 to 21). Here samples are weighted by how
certain the alpha is. Colours well inside and well outside then decide what lies between them,
rather than the edge that is to be corrected. Statistics are kept for every other cell.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sinet_video.media.arrays import FloatArray
from sinet_video.planes.box_filter import box_mean, box_sum
from sinet_video.planes.pyramid import doubled, halved

Plane = Any
"""Values of cells, (h, w), with which one can calculate: of numpy or of torch."""

LEAST = np.float32(0.02)
"""Weight of a cell that is entirely uncertain."""


@dataclass(frozen=True)
class Lines:
    """Alpha as `slopes . (guide - centre) + level`, cell by cell.

    Attributes:
        slopes: (3, h, w), one for each plane of the guide.
        centre: (3, h, w), the guide's mean around each cell.
        level: (h, w), alpha at the centre.
    """

    slopes: FloatArray
    centre: FloatArray
    level: FloatArray

    @classmethod
    def flat(cls, alpha: FloatArray) -> Lines:
        """Return lines that give this alpha, (h, w), for any guide."""
        slopes = np.zeros((3, *alpha.shape), np.float32)
        return cls(slopes, slopes.copy(), alpha.copy())

    def put(self, part: tuple[slice, slice], lines: Lines) -> None:
        """Replace part of the cells with other lines."""
        self.slopes[:, *part], self.centre[:, *part] = lines.slopes, lines.centre
        self.level[part] = lines.level

    def at(self, guide: FloatArray) -> FloatArray:
        """Return alpha, (h, w), for a guide of one value per cell, (3, h, w)."""
        slope, (first, second, third) = self.slopes, guide - self.centre
        alpha: FloatArray = slope[0] * first + slope[1] * second + slope[2] * third + self.level
        return alpha

    def steeper(self, contrast: float) -> Lines:
        """Return lines steeper by a factor, pivoting around one half."""
        by = np.float32(contrast)
        return Lines(self.slopes * by, self.centre, self.level * by + (1 - by) / 2)

    def only(self, band: NDArray[np.bool_], rest: FloatArray) -> Lines:
        """Return lines that hold within a band, (h, w), and equal `rest` elsewhere."""
        return Lines(self.slopes * band, self.centre, np.where(band, self.level, rest))


def confidence(alpha: FloatArray, radius: int) -> FloatArray:
    """Return the certainty of alpha, (h, w) in [LEAST, 1]; 1 where a window is all 0 or all 1.

    `alpha` is (h, w) in [0, 1]; windows are (2 * radius + 1) squared.
    """
    decided = 2 * box_mean(alpha, radius) - 1
    sure: FloatArray = np.maximum(LEAST, decided * decided)
    return sure


def fit(guide: FloatArray, alpha: FloatArray, sure: FloatArray, radius: int, eps: float) -> Lines:
    """Return lines fitted in windows of (4 * radius + 2) squared cells and averaged over 6 x 6.

    `guide` is (3, h, w) in [0, 1], `alpha` (h, w) in [0, 1] and `sure` its weights, above 0. A
    plane whose variance is below `eps` has little influence.
    """
    weight, *means = box_sum(halved(_products(guide, alpha, sure)), radius)
    guides, mean, covariances, variances = _moments(np.stack(means) / weight, eps)
    numerators, denominator = solution(variances, covariances)
    slopes = np.stack(numerators)
    slopes /= denominator
    level = mean - (slopes * guides).sum(0)
    around = box_sum(np.stack([*slopes, level, np.ones_like(level)]) * weight, 1)
    lines = around[:4] / around[4]
    fine = doubled(np.concatenate([lines, guides]), alpha.shape)
    return Lines(fine[:3], fine[4:], fine[3] + (fine[:3] * fine[4:]).sum(0))


PAIRS = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
"""Plane pairs whose products a symmetric 3 x 3 matrix holds."""


def _products(guide: FloatArray, alpha: FloatArray, sure: FloatArray) -> FloatArray:
    """Return all products whose weighted means make up the fit, (14, h, w)."""
    products = np.empty((14, *alpha.shape), np.float32)
    products[0] = sure
    np.multiply(guide, sure, out=products[1:4])
    np.multiply(alpha, sure, out=products[4])
    np.multiply(guide, products[4], out=products[5:8])
    for index, (first, second) in enumerate(PAIRS):
        np.multiply(products[1 + first], guide[second], out=products[8 + index])
    return products


def _moments(
    means: FloatArray, eps: float
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return the mean guide, the mean alpha, their covariance and the guide's covariance."""
    guides, alpha, crossed, squares = means[:3], means[3], means[4:7], means[7:]
    variances = squares - np.stack([guides[a] * guides[b] for a, b in PAIRS])
    variances[[0, 3, 5]] += np.float32(eps)
    return guides, alpha, crossed - guides * alpha, variances


def solution(matrix: Iterable[Plane], right: Iterable[Plane]) -> tuple[list[Plane], Plane]:
    """Solve a symmetric 3 x 3 system per cell, by Cramer's rule.

    `matrix` has six planes in the order of PAIRS, `right` three; numpy's or torch's. Returns the
    three numerators and their denominator.
    """
    a, b, c, d, e, f = matrix
    first = d * f - e * e, c * e - b * f, b * e - c * d
    second = first[1], a * f - c * c, b * c - a * e
    third = first[2], second[2], a * d - b * b
    determinant = a * first[0] + b * first[1] + c * first[2]
    rows = (first, second, third)
    x, y, z = right
    return [row[0] * x + row[1] * y + row[2] * z for row in rows], determinant
