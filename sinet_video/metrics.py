"""How far a matte is from the truth, as the field measures it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sinet_video.errors import SettingError

Array = NDArray[Any]


def mad(alpha: Array, truth: Array) -> float:
    """Mean absolute difference of two alphas of one shape, in [0, 1]; often quoted times 1000."""
    _check(alpha, truth)
    return float(np.abs(_float(alpha) - _float(truth)).mean())


def foreground_iou(mask: Array, truth: Array) -> float:
    """Intersection over union of two boolean masks of one shape; 1 where both are empty."""
    _check(mask, truth)
    union = int(np.logical_or(mask, truth).sum())
    return float(np.logical_and(mask, truth).sum() / union) if union else 1.0


def dtssd(alphas: Iterable[Array], truths: Iterable[Array]) -> float:
    """Flicker: how alpha's change from frame to frame differs from the truth's; often times 100.

    The root of the mean over pixels of the squared difference of changes, averaged over pairs of
    frames. Erofeev et al., "Perceptually Motivated Benchmark for Video Matting", BMVC 2015, up to
    the constant that their use of a sum makes. Alphas are (H, W) in [0, 1]. 0 for fewer than two.
    """
    errors: list[float] = []
    before: Array | None = None
    for alpha, truth in zip(alphas, truths, strict=True):
        _check(alpha, truth)
        error = _float(alpha) - _float(truth)
        if before is not None:
            errors.append(float(np.sqrt(np.square(error - before).mean())))
        before = error
    return float(np.mean(errors)) if errors else 0.0


def _float(alpha: Array) -> Array:
    return alpha.astype(np.float32, copy=False)


def _check(alpha: Array, truth: Array) -> None:
    if alpha.shape != truth.shape:
        raise SettingError(f"Shapes {alpha.shape} and {truth.shape} cannot be compared.")
