"""Bilinear resampling, against OpenCV's."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from sinet_video.planes.resample import between, resized, sampled

RNG = np.random.default_rng(1)


@pytest.mark.parametrize("old", [(1, 1), (2, 3), (17, 29)])
@pytest.mark.parametrize("new", [(1, 1), (4, 6), (33, 12), (170, 290)])
def test_as_opencv_does(old: tuple[int, int], new: tuple[int, int]) -> None:
    """Cell centres on cell centres, edges repeated."""
    values = RNG.random(old, np.float32)
    expected = cv2.resize(values, new[::-1], interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose(resized(values, new), expected, atol=1e-5)


def test_a_part_of_the_new_grid() -> None:
    """An array that covers 2.5 of 3 cells is stretched over 2.5 of them."""
    values = np.arange(10, dtype=np.float32)[None]
    wide = resized(values, (1, 12), extent=(1, 10))
    np.testing.assert_allclose(wide[0, :10], values[0], atol=1e-6)
    assert (wide[0, 10:] == 9).all()


def test_places_beyond_the_ends_are_the_ends() -> None:
    """Also for one value."""
    values = np.array([[3.0, 5.0]], np.float32)
    lower, share = between(np.array([-4.0, 0.5, 9.0]), 2)
    np.testing.assert_allclose(sampled(values, lower, share, 1), [[3, 4, 5]])
    lower, share = between(np.array([-4.0, 9.0]), 1)
    np.testing.assert_allclose(sampled(values[:, :1], lower, share, 1), [[3, 3]])
