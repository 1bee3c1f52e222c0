"""Segmenters that look at each image twice."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sinet_video import Settings
from sinet_video.decoding.decode import decode
from sinet_video.errors import SettingError
from sinet_video.models.input_settings import InputSize
from sinet_video.models.load import load_segmenter
from sinet_video.models.mirrored import LEAST, Mirrored, logistic, mirrored
from sinet_video.models.mirrored import logits as logits_of
from sinet_video.models.segmenter import OnDevice, seen_size, sure_of
from sinet_video.pipeline.chain import matte
from sinet_video.pipeline.cutout import cutout
from sinet_video.stages.segment import segment
from sinet_video.training.image_folder import write_image


class Leaning:
    """A segmenter that finds somebody in the left half only, whatever it sees."""

    name, runtime, device, pixels, step, sure = "leaning", "onnxruntime", "cpu", 6400, 16, 0.9

    def __call__(self, image):
        alpha = np.full(image.shape[:2], 0.2, np.float32)
        alpha[:, : image.shape[1] // 2] = 0.6
        return alpha


@given(arrays(np.float32, (2, 5, 7), elements=st.floats(0, 1, width=32)))
def test_the_mean_is_of_logits(alphas):
    """As written out in double precision, even of what is 0 or 1."""
    one, other = alphas
    inside = alphas.clip(LEAST, 1 - LEAST).astype(float)
    logits = np.log(inside) - np.log1p(-inside)
    found = logistic((logits_of(one) + logits_of(other)) / 2)
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-logits.mean(0))), atol=1e-5)
    assert found.dtype == np.float32


def test_a_side_is_not_preferred():
    """What a network finds on one side of everything is taken back, and nothing else moves."""
    image = np.zeros((32, 64, 3), np.uint8)
    found = np.delete(mirrored(Leaning())(image), slice(28, 36), 1)  # the border between them
    np.testing.assert_allclose(found, found[:, ::-1], atol=1e-6)
    assert 0.2 < found.min() < found.max() + 1e-6 < 0.6
    assert Leaning()(image)[0, 0] != Leaning()(image)[0, -1]


def test_it_wants_more_pixels_and_is_as_sure():
    """And has the network's name; an exact size stays what it is."""
    own = mirrored(Leaning())
    assert (own.name, own.runtime, own.device, own.step, own.pixels) == (
        "leaning", "onnxruntime", "cpu", 16, 10_000,
    )  # fmt: skip
    assert sure_of(own) == 0.9
    width, height = seen_size(own, InputSize(), 1.0)
    assert width * height == pytest.approx(10_000, rel=0.1)
    assert seen_size(own, InputSize(exact=(64, 32)), 1.0) == (64, 32)


class Noting(Leaning):
    """The same; it remembers the images."""

    def __init__(self):
        self.seen = []

    def __call__(self, image):
        self.seen.append(image)
        return super().__call__(image)


def test_the_second_look_is_at_the_usual_size_and_mirrored():
    """Sides are the nearest multiples of the step; a network of one size sees that twice."""
    image = np.zeros((112, 208, 3), np.uint8)
    image[:, :104] = 200
    segmenter = Noting()
    assert mirrored(segmenter)(image).shape == (112, 208)
    first, second = segmenter.seen
    assert first is image
    assert second.shape == (96, 160, 3)
    assert (second[0, 0], second[0, -1]) == (pytest.approx([0] * 3), pytest.approx([200] * 3))
    segmenter.input_size = (208, 112)
    mirrored(segmenter)(image)
    np.testing.assert_array_equal(segmenter.seen[-1], image[:, ::-1])


def test_both_runtimes(carphone):
    """They agree but for how the second look is scaled; torch does all of it on the device."""
    here, there = (load_segmenter(runtime=r, quality="high") for r in ("onnxruntime", "torch"))
    assert isinstance(here, Mirrored)
    assert not isinstance(here, OnDevice)
    assert isinstance(there, OnDevice)
    (frame,) = islice(decode(carphone), 1)
    image = frame.scaled(320, 256)
    wanted = here(image)
    for found in (there(image), there.alpha(torch.from_numpy(image.copy())).numpy()):
        assert np.abs(found - wanted).mean() < 1e-3
        assert np.quantile(np.abs(found - wanted), 0.999) < 0.05


def test_the_setting_changes_what_is_seen(carphone):
    """In the whole chain; the mirror image of a clip has the mirrored matte."""
    standard, high = (
        next(matte(carphone, settings=Settings(quality=quality, following=None)))
        for quality in ("standard", "high")
    )
    difference = np.abs(standard.alpha - high.alpha)
    assert difference.max() > 0.1
    assert difference.mean() < 0.02
    seen = {
        quality: next(segment(iter([standard.frame]), Settings(quality=quality).load())).alpha
        for quality in ("standard", "high")
    }
    assert seen["high"].size > 1.3 * seen["standard"].size


def test_a_given_segmenter_is_taken_as_it_is():
    """It is used instead of the network."""
    own = Leaning()
    assert Settings(segmenter=own, quality="high").load() is own


@pytest.mark.parametrize("ask", [Settings, load_segmenter])
def test_another_word_is_refused(ask):
    """In a sentence, by the settings and by the loader."""
    with pytest.raises(SettingError, match="Quality is 'best'; it must be"):
        ask(quality="best")


def test_still_images_are_looked_at_twice_by_default(carphone, tmp_path):
    """A clip's frames are not, unless that is asked for, nor an image if it is refused."""
    assert isinstance(Settings().load(still=True), Mirrored)
    assert not isinstance(Settings().load(), Mirrored)
    assert not isinstance(Settings(quality="standard").load(still=True), Mirrored)
    photo = tmp_path / "photo.png"
    (frame,) = islice(decode(carphone), 1)
    write_image(photo, frame.rgb)
    auto, standard, high = (
        next(matte(photo, settings=Settings(quality=quality))).alpha
        for quality in ("auto", "standard", "high")
    )
    np.testing.assert_array_equal(auto, high)
    assert np.abs(auto - standard).max() > 0.2
    assert np.abs(cutout(photo)[..., 3] / 255 - high).max() <= 0.5 / 255 + 1e-6
