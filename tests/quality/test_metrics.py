"""Figures computed by hand."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from math import sqrt
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy import ndimage

from sinet_video.errors import SettingError, SinetVideoError
from sinet_video.quality.metrics import (
    boundary_f,
    change_error,
    connectivity_error,
    dtssd,
    edge_mad,
    foreground_iou,
    gradient_error,
    mad,
    mse,
    partial_share,
    signed_error,
    two_class_iou,
)

Array = NDArray[Any]

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
    "measure",
    [
        mad,
        mse,
        foreground_iou,
        two_class_iou,
        boundary_f,
        gradient_error,
        connectivity_error,
        lambda alpha, truth: edge_mad(alpha, truth) or 0,
        lambda alpha, truth: dtssd([alpha], [truth]),
    ],
)
def test_shapes_that_differ(measure: Callable[..., float]) -> None:
    """Shapes must be equal, even where numpy would stretch one of them; the message has both."""
    with pytest.raises(SettingError, match=r"\(2, 2\) and \(1, 2\)"):
        measure(TRUTH > 0, TRUTH[:1] > 0)
    assert measure(TRUTH > 0, TRUTH > 0) in (0, 1)


def test_mse() -> None:
    """The mean of the squares of 0, 0.5, 0.25 and 1 is 0.328125."""
    alpha = np.array([[0.0, 0.5], [0.75, 0.0]], np.float32)
    assert mse(alpha, TRUTH) == mse(TRUTH, alpha) == pytest.approx(0.328125)
    assert mse(TRUTH, TRUTH) == 0
    assert mse(1 - TRUTH, TRUTH) == 1


def test_two_class_iou() -> None:
    """Person 2 of 4, background 1 of 3: their mean, whichever of the two is called person."""
    mask = np.array([True, True, True, False, False])
    truth = np.array([False, True, True, True, False])
    assert two_class_iou(mask, truth) == pytest.approx((2 / 4 + 1 / 3) / 2)
    assert two_class_iou(~mask, ~truth) == two_class_iou(mask, truth)
    assert two_class_iou(~truth, truth) == 0


def square(left: int, side: int = 6, size: int = 20) -> Array:
    """A mask of a square in the middle rows, from a column on."""
    mask = np.zeros((size, size), bool)
    mask[5 : 5 + side, left : left + side] = True
    return mask


def test_boundary_f_of_the_same_is_one() -> None:
    """Also where there is no boundary at all; only where one alone has none it is 0."""
    empty = np.zeros((20, 20), bool)
    assert boundary_f(square(4), square(4)) == 1
    assert boundary_f(empty, empty) == boundary_f(~empty, empty) == 1
    assert boundary_f(square(4), empty) == boundary_f(empty, square(4)) == 0


def test_boundary_f_by_hand() -> None:
    """One column off with no room: precision and recall are 1/2 each, or 3/4 where lengths differ.

    On a strip of one row the boundary is the pixel before each change of value. Found: after 2 and
    6 (columns 2, 6); true: 2 and 8; half of either is met. A third, false change lowers precision.
    """
    found, true = np.zeros((2, 1, 12), bool)
    found[0, 3:7], true[0, 3:9] = True, True
    assert boundary_f(found, true, share=0) == pytest.approx(0.5)
    found[0, 10:] = True
    precision, recall = 1 / 3, 1 / 2
    expected = 2 * precision * recall / (precision + recall)
    assert boundary_f(found, true, share=0) == pytest.approx(expected)


def test_boundary_f_has_a_tolerance() -> None:
    """What is off by no more than the tolerance is right, by a pixel more is not."""
    diagonal = sqrt(2) * 20
    assert boundary_f(square(5), square(4), share=1 / diagonal) == 1
    assert boundary_f(square(6), square(4), share=2 / diagonal) == 1
    assert boundary_f(square(7), square(4), share=2 / diagonal) < 1
    assert boundary_f(square(13), square(1), share=1 / diagonal) == pytest.approx(0, abs=0.2)


def davis_f(mask: Array, truth: Array, tolerance: int) -> float:
    """The same measure the way its authors compute it: outlines dilated by a disc."""
    offsets = np.arange(-tolerance, tolerance + 1)
    disc = (offsets[:, None] ** 2 + offsets**2 <= tolerance**2).astype(np.uint8)

    def outline(of: Array) -> Array:
        right, below, both = of.copy(), of.copy(), of.copy()
        right[:, :-1], below[:-1] = of[:, 1:], of[1:]
        both[:-1, :-1] = of[1:, 1:]
        edge = (of ^ right) | (of ^ below) | (of ^ both)
        edge[-1], edge[:, -1] = of[-1] ^ right[-1], of[:, -1] ^ below[:, -1]
        edge[-1, -1] = False
        return edge.astype(np.uint8)

    found, true = outline(mask), outline(truth)
    precision = (found & cv2.dilate(true, disc)).sum() / found.sum()
    recall = (true & cv2.dilate(found, disc)).sum() / true.sum()
    return float(2 * precision * recall / (precision + recall))


def blobs(seed: int, shape: tuple[int, int] = (60, 80)) -> Array:
    """Smooth random alpha with soft edges, (H, W) float32 in [0, 1]."""
    noise = np.random.default_rng(seed).random(shape)
    smooth = ndimage.gaussian_filter(noise, 5)
    return np.clip((smooth - smooth.mean()) / smooth.std() + 0.5, 0, 1).astype(np.float32)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("tolerance", [1, 2, 5])
def test_boundary_f_is_as_its_authors_compute_it(seed: int, tolerance: int) -> None:
    """Distances to the nearest boundary pixel say what dilation by a disc says."""
    mask, truth = blobs(seed) > 0.5, blobs(seed + 10) > 0.5
    found = boundary_f(mask, truth, share=tolerance / 100)  # the diagonal is 100
    assert found == pytest.approx(davis_f(mask, truth, tolerance))
    assert 0.1 < found < 1


def test_gradient_error_by_hand() -> None:
    """A step up against nothing: a column's steepness is the kernel's tail sum beside the step.

    Across, a step of 1 gives the sum of the normalised derivative's taps beyond it; down, the
    normalised Gaussian's taps add up to a factor; nothing changes along the step.
    """
    alpha = np.zeros((9, 30), np.float32)
    alpha[:, 15:] = 1
    offsets = np.arange(-4, 5)
    bell = np.exp(-(offsets**2) / (2 * 1.4**2))
    slope = offsets * bell
    bell, slope = bell / np.sqrt((bell**2).sum()), slope / np.sqrt((slope**2).sum())
    tails = np.array([slope[offsets >= 15 - column].sum() for column in range(30)])
    expected = 9 * ((bell.sum() * tails) ** 2).sum() / 1000
    assert gradient_error(alpha, np.zeros_like(alpha)) == pytest.approx(expected, rel=1e-5)
    assert gradient_error(alpha, 1 - alpha) == pytest.approx(0, abs=1e-9)  # as steep, only reversed
    assert gradient_error(alpha, alpha) == 0


@pytest.mark.parametrize("seed", range(3))
def test_gradient_error_by_whole_kernels(seed: int) -> None:
    """One convolution with the two-dimensional kernel, written from the paper's definition."""
    sigma, offsets = 1.4, np.arange(-4, 5)
    bell = np.exp(-(offsets**2) / (2 * sigma**2)) / (sigma * sqrt(2 * np.pi))
    kernel = bell[:, None] * (-offsets * bell / sigma**2)
    kernel /= np.sqrt((kernel**2).sum())

    def steepness(alpha: Array) -> Array:
        parts = [
            ndimage.convolve(alpha.astype(float), k, mode="nearest") for k in (kernel, kernel.T)
        ]
        return np.sqrt(parts[0] ** 2 + parts[1] ** 2)

    alpha, truth = blobs(seed), blobs(seed + 20)
    expected = ((steepness(alpha) - steepness(truth)) ** 2).sum() / 1000
    assert gradient_error(alpha, truth) == pytest.approx(expected, rel=1e-4)
    assert expected > 0.01


