"""Segmenters that also look at mirror images."""

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
from sinet_video.models.mirrored import LEAST, Mirrored, mean_of_logits, mirrored
from sinet_video.models.segmenter import OnDevice, seen_size, sure_of
from sinet_video.pipeline.chain import matte
from sinet_video.stages.segment import segment


class Leaning:
    """A segmenter that finds somebody in the left half only, whatever it sees."""

    name, runtime, device, pixels, step, sure = "leaning", "onnxruntime", "cpu", 6400, 16, 0.9

    def __call__(self, image):
        alpha = np.full(image.shape[:2], 0.2, np.float32)
        alpha[:, : image.shape[1] // 2] = 0.6
        return alpha


@given(arrays(np.float32, (2, 5, 7), elements=st.floats(0, 1, width=32)))
def test_the_mean_is_of_logits(alphas):
    """As written out in double precision; the same for tensors, and in either order."""
    one, other = alphas
    inside = alphas.clip(LEAST, 1 - LEAST).astype(float)
    logits = np.log(inside) - np.log1p(-inside)
    found = mean_of_logits(one, other)
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-logits.mean(0))), atol=1e-5)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, mean_of_logits(other, one))
    tensors = mean_of_logits(torch.from_numpy(one.copy()), torch.from_numpy(other.copy()))
    np.testing.assert_allclose(tensors.numpy(), found, atol=1e-6)


def test_a_side_is_not_preferred():
    """What a network finds on one side of everything is taken back, and nothing else moves."""
    image = np.zeros((32, 64, 3), np.uint8)
    found = mirrored(Leaning())(image)
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


@pytest.mark.parametrize("runtime", ["onnxruntime", "torch"])
def test_both_runtimes(runtime, carphone):
    """Alpha of a real frame is that of the frame and its mirror image."""
    plain = load_segmenter(runtime=runtime)
    high = load_segmenter(runtime=runtime, quality="high")
    assert isinstance(high, Mirrored)
    assert isinstance(high, OnDevice) == (runtime == "torch")
    (frame,) = islice(decode(carphone), 1)
    image = frame.scaled(320, 256)
    wanted = mean_of_logits(plain(image), plain(np.ascontiguousarray(image[:, ::-1]))[:, ::-1])
    np.testing.assert_allclose(high(image), wanted, atol=1e-6)
    assert np.abs(high(image) - plain(image)).max() > 0.2
    if runtime == "torch":
        there = high.alpha(torch.from_numpy(image.copy())).numpy()
        np.testing.assert_allclose(there, wanted, atol=1e-5)


def test_the_setting_changes_what_is_seen(carphone):
    """In the whole chain; the mirror image of a clip has the mirrored matte."""
    standard, high = (
        next(matte(carphone, settings=Settings(quality=quality, following=None)))
        for quality in ("standard", "high")
    )
    difference = np.abs(standard.alpha - high.alpha)
    assert difference.max() > 0.5
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
