"""The guided filter with three planes for a guide, against kornia's and against least squares."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from kornia.filters import guided_blur
from scipy import ndimage

from sinet_video.planes.box_filter import box_mean
from sinet_video.planes.guided_filter import LEAST, confidence, fit


def blobs(*shape: int, sigma: float, seed: int = 0) -> np.ndarray:
    """Smooth random planes, (..., h, w), that span [0, 1]."""
    values = np.random.default_rng(seed).random(shape)
    values = ndimage.gaussian_filter(values, [0] * (len(shape) - 2) + [sigma, sigma])
    return ((values - values.min()) / np.ptp(values)).astype(np.float32)


def doubled(plane: np.ndarray) -> np.ndarray:
    """Every cell as 2 x 2 of its like."""
    return plane.repeat(2, -2).repeat(2, -1)


@pytest.mark.parametrize(("radius", "eps"), [(2, 1e-3), (5, 1e-2), (8, 1e-3)])
def test_fit_is_the_guided_filter_of_kornia(radius, eps):
    """Where all is as sure and cells come in fours alike, slopes are those of kornia's filter.

    Kornia averages them over windows as large as those of the fit; so does this test.
    """
    guide, alpha = blobs(3, 48, 60, sigma=2), (blobs(48, 60, sigma=4, seed=1) > 0.5).astype("f4")
    lines = fit(doubled(guide), doubled(alpha), np.ones((96, 120), np.float32), radius, eps)
    level = lines.level - (lines.slopes * lines.centre).sum(0)
    expected = guided_blur(
        torch.from_numpy(guide)[None], torch.from_numpy(alpha)[None, None], 2 * radius + 1, eps
    )[0, 0].numpy()
    planes = [plane.reshape(48, 2, 60, 2).mean((1, 3)) for plane in (*lines.slopes, level)]
    # Ours are averaged over 3 x 3 and enlarged; kornia's over the window: let both be.
    wide = [box_mean(plane.astype(np.float32), radius) for plane in planes]
    narrow = ndimage.uniform_filter(expected, 3)
    got = ndimage.uniform_filter((np.stack(wide[:3]) * guide).sum(0) + wide[3], 3)
    inside = np.s_[2 * radius + 2 : -2 * radius - 2, 2 * radius + 2 : -2 * radius - 2]
    assert np.abs(narrow - alpha)[inside].max() > 0.1
    assert np.abs(got - narrow)[inside].mean() < 0.02


@given(st.integers(0, 99), st.integers(1, 3))
@settings(deadline=None, max_examples=15)
def test_alpha_that_is_linear_in_the_guide_is_found(seed, radius):
    """An alpha that is the same mixture of the planes everywhere comes out as it is."""
    guide = blobs(3, 40, 44, sigma=1, seed=seed)
    rng = np.random.default_rng(seed)
    slopes = rng.uniform(-0.3, 0.3, 3).astype(np.float32)
    alpha = 0.5 + np.tensordot(slopes, guide - 0.5, 1).astype(np.float32)
    lines = fit(guide, alpha, np.ones_like(alpha), radius, 1e-8)
    np.testing.assert_allclose(lines.at(guide), alpha, atol=0.01)


@pytest.mark.parametrize("cell", [(20, 24), (8, 9)])
def test_fit_is_weighted_least_squares(cell):
    """In one window, slopes solve the normal equations that numpy solves."""
    guide, alpha = blobs(3, 44, 52, sigma=2), blobs(44, 52, sigma=2, seed=3)
    sure = blobs(44, 52, sigma=3, seed=4) + np.float32(0.1)
    radius, eps = 3, 1e-4
    found = []
    for row in range(cell[0] // 2 - 1, cell[0] // 2 + 2):
        for column in range(cell[1] // 2 - 1, cell[1] // 2 + 2):
            window = np.s_[
                2 * (row - radius) : 2 * (row + radius + 1),
                2 * (column - radius) : 2 * (column + radius + 1),
            ]
            clipped = tuple(slice(max(0, s.start), s.stop) for s in window)
            weight = sure[clipped].ravel().astype(float)
            planes = guide[(slice(None), *clipped)].reshape(3, -1).astype(float)
            mean = planes @ weight / weight.sum()
            off = planes - mean[:, None]
            target = alpha[clipped].ravel() - alpha[clipped].ravel() @ weight / weight.sum()
            matrix = (off * weight) @ off.T / weight.sum() + eps * np.eye(3)
            found.append((np.linalg.solve(matrix, (off * weight) @ target / weight.sum()), weight))
    expected = np.average([s for s, _ in found], 0, [w.sum() for _, w in found])
    lines = fit(guide, alpha, sure, radius, eps)
    row, column = cell[0] // 2 * 2, cell[1] // 2 * 2
    got = lines.slopes[:, row : row + 2, column : column + 2]
    # Enlarging mixes in a quarter of each neighbour.
    np.testing.assert_allclose(got.mean((1, 2)), expected, rtol=0.2, atol=0.08)


def test_what_is_unsure_has_little_say():
    """Two colours that meet are told apart by their insides, wherever alpha put the edge."""
    guide = np.zeros((3, 40, 80), np.float32)
    guide[1, :, 40:] = 0.6
    alpha = np.clip((np.arange(80) - 30) / 8, 0, 1).astype(np.float32) * np.ones((40, 1), "f4")
    sides = np.s_[10:30, 20:60]
    truth = (guide[1] > 0).astype(np.float32)
    trusting = fit(guide, alpha, np.ones_like(alpha), 5, 1e-4).at(guide)
    careful = fit(guide, alpha, confidence(alpha, 4), 5, 1e-4).at(guide)
    off, less = (np.abs(np.clip(a, 0, 1) - truth)[sides].mean() for a in (trusting, careful))
    assert less < 0.7 * off


def test_sureness_is_one_inside_and_least_at_the_edge():
    """All alike is sure; half of each is not."""
    alpha = np.zeros((20, 40), np.float32)
    alpha[:, 20:] = 1
    sure = confidence(alpha, 2)
    assert (sure[:, :17] == 1).all()
    assert (sure[:, 23:] == 1).all()
    assert sure[:, 19:21].max() < 0.05
    assert confidence(np.full((9, 9), 0.5, np.float32), 2).max() == LEAST


def test_steeper_lines_turn_about_one_half():
    """Contrast moves what is above a half up, and leaves a half."""
    guide, alpha = blobs(3, 24, 28, sigma=2), blobs(24, 28, sigma=2, seed=5)
    lines = fit(guide, alpha, np.ones_like(alpha), 2, 1e-3)
    plain, steep = lines.at(guide), lines.steeper(1.5).at(guide)
    np.testing.assert_allclose(steep - 0.5, 1.5 * (plain - 0.5), atol=1e-5)


def test_lines_hold_only_within_their_band():
    """Elsewhere they are what is given."""
    guide, alpha = blobs(3, 24, 28, sigma=2), blobs(24, 28, sigma=2, seed=5)
    band = np.zeros((24, 28), bool)
    band[:, 10:] = True
    lines = fit(guide, alpha, np.ones_like(alpha), 2, 1e-3)
    only = lines.only(band, np.full_like(alpha, 0.25)).at(guide)
    np.testing.assert_array_equal(only[:, :10], np.float32(0.25))
    np.testing.assert_allclose(only[:, 10:], lines.at(guide)[:, 10:], atol=1e-6)