def test_gradient_error_sees_softness() -> None:
    """A blurred edge is less steep than a sharp one; a wider one still less."""
    sharp = square(7).astype(np.float32)
    errors = [gradient_error(ndimage.gaussian_filter(sharp, s), sharp) for s in (0.5, 1, 2)]
    assert 0 < errors[0] < errors[1] < errors[2]


def test_connectivity_error_of_a_loose_part() -> None:
    """Four pixels of 1 that touch nothing: 4 / 1000; joined to the person they are a plain error.

    Where the truth has nothing there, no region of both holds them at any threshold, so their
    level is 0 and their distance 1, whether or not they touch; of 0.1 it is below theta.
    """
    truth = square(7).astype(np.float32)
    alpha = truth.copy()
    alpha[0, :4] = 1
    assert connectivity_error(alpha, truth) == pytest.approx(4 / 1000)
    alpha[0, :4] = 0.1
    assert connectivity_error(alpha, truth) == 0
    alpha[0, :4] = 0.15
    assert connectivity_error(alpha, truth) == pytest.approx(4 * 0.15 / 1000)


def test_connectivity_error_knows_what_hangs_together() -> None:
    """Both have a second part, so it is loose in both; a bridge in one does not join it in both."""
    truth = square(1).astype(np.float32)
    truth[6:9, 12:15] = 1
    alpha = truth.copy()
    alpha[6:9, 12:15] = 0.5
    # The part's level is 0 in both: its distances are 1 and 0.5, for nine pixels.
    assert connectivity_error(alpha, truth) == pytest.approx(9 * 0.5 / 1000)
    alpha[6, 7:12], truth[6, 7:12] = 1, 1
    # Joined up to 0.5 by the bridge in both, its level is 0.5: distances 0.5 and 0.
    assert connectivity_error(alpha, truth) == pytest.approx(9 * 0.5 / 1000)
    alpha[6, 7:12] = 0
    # No bridge in one: level 0 again, and the bridge itself is wrong by 1 for five pixels.
    assert connectivity_error(alpha, truth) == pytest.approx((9 * 0.5 + 5) / 1000)


