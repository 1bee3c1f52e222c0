"""Errors of a matte against ground truth, by the standard measures of the field.

Alphas are (H, W) in [0, 1] and masks (H, W) booleans. All are measured over the whole image, while
benchmarks with a trimap count only its unknown part. The two arrays must have the same shape, or
`SettingError` is raised. `boundary_f`, `gradient_error` and `connectivity_error` need scipy, which
the extra `train` installs.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from math import ceil, hypot, log, pi, sqrt
from typing import Any

import numpy as np

from sinet_video.errors import SettingError
from sinet_video.extras import extra_needed
from sinet_video.media.arrays import Array
from sinet_video.planes.box_filter import box_sum

BOUNDARY_SHARE = 0.008
"""Tolerance for the position of a boundary, as a share of the image diagonal."""

SIGMA = 1.4
STEP = 0.1
THETA = 0.15
"""The constants of Rhemann et al.: the sigma of the gradient's Gaussian in pixels, the step between
thresholds for connectivity, and the least distance that counts there.
"""

PARTIAL = (0.05, 0.95)
"""Between these values, alpha is neither background nor person."""

REACH = 3
"""Pixels by which the band around a soft edge is widened for `edge_mad`."""


def mad(alpha: Array, truth: Array) -> float:
    """Return the mean absolute difference of two alphas, (H, W) each, in [0, 1].

    Often quoted times 1000. Raises `SettingError` if shapes differ.
    """
    _check(alpha, truth)
    return float(np.abs(_float(alpha) - _float(truth)).mean())


def mse(alpha: Array, truth: Array) -> float:
    """Return the mean squared difference of two alphas, (H, W) each, in [0, 1].

    Often quoted times 1000. Raises `SettingError` if shapes differ.
    """
    _check(alpha, truth)
    return float(np.square(_float(alpha) - _float(truth)).mean())


def foreground_iou(mask: Array, truth: Array) -> float:
    """Return the intersection over union of two masks, (H, W) bool; 1 if both are empty."""
    _check(mask, truth)
    union = int(np.logical_or(mask, truth).sum())
    return float(np.logical_and(mask, truth).sum() / union) if union else 1.0


def two_class_iou(mask: Array, truth: Array) -> float:
    """Return the mean intersection over union of person and background, for (H, W) bool masks."""
    background = np.logical_not(mask), np.logical_not(truth)
    return (foreground_iou(mask, truth) + foreground_iou(*background)) / 2


def boundary_f(mask: Array, truth: Array, *, share: float = BOUNDARY_SHARE) -> float:
    """Return how well the outline of a boolean mask follows the truth's, in [0, 1].

    The F measure of Perazzi et al., "A Benchmark Dataset and Evaluation Methodology for Video
    Object Segmentation", CVPR 2016, as computed by the DAVIS benchmark: precision is the share of
    the mask's boundary pixels that have one of the truth's within a tolerance, recall the reverse,
    and F their harmonic mean. The tolerance is `share` of the diagonal, rounded up to whole pixels.
    The result is 1 if neither mask has a boundary, and 0 if only one has.
    """
    _check(mask, truth)
    found, true = _boundary(mask), _boundary(truth)
    if not len(found) or not len(true):
        return float(len(found) == len(true))
    tolerance = ceil(share * hypot(*mask.shape))
    precision, recall = _share_near(found, true, tolerance), _share_near(true, found, tolerance)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _boundary(mask: Array) -> Array:
    """Return rows and columns, (n, 2), of pixels unlike their right or lower neighbour, or both."""
    mask = mask.astype(bool)
    padded = np.pad(mask, ((0, 1), (0, 1)), mode="edge")
    unlike = (mask != padded[:-1, 1:]) | (mask != padded[1:, :-1]) | (mask != padded[1:, 1:])
    return np.argwhere(unlike)


def _share_near(points: Array, others: Array, tolerance: int) -> float:
    """Return the share of points that have one of the others within a disc of this radius."""
    tree = _scipy("scipy.spatial").cKDTree(others)
    distances, _ = tree.query(points, distance_upper_bound=tolerance + 0.5)
    return float((distances <= tolerance).mean())


def gradient_error(alpha: Array, truth: Array, *, sigma: float = SIGMA) -> float:
    """Return the difference in steepness of edges: a sum over pixels, divided by 1000.

    The squared difference of gradient magnitudes, each from first-order derivatives of a Gaussian
    of `sigma` pixels. Rhemann et al., "A Perceptually Motivated Online Benchmark for Image
    Matting", CVPR 2009; kernels are truncated and normalised (the sum of their squares is 1) as in
    the public evaluation code of Xu et al., "Deep Image Matting", CVPR 2017. As a sum it grows with
    the image: compare only at one size.
    """
    _check(alpha, truth)
    difference = _steepness(_float(alpha), sigma) - _steepness(_float(truth), sigma)
    return float(np.square(difference).sum(dtype=np.float64) / 1000)


def _steepness(alpha: Array, sigma: float) -> Array:
    bell, slope = _kernels(sigma)
    along = _scipy("scipy.ndimage").correlate1d
    down, across = (
        along(along(alpha, bell, axis=1 - axis, mode="nearest"), slope, axis=axis, mode="nearest")
        for axis in (0, 1)
    )
    steepness: Array = np.hypot(down, across)
    return steepness


def _kernels(sigma: float) -> tuple[Array, Array]:
    """Return a Gaussian and its derivative, truncated where it falls below a hundredth."""
    reach = ceil(sigma * sqrt(max(0.0, -2 * log(sqrt(2 * pi) * sigma * 0.01))))
    offsets = np.arange(-reach, reach + 1)
    bell = np.exp(-(offsets**2) / (2 * sigma**2))
    slope = offsets * bell
    return bell / np.linalg.norm(bell), slope / np.linalg.norm(slope)


def connectivity_error(
    alpha: Array, truth: Array, *, step: float = STEP, theta: float = THETA
) -> float:
    """Return how much is disconnected from the person: a sum over pixels, divided by 1000.

    Rhemann et al., CVPR 2009, as computed by the evaluation code of Xu et al.: a pixel's level is
    the highest threshold, in steps of `step`, at which it still belongs to the largest 4-connected
    region where both alphas reach the threshold. Its distance is alpha minus that level, or zero
    below `theta`. The error is the absolute difference of the two distances. As in that code, the
    paper's weighting by the distance of a loose part is omitted. As a sum it grows with the image:
    compare only at one size.
    """
    _check(alpha, truth)
    alpha, truth = _float(alpha), _float(truth)
    level = _connected_level(np.minimum(alpha, truth), round(1 / step))
    difference = _distance(alpha, level, theta) - _distance(truth, level, theta)
    return float(np.abs(difference).sum(dtype=np.float64) / 1000)


def _distance(alpha: Array, level: Array, theta: float) -> Array:
    distance = alpha - level
    return distance * (distance >= np.float32(theta))


def _connected_level(common: Array, steps: int) -> Array:
    level, held = np.ones_like(common), np.ones(common.shape, bool)
    for index in range(steps):
        region = _largest_region(common >= np.float32((index + 1) / steps))
        level[held & ~region] = index / steps
        held &= region
    return level


def _largest_region(mask: Array) -> Array:
    """Return the largest 4-connected region of a mask as a mask; empty for an empty mask."""
    labels, count = _scipy("scipy.ndimage").label(mask)
    if not count:
        return np.zeros(mask.shape, bool)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    region: Array = labels == sizes.argmax()
    return region


def dtssd(alphas: Iterable[Array], truths: Iterable[Array]) -> float:
    """Return the flicker: how the change of alpha between frames differs from the truth's.

    The root of the mean over pixels of the squared difference of changes, averaged over pairs of
    frames; often quoted times 100. Erofeev et al., "Perceptually Motivated Benchmark for Video
    Matting", BMVC 2015, up to the constant that results from their use of a sum. Alphas are (H, W)
    in [0, 1]. The result is 0 for fewer than two frames.
    """
    changes: list[float] = []
    before: Array | None = None
    for alpha, truth in zip(alphas, truths, strict=True):
        error = signed_error(alpha, truth)
        if before is not None:
            changes.append(change_error(error, before))
        before = error
    return float(np.mean(changes)) if changes else 0.0


def signed_error(alpha: Array, truth: Array) -> Array:
    """Return alpha minus the truth, (H, W) float32 in [-1, 1]."""
    _check(alpha, truth)
    return _float(alpha) - _float(truth)


def change_error(error: Array, before: Array) -> float:
    """Return one term of `dtssd`: the root mean square change of the signed error, (H, W) each."""
    return float(np.sqrt(np.square(error - before).mean()))


def partial_share(alpha: Array) -> float:
    """Return the share of pixels of alpha, (H, W), above 0.05 and below 0.95: how soft a matte is.

    Our own measure. A matte with edges of the right softness has about the truth's share; one that
    is nearly a mask has less.
    """
    return float(_partial(alpha).mean())


def edge_mad(alpha: Array, truth: Array, *, reach: int = REACH) -> float | None:
    """Return the mean absolute difference of two alphas around the truth's soft edges, in [0, 1].

    Our own measure. The mean is over the pixels within `reach` rows and columns of one whose true
    alpha is partial, as in `partial_share`. None if the truth has no such pixel.
    """
    _check(alpha, truth)
    band = box_sum(_partial(truth).astype(np.int32), reach) > 0
    if not band.any():
        return None
    return mad(alpha[band], truth[band])


def _partial(alpha: Array) -> Array:
    partial: Array = (alpha > PARTIAL[0]) & (alpha < PARTIAL[1])
    return partial


def _float(alpha: Array) -> Array:
    return alpha.astype(np.float32, copy=False)


def _check(alpha: Array, truth: Array) -> None:
    if alpha.shape != truth.shape:
        raise SettingError(f"Shapes {alpha.shape} and {truth.shape} cannot be compared.")


def _scipy(module: str) -> Any:
    with extra_needed("This figure"):
        return import_module(module)
