"""Parts coloured anew: whose they are, and what of an image they keep."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from sinet_video.training.samples.recolour import coloured, dressed, patched

SHAPE = (64, 96)


def figure() -> np.ndarray:
    """An alpha of a head on shoulders, which reach the lower edge."""
    alpha = np.zeros(SHAPE, np.uint8)
    cv2.circle(alpha, (48, 18), 12, 255, -1)
    alpha[34:, 20:76] = 255
    return alpha


def stripes() -> np.ndarray:
    """Soft upright stripes of a period of eight pixels."""
    image = np.zeros((*SHAPE, 3), np.uint8)
    image[:, ::8], image[:, 4::8] = 160, 90
    return cv2.blur(image, (3, 3))


def test_a_patch_is_of_the_person_or_of_the_rest():
    """With sharp labels no patch reaches over the edge: each side keeps its own two colours."""
    alpha = np.zeros(SHAPE, np.uint8)
    alpha[:, 48:] = 255
    image = np.full((*SHAPE, 3), 128, np.uint8)
    insides = outsides = 0
    for seed in range(40):
        after = patched(np.random.default_rng(seed), image, alpha, 0.5) != 128
        insides += after[:, 48:].any()
        outsides += after[:, :48].any()
    assert 10 < insides < 30
    assert 10 < outsides < 30


def test_a_patch_keeps_the_texture():
    """Bright stays brighter than dark in it, however it is coloured."""
    alpha = np.full(SHAPE, 255, np.uint8)
    for seed in range(10):
        found = patched(np.random.default_rng(seed), stripes(), alpha, 1.0)
        ups = (found[:, 8:-8:8].astype(int) - found[:, 12:-4:8]).mean()
        assert ups > 5


def test_clothes_are_the_bodys():
    """The head and the wall stay; of the body, its middle or its sides or both change."""
    alpha, image = figure(), np.full((*SHAPE, 3), 128, np.uint8)
    middles = sides = 0
    for seed in range(30):
        after = (dressed(np.random.default_rng(seed), image, alpha) != 128).any(-1)
        assert not after[:32].any()
        assert not after[alpha == 0].any()
        middles += after[-1, 48]
        sides += after[-1, 22]
    assert 10 < middles < 30
    assert 10 < sides < 30


@pytest.mark.parametrize("rows", [0, 4])
def test_who_is_too_small_stays_as_dressed(rows):
    """And so does an image without anybody."""
    alpha = np.zeros(SHAPE, np.uint8)
    alpha[10 : 10 + rows, 40:50] = 255
    assert np.array_equal(dressed(np.random.default_rng(1), stripes(), alpha), stripes())


def test_a_part_gets_the_colour_that_is_asked_for():
    """On average over the part, with its contrast scaled; the rest is untouched."""
    part = np.zeros(SHAPE, np.float32)
    part[:, :48] = 1
    found = coloured(stripes(), part, np.array([200, 100, 50]), 0.5)
    assert np.array_equal(found[:, 48:], stripes()[:, 48:])
    assert np.abs(found[:, :48].mean((0, 1)) - (200, 100, 50)).max() < 3
    before, after = stripes()[:, :48].std(), found[:, :48, 0].std()
    assert 0.4 < after / before < 0.6