def test_connectivity_error_of_a_corner() -> None:
    """Pixels that touch only at their corners do not hang together: the smaller part is loose.

    Joined, the part's level would be 0.8 and its error from there on below theta.
    """
    truth = np.zeros((8, 8), np.float32)
    truth[:4, :4], truth[4:6, 4:6] = 1, 1
    alpha = truth.copy()
    alpha[4:6, 4:6] = 0.9
    assert connectivity_error(alpha, truth) == pytest.approx(4 * 0.1 / 1000)
    truth[4, 3], alpha[4, 3] = 1, 1
    assert connectivity_error(alpha, truth) == 0


def flooded(common: Array, threshold: float) -> set[tuple[int, int]]:
    """The largest 4-connected region, by flooding from pixel to pixel; the first of equals."""
    left = {(int(r), int(c)) for r, c in np.argwhere(common >= np.float32(threshold))}
    largest: set[tuple[int, int]] = set()
    for start in sorted(left):
        region, front = set(), [start] if start in left else []
        while front:
            place = front.pop()
            if place in left:
                left.remove(place)
                region.add(place)
                r, c = place
                front += [(r + 1, c), (r - 1, c), (r, c + 1), (r, c - 1)]
        largest = max(largest, region, key=len)
    return largest


@pytest.mark.parametrize("seed", range(3))
def test_connectivity_error_by_flooding(seed: int) -> None:
    """A second implementation, pixel by pixel, agrees on shapes that nobody thought of."""
    alpha, truth = blobs(seed, (30, 40)), blobs(seed + 30, (30, 40))
    regions = [flooded(np.minimum(alpha, truth), k / 10) for k in range(1, 11)]
    total = 0.0
    for place in np.ndindex(alpha.shape):
        level = next((k / 10 for k, region in enumerate(regions) if place not in region), 1.0)
        a, t = float(alpha[place]) - level, float(truth[place]) - level
        total += abs(a * (a >= 0.15) - t * (t >= 0.15))
    assert total > 1
    assert connectivity_error(alpha, truth) == pytest.approx(total / 1000, rel=1e-4)


