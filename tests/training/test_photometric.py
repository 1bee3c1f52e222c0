"""What is done to colours and sharpness: nothing when nothing is asked, else what is named."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from made_people import made_person

from sinet_video.training.recipe import Light
from sinet_video.training.samples.photometric import grain_field, toned, worn

IMAGE = cv2.resize(made_person(0)[0], (96, 64))
GREY = np.full((64, 96, 3), 120, np.uint8)
GRAIN = grain_field(1, 128)


def tone(image: np.ndarray, seed: int = 0, **light: float) -> np.ndarray:
    """Varied tones."""
    return toned(np.random.default_rng(seed), image, Light(**light))


def wear(image: np.ndarray, seed: int = 0, **light: float) -> np.ndarray:
    """Varied sharpness."""
    return worn(np.random.default_rng(seed), image, Light(**light), GRAIN)


def test_nothing_asked_nothing_done():
    """Bit for bit, whatever the random numbers."""
    for seed in range(5):
        assert np.array_equal(tone(IMAGE, seed), IMAGE)
        assert np.array_equal(wear(IMAGE, seed), IMAGE)


ALL = {
    "brightness": 0.1, "contrast": 0.3, "saturation": 0.4, "tint": 0.1, "gamma": 0.3,
}  # fmt: skip


@pytest.mark.parametrize("name", ALL)
def test_each_tone_changes_and_is_a_function_of_its_numbers(name):
    """The same again, another with others; shape and type stay."""
    one, again, other = (tone(IMAGE, seed, **{name: ALL[name]}) for seed in (3, 3, 4))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert not np.array_equal(one, IMAGE)
    assert (one.shape, one.dtype) == (IMAGE.shape, np.uint8)


def test_brightness_stays_within_its_range():
    """A tenth of 255, up and down."""
    means = [tone(GREY, seed, brightness=0.1).mean() - 120 for seed in range(60)]
    assert 20 < max(means) <= 26
    assert -26 <= min(means) < -20


def test_contrast_turns_about_the_middle():
    """What is 128 stays; what is not moves away or nearer by no more than asked."""
    middle = np.full((4, 4, 3), 128, np.uint8)
    bright = np.full((4, 4, 3), 178, np.uint8)
    for seed in range(20):
        assert np.abs(tone(middle, seed, contrast=0.3).astype(int) - 128).max() <= 1
        assert 34 <= tone(bright, seed, contrast=0.3).mean() - 128 <= 66


def test_grey_has_no_colour():
    """Its lightness is the image's."""
    found = tone(IMAGE, grey=1.0)
    assert np.ptp(found, axis=2).max() <= 1
    assert np.ptp(IMAGE, axis=2).max() > 20
    luma = IMAGE @ np.array([0.299, 0.587, 0.114])
    assert np.abs(found[..., 0] - luma).max() <= 1.5


def test_saturation_leaves_greys_alone():
    """They have none."""
    assert np.abs(tone(GREY, saturation=0.5).astype(int) - GREY).max() <= 1


def test_gamma_keeps_black_white_and_order():
    """And bends what is between."""
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, 2)
    found = tone(ramp, gamma=0.5)[0, :, 0].astype(int)
    assert (found[0], found[-1]) == (0, 255)
    assert (np.diff(found) >= 0).all()
    assert found[128] != 128


def test_blur_takes_sharpness():
    """As often as asked: always, never."""
    sharp = cv2.Laplacian(IMAGE, cv2.CV_32F).std()
    assert cv2.Laplacian(wear(IMAGE, blur=1.0), cv2.CV_32F).std() < 0.8 * sharp


def test_noise_has_at_most_its_deviation():
    """And no mean."""
    deviations = [(wear(GREY, seed, noise=8.0) - 120.0).std() for seed in range(40)]
    assert 6 < max(deviations) < 9
    assert min(deviations) < 2
    assert abs(wear(GREY, noise=8.0).mean() - 120) < 0.5


def test_compression_leaves_marks():
    """Small ones; a plain grey has nothing to mark."""
    found = wear(IMAGE, compression=1.0)
    difference = np.abs(found.astype(int) - IMAGE)
    assert 0 < difference.mean() < 20
    assert (found.shape, found.dtype) == (IMAGE.shape, np.uint8)
    assert np.abs(wear(GREY, compression=1.0).astype(int) - GREY).max() <= 2


def test_grain():
    """A standard normal field, of a seed."""
    field = grain_field(7, 200)
    assert (field.shape, field.dtype) == ((200, 200, 3), np.float32)
    assert abs(field.mean()) < 0.01
    assert abs(field.std() - 1) < 0.01
    assert np.array_equal(field, grain_field(7, 200))
    assert not np.array_equal(field, grain_field(8, 200))
