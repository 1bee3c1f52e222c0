"""Means over windows, against a second implementation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from sinet_video.planes.box_filter import box_mean, box_sum


def naive_mean(values: np.ndarray, radius: int) -> np.ndarray:
    """The mean of what a window holds of the image, by loops."""
    result = np.empty(values.shape)
    for row, column in np.ndindex(values.shape):
        rows = slice(max(0, row - radius), row + radius + 1)
        columns = slice(max(0, column - radius), column + radius + 1)
        result[row, column] = values[rows, columns].mean(dtype=np.float64)
    return result


def random(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((height, width), dtype=np.float32)


@given(st.integers(1, 24), st.integers(1, 24), st.integers(0, 30), st.integers(0, 99))
@settings(deadline=None, max_examples=40)
def test_mean_is_of_what_lies_in_the_image(height, width, radius, seed):
    """Windows are cut off at the border, whatever their size and the image's."""
    values = random(height, width, seed)
    mean = box_mean(values, radius)
    assert mean.dtype == np.float32
    np.testing.assert_allclose(mean, naive_mean(values, radius), atol=1e-5)


@pytest.mark.parametrize("radius", [1, 2, 3, 7, 8, 20])
def test_sum_is_that_of_scipy(radius):
    """Outside the image all is zero."""
    values = random(90, 120)
    window = np.ones((2 * radius + 1, 2 * radius + 1))
    expected = ndimage.convolve(values.astype(np.float64), window, mode="constant")
    np.testing.assert_allclose(box_sum(values, radius), expected, rtol=1e-5)


def test_radius_zero_changes_nothing():
    """A window of one sample is that sample."""
    values = random(5, 9)
    np.testing.assert_array_equal(box_mean(values, 0), values)


def test_window_larger_than_the_image_is_the_mean_of_all():
    """Every window holds the whole image."""
    values = random(6, 4)
    np.testing.assert_allclose(box_mean(values, 50), np.full((6, 4), values.mean()), atol=1e-6)


def test_constant_stays_constant_up_to_the_corner():
    """The border neither darkens nor brightens."""
    np.testing.assert_allclose(box_mean(np.full((31, 17), 0.7, np.float32), 6), 0.7, atol=1e-6)


def test_whole_numbers_are_summed_exactly():
    """Counts keep their type and are exact."""
    mask = random(40, 50) > 0.5
    counts = box_sum(mask.astype(np.uint16), 3)
    assert counts.dtype == np.uint16
    expected = ndimage.convolve(mask.astype(int), np.ones((7, 7), int), mode="constant")
    np.testing.assert_array_equal(counts, expected)


def test_input_is_not_modified():
    """The values given are read only."""
    values = random(12, 12)
    before = values.copy()
    box_mean(values, 0)
    box_mean(values, 3)
    np.testing.assert_array_equal(values, before)


@pytest.mark.parametrize("shape", [(30, 40), (40, 30)])
def test_shapes_and_radii_do_not_mix(shape):
    """What is remembered for one size or radius does not serve another."""
    values = random(*shape)
    for radius in (2, 5, 2):
        np.testing.assert_allclose(box_mean(values, radius), naive_mean(values, radius), atol=1e-5)