def test_change_error_is_a_term_of_dtssd() -> None:
    """Two frames have one term, and it is the whole."""
    alphas, truths = [blobs(1), blobs(2)], [blobs(3), blobs(4)]
    before, after = (signed_error(a, t) for a, t in zip(alphas, truths, strict=True))
    assert change_error(after, before) == dtssd(alphas, truths) > 0
    assert change_error(after, after) == 0


def test_partial_share() -> None:
    """Two of six values lie strictly between 0.05 and 0.95; a mask has none."""
    alpha = np.array([[0, 0.04, 0.06], [0.94, 0.96, 1]], np.float32)
    assert partial_share(alpha) == pytest.approx(2 / 6)
    assert partial_share(alpha > 0.5) == 0


def test_edge_mad() -> None:
    """Only what lies within reach of a soft true pixel counts, here 3 x 3 of 100."""
    truth = np.zeros((10, 10), np.float32)
    truth[5, 5] = 0.5
    alpha = truth.copy()
    alpha[4, 4] = 0.9
    alpha[0, 0] = 1  # far away
    assert edge_mad(alpha, truth, reach=1) == pytest.approx(0.9 / 9)
    assert edge_mad(alpha, truth, reach=0) == 0
    assert edge_mad(alpha, truth > 0.7) is None


def test_edge_mad_tells_hard_edges_from_soft() -> None:
    """Cut at one half, a matte is as right by intersection over union, and worse at its edge."""
    truth = ndimage.gaussian_filter(square(7).astype(np.float32), 1.5)
    cut, soft = (truth > 0.5).astype(np.float32), np.clip(truth + 0.02, 0, 1)
    assert foreground_iou(cut > 0.5, truth > 0.5) == 1
    assert edge_mad(cut, truth) > 4 * edge_mad(soft, truth)
    assert partial_share(cut) < partial_share(truth)


ALPHAS = arrays(np.float32, (7, 9), elements=st.floats(0, 1, width=32))
ERRORS = [mad, mse, gradient_error, connectivity_error]


@given(ALPHAS, ALPHAS)
def test_errors_are_distances(alpha: Array, truth: Array) -> None:
    """Never negative, 0 for the same, the same both ways; MSE is at most MAD, as errors are at
    most 1, and at least its square."""
    for measure in ERRORS:
        assert measure(alpha, truth) >= 0
        assert measure(alpha, alpha) == 0
        assert measure(alpha, truth) == pytest.approx(measure(truth, alpha), rel=1e-4, abs=1e-7)
    assert mad(alpha, truth) ** 2 <= mse(alpha, truth) + 1e-6
    assert mse(alpha, truth) <= mad(alpha, truth) + 1e-6


@given(ALPHAS, ALPHAS)
def test_shares_are_shares(alpha: Array, truth: Array) -> None:
    """From 0 to 1, 1 for the same, the same both ways, and the same mirrored."""
    mask, other = alpha > 0.5, truth > 0.5
    for measure in (foreground_iou, two_class_iou, boundary_f):
        assert 0 <= measure(mask, other) <= 1
        assert measure(mask, mask) == 1
        assert measure(mask, other) == pytest.approx(measure(other, mask))
    assert foreground_iou(mask, other) == foreground_iou(mask[:, ::-1], other[:, ::-1])


@pytest.mark.parametrize("measure", [gradient_error, connectivity_error, boundary_f])
def test_without_scipy_a_sentence_says_what_to_install(
    measure: Callable[..., float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others do without it."""
    for name in ("scipy", "scipy.ndimage", "scipy.spatial"):
        monkeypatch.setitem(sys.modules, name, None)
    alpha = square(4).astype(np.float32)
    with pytest.raises(SinetVideoError, match=r"scipy.*'sinet-video\[train\]'"):
        measure(alpha, square(5).astype(np.float32))
    assert mad(alpha, alpha) == mse(alpha, alpha) == 0
    assert edge_mad(alpha * 0.5, alpha * 0.5) == 0


def test_importing_needs_no_scipy() -> None:
    """The figures that do without it cost nothing more."""
    program = (
        "import sys, sinet_video.quality.metrics\n"
        "sys.exit('scipy' in sys.modules or 'cv2' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
