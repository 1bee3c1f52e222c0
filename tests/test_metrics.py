"""Figures computed by hand."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any

import numpy as np
import pytest

from sinet_video.errors import SettingError
from sinet_video.metrics import dtssd, foreground_iou, mad

TRUTH = np.array([[0.0, 0.0], [1.0, 1.0]], np.float32)


def test_mad_of_the_truth_is_zero() -> None:
    """Nothing differs from itself."""
    assert mad(TRUTH, TRUTH) == 0


def test_mad() -> None:
    """The mean of 0, 0.5, 0.25 and 1 is 0.4375, whichever of the two comes first."""
    alpha = np.array([[0.0, 0.5], [0.75, 0.0]], np.float32)
    assert mad(alpha, TRUTH) == mad(TRUTH, alpha) == pytest.approx(0.4375)


def test_mad_of_the_opposite_is_one() -> None:
    """The worst that can be is 1."""
    assert mad(1 - TRUTH, TRUTH) == 1


def test_mad_takes_masks() -> None:
    """Booleans are differences of 0 and 1, not of bits; 64-bit floats will do as well."""
    mask = np.array([[True, False], [True, True]])
    assert mad(mask, TRUTH) == mad(mask.astype(np.float64), TRUTH) == pytest.approx(0.25)


def test_iou() -> None:
    """Two pixels in common of four in either."""
    mask = np.array([True, True, True, False, False])
    truth = np.array([False, True, True, True, False])
    assert foreground_iou(mask, truth) == foreground_iou(truth, mask) == 0.5


@pytest.mark.parametrize(
    ("mask", "truth", "expected"),
    [
        ([1, 1], [1, 1], 1.0),
        ([1, 0], [0, 1], 0.0),
        ([0, 0], [0, 0], 1.0),
        ([0, 0], [0, 1], 0.0),
        ([1, 1], [0, 1], 0.5),
    ],
    ids=["same", "apart", "both empty", "one empty", "half"],
)
def test_iou_at_its_ends(mask: list[int], truth: list[int], expected: float) -> None:
    """1 where masks are one, or both empty; 0 where they have nothing in common."""
    assert foreground_iou(np.array(mask, bool), np.array(truth, bool)) == expected


def still(*values: float) -> list[np.ndarray[Any, Any]]:
    """Alphas of 2x2 pixels, each of one value."""
    return [np.full((2, 2), value, np.float32) for value in values]


def test_dtssd_of_a_constant_error_is_zero() -> None:
    """What is wrong but steady does not flicker."""
    assert dtssd(still(0.2, 0.7, 0.4), still(0.0, 0.5, 0.2)) == pytest.approx(0, abs=1e-7)


def test_dtssd_of_flicker() -> None:
    """On a still truth, changes of 0.5 and -0.25 average to 0.375."""
    assert dtssd(still(0.0, 0.5, 0.25), still(0, 0, 0)) == pytest.approx(0.375)


def test_dtssd_of_what_does_not_follow() -> None:
    """A still alpha on a truth that changes is as wrong as the reverse."""
    assert dtssd(still(0, 0, 0), still(0.0, 0.5, 0.25)) == pytest.approx(0.375)


def test_dtssd_is_a_root_of_a_mean_over_pixels() -> None:
    """One pixel of four that changes by 1 gives the root of a quarter, not a quarter."""
    before, after = np.zeros((2, 2), np.float32), np.zeros((2, 2), np.float32)
    after[0, 1] = 1
    assert dtssd([before, after], still(0, 0)) == pytest.approx(0.5)


def test_dtssd_is_a_mean_of_roots_over_time() -> None:
    """Pairs of frames are averaged after the root: (sqrt(1/4) + sqrt(1/2)) / 2."""
    frames = [np.zeros((2, 2), np.float32) for _ in range(3)]
    frames[1][0, 0] = 1
    frames[2][1, 0] = 1
    expected = (sqrt(1 / 4) + sqrt(2 / 4)) / 2
    assert dtssd(frames, still(0, 0, 0)) == pytest.approx(expected)


@pytest.mark.parametrize("count", [0, 1])
def test_dtssd_of_fewer_than_two_frames_is_zero(count: int) -> None:
    """Nothing can change, however wrong it is."""
    assert dtssd(still(*[1.0] * count), still(*[0.0] * count)) == 0


def test_dtssd_takes_iterators() -> None:
    """Clips may come lazily."""
    assert dtssd(iter(still(0, 1)), iter(still(0, 0))) == pytest.approx(1)


@pytest.mark.parametrize(("count", "others"), [(3, 2), (2, 3)])
def test_dtssd_of_clips_of_different_length(count: int, others: int) -> None:
    """A clip that ends before the other is an error, not a shorter comparison."""
    with pytest.raises(ValueError, match="argument 2 is"):
        dtssd(still(*range(count)), still(*range(others)))


@pytest.mark.parametrize(
    "measure", [mad, foreground_iou, lambda alpha, truth: dtssd([alpha], [truth])]
)
def test_shapes_that_differ(measure: Callable[..., float]) -> None:
    """Shapes must be equal, even where numpy would stretch one of them; the message has both."""
    with pytest.raises(SettingError, match=r"\(2, 2\) and \(1, 2\)"):
        measure(TRUTH > 0, TRUTH[:1] > 0)
    assert measure(TRUTH > 0, TRUTH > 0) in (0, 1)
