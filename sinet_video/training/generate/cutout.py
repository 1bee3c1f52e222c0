"""Cutting a person out of a photograph without the old background, and matching colours."""

from __future__ import annotations

import cv2
import numpy as np

from sinet_video.media.arrays import Array

INWARD = (0.5, 0.98)
"""Blurred mask at or below the first is background, at or above the second person. This edge lies
about 0.6 of the blur's sigma further in than the mask's, as hand-drawn masks tend to be too large.
"""

SURE = (0.9, 0.995)
"""Alpha from which the photograph's own colours are used in part, and fully."""

REACH = (2.0, 5.0, 12.0, 30.0)
"""Sigmas in pixels with which colours are spread outwards; the smallest that reaches a pixel
counts.
"""

SPREAD_LIMITS = (0.7, 1.4)
"""Limits for the change of the spread of a person's colours."""


def soft_edge(mask: Array, sigma: float) -> Array:
    """Return alpha, (H, W) float32 in [0, 1], from a mask in [0, 1], blurred and drawn in."""
    return _levels(_blurred(mask.astype(np.float32), sigma), *INWARD)


def own_colours(image: Array, mask: Array, sigma: float) -> Array:
    """Return an image (H, W, 3) float32 with the person's colours extended outwards.

    `mask` is in [0, 1] and `sigma` the edge's. Pixels of the edge hold some of the old background.
    They get the mean of what lies within, weighted by distance, as in M. Forte, "Approximate Fast
    Foreground Colour Estimation", ICIP 2021, without its second step.
    """
    image, mask = image.astype(np.float32), mask.astype(np.float32)
    sure = _levels(_blurred(mask, sigma), *SURE)[..., None]
    replaced: Array = image * sure + _carried_outwards(image, sure) * (1 - sure)
    return replaced


def _carried_outwards(image: Array, sure: Array) -> Array:
    carried, missing = np.zeros_like(image), np.ones_like(sure)
    for sigma in REACH:
        weight = _blurred(sure[..., 0], sigma)[..., None]
        mean = _blurred(image * sure, sigma) / np.maximum(weight, 1e-6)
        share = missing * np.minimum(1, weight / 0.02)
        carried += mean * share
        missing = missing - share
    filled: Array = carried + image * missing
    return filled


def _blurred(values: Array, sigma: float) -> Array:
    blurred: Array = cv2.GaussianBlur(values, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    return blurred


def _levels(values: Array, black: float, white: float) -> Array:
    stretched: Array = np.clip((values - np.float32(black)) / np.float32(white - black), 0, 1)
    return stretched


def matched(person: Array, alpha: Array, background: Array, light: float, tint: float) -> Array:
    """Return a person's colours moved towards a background's; all RGB float32 from 0 to 255.

    Mean and spread of each channel of CIE Lab are moved, lightness by the share `light` and both
    chroma channels by `tint`, of what would make them the background's: Reinhard, Ashikhmin, Gooch,
    Shirley, "Color Transfer between Images", IEEE CG&A 2001, there in l-alpha-beta. `alpha`, (H, W)
    in [0, 1], says which pixels are the person.
    """
    ours, theirs = _to_lab(person), _to_lab(background)
    mean, spread = _statistics(ours, alpha)
    wanted, wanted_spread = _statistics(theirs, np.ones(theirs.shape[:2], np.float32))
    strength = np.array([light, tint, tint], np.float32)
    ratio = np.clip(wanted_spread / np.maximum(spread, 1), *SPREAD_LIMITS)
    moved = (ours - mean) * (1 + strength * (ratio - 1)) + mean + strength * (wanted - mean)
    back = cv2.cvtColor(moved.astype(np.float32), cv2.COLOR_Lab2RGB)
    matched_colours: Array = np.clip(back * np.float32(255), 0, 255)
    return matched_colours


def _to_lab(image: Array) -> Array:
    lab: Array = cv2.cvtColor(image.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2Lab)
    return lab


def _statistics(lab: Array, weight: Array) -> tuple[Array, Array]:
    """Return mean and standard deviation of each channel, (3,) each."""
    weights = weight[..., None].astype(np.float64)
    total = max(float(weights.sum()), 1e-6)
    mean = (lab * weights).sum((0, 1)) / total
    return mean, np.sqrt(((lab - mean) ** 2 * weights).sum((0, 1)) / total)
