"""Samples: what is drawn is a function of the random numbers, and labels say where people are."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest
from made_people import made_stock, source
from made_scenes import GREEN, MADE, RED, SHAPE, disc, red_on_green, scene

from sinet_video.training.recipe import Views
from sinet_video.training.samples.geometry import nudge
from sinet_video.training.samples.photographs import Stock


@pytest.mark.parametrize("views", [Views(), Views(made=1.0), Views(made=0.5, pattern=1.0)])
def test_the_same_numbers_make_the_same_scene(views):
    """To the byte; others make another."""
    stock = made_stock()
    for seed in range(4):
        one, two = scene(stock, views, seed), scene(stock, views, seed)
        assert np.array_equal(one.image, two.image)
        assert np.array_equal(one.alpha, two.alpha)
        assert not np.array_equal(one.image, scene(stock, views, seed + 100).image)


@pytest.mark.parametrize("made", [0.0, 1.0])
def test_shapes_and_types(made):
    """As samples are: RGB and alpha, 8 bits, in one piece of memory."""
    found = scene(made_stock(), Views(made=made))
    assert (found.image.shape, found.alpha.shape) == ((*SHAPE, 3), SHAPE)
    assert found.image.dtype == found.alpha.dtype == np.uint8
    assert found.image.flags.c_contiguous
    assert found.alpha.flags.c_contiguous


def test_a_photograph_s_label_moves_with_it():
    """An image that is its own mask stays so, wherever it is looked at."""
    mask = disc()
    stock = Stock([[source(np.repeat(mask[..., None], 3, 2), mask)]], [1.0])
    for seed in range(10):
        found = scene(stock, Views(), seed)
        assert np.array_equal(found.image[..., 0], found.alpha)
    assert found.alpha.max() == 255


@pytest.mark.parametrize("cut_out", [0.0, 1.0])
def test_people_cut_out_bring_no_rim_of_what_was_behind_them(cut_out):
    """A label that takes in two pixels of blue makes a blue rim, unless they are taken out."""
    label = disc()
    image = np.broadcast_to(RED, (100, 80, 3)).astype(np.uint8)
    image[cv2.erode(label, np.ones((5, 5))) < 128] = (0, 0, 255)
    stock = red_on_green()
    stock.folders[0][0] = source(image, label)
    views = dataclasses.replace(MADE, cut_out=cut_out)
    bluest = max(int(scene(stock, views, seed).image[..., 2].max()) for seed in range(8))
    assert (bluest > 120) == (cut_out == 0)


@pytest.mark.parametrize("second", [0.0, 1.0])
def test_people_are_where_alpha_says(second):
    """Every pixel of a made scene is as much red as alpha, and for the rest green."""
    views = Views(made=1.0, second=second, empty=0.0, pattern=0.0, matching=0.0)
    for seed in range(10):
        found = scene(red_on_green(), views, seed)
        alpha = found.alpha[..., None] / 255
        expected = alpha * RED + (1 - alpha) * GREEN
        assert np.abs(found.image - expected).max() < 2.5
        assert found.alpha.max() == 255
        assert found.alpha.min() == 0


def test_two_people_are_more_than_one():
    """On the mean over many scenes."""
    views = Views(made=1.0, second=1.0, empty=0.0)
    ones = [scene(red_on_green(), MADE, seed).alpha.mean() for seed in range(30)]
    twos = [scene(red_on_green(), views, seed).alpha.mean() for seed in range(30)]
    assert np.mean(twos) > 1.2 * np.mean(ones)


def test_empty_scenes_have_nobody():
    """Neither in the label nor in the image."""
    found = scene(red_on_green(), Views(made=1.0, empty=1.0, pattern=0.0))
    assert not found.alpha.any()
    assert np.abs(found.image - GREEN).max() <= 1


def test_as_many_scenes_are_empty_as_asked():
    """And others are not."""
    views = Views(made=1.0, empty=0.3, pattern=0.0)
    empty = [not scene(red_on_green(), views, seed).alpha.any() for seed in range(100)]
    assert 15 < sum(empty) < 45


def test_matching_brings_colours_nearer():
    """A person's to the background's, on the mean; without it not at all."""
    stock = made_stock()

    def gap(matching: float, seed: int) -> float:
        views = Views(made=1.0, second=0.0, empty=0.0, pattern=0.0, matching=matching)
        found = scene(stock, views, seed)
        inside = found.alpha == 255
        return np.abs(found.image[inside].mean(0) - found.image[~inside].mean(0)).mean()

    assert np.mean([gap(1.0, s) for s in range(30)]) < np.mean([gap(0.0, s) for s in range(30)]) - 5


def test_patterns_are_of_several_kinds():
    """Some of one colour, some of many; never with anybody in them."""
    views = Views(made=1.0, empty=1.0, pattern=1.0)
    deviations = [scene(red_on_green(), views, seed).image.std((0, 1)).max() for seed in range(60)]
    assert min(deviations) < 1
    assert max(deviations) > 50


def test_folders_are_drawn_from_by_weight():
    """Never from one of weight 0."""
    stock = made_stock(1)
    dark = source(np.zeros((96, 80, 3), np.uint8), disc(96, 80))
    stock.folders.append([dark])
    for weights, expected in (([1.0, 0.0], 0), ([0.0, 2.0], 40), ([3.0, 1.0], 10)):
        stock.weights = weights
        found = sum(not scene(stock, Views(), seed).image.any() for seed in range(40))
        assert abs(found - expected) <= (7 if 0 < expected < 40 else 0)


@pytest.mark.parametrize("made", [0.0, 1.0])
def test_a_movement_moves_all_and_changes_nothing(made):
    """A scene seen again after a nudge is the first one, nudged: image and label."""
    stock = made_stock(2)
    smooth = np.indices((100, 120)).sum(0)[..., None] + np.array([0, 10, 20])
    stock.backgrounds = [source(smooth.astype(np.uint8))]
    views = Views(made=made, pattern=0.0, matching=0.6)
    for seed in range(8):
        after = nudge(np.random.default_rng([seed, 9]), SHAPE)
        first, second = scene(stock, views, seed), scene(stock, views, seed, after)
        for name in ("image", "alpha"):
            expected = cv2.warpAffine(
                getattr(first, name), after[:2], SHAPE[::-1], borderMode=cv2.BORDER_REFLECT_101
            )
            inner = (slice(10, -10), slice(12, -12))
            difference = cv2.absdiff(getattr(second, name), expected)[inner]
            assert difference.mean() < 4
            other = cv2.absdiff(getattr(scene(stock, views, seed + 50), name), expected)[inner]
            assert other.mean() > 2 * difference.mean()


@pytest.mark.parametrize("views", [MADE, Views()])
@pytest.mark.parametrize("what", ["patches", "clothes"])
def test_parts_coloured_anew_change_colours_and_not_the_label(views, what):
    """And without them the same samples are drawn as if there were none."""
    stock = red_on_green()
    changed = 0
    for seed in range(12):
        plain = scene(stock, views, seed)
        found = scene(stock, dataclasses.replace(views, **{what: 1.0}), seed)
        assert np.array_equal(found.alpha, plain.alpha)
        changed += not np.array_equal(found.image, plain.image)
    assert changed > 8
