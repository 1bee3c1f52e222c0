"""What is laid over made scenes: things that are nobody, chairs, shadows, and people smeared."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
from made_people import source
from made_scenes import GREEN, MADE, RED, SHAPE, disc, red_on_green, scene

from sinet_video.training.recipe import Views
from sinet_video.training.samples.photographs import Photograph, Stock
from sinet_video.training.samples.scenes import Look, draw_scene

BLUE = np.array([20, 40, 230])


def thing() -> Photograph:
    """A blue square."""
    mask = np.zeros((80, 80), np.uint8)
    mask[10:70, 10:70] = 255
    return source(np.broadcast_to(BLUE, (80, 80, 3)).astype(np.uint8), mask)


def with_things() -> Stock:
    """A red person, green walls, and blue things."""
    return dataclasses.replace(red_on_green(), things=[thing()])


def is_blue(image: np.ndarray) -> np.ndarray:
    """Where an image is blue."""
    return image[..., 2] > 200


def test_things_are_seen_and_are_nobody():
    """Blue appears in the image, and none of it is in the label."""
    views = dataclasses.replace(MADE, things=1.0)
    seen = 0
    for seed in range(12):
        found = scene(with_things(), views, seed)
        blue = is_blue(found.image)
        seen += int(blue.any())
        assert found.alpha[blue].max(initial=0) < 64
    assert seen > 8


def test_no_things_unless_asked():
    """However many there are."""
    assert not any(is_blue(scene(with_things(), MADE, seed).image).any() for seed in range(12))


def test_a_thing_before_a_person_hides_them():
    """In some scenes the person's label, a disc, is one no more; in others the thing is behind."""
    views = dataclasses.replace(MADE, things=1.0)
    bitten = [_bitten(scene(with_things(), views, seed).alpha) for seed in range(25)]
    assert 0 < sum(bitten) < 15
    assert not any(_bitten(scene(with_things(), MADE, seed).alpha) for seed in range(5))


def _bitten(alpha: np.ndarray) -> bool:
    """Whether a label is smaller than its convex hull."""
    mask = (alpha > 127).astype(np.uint8)
    hull = cv2.convexHull(cv2.findNonZero(mask))
    return bool(mask.sum() < 0.93 * cv2.contourArea(hull))


def test_shadows_darken_what_is_behind_and_not_the_person():
    """Labels and people stay; the wall is never lighter, and somewhere darker by a tenth."""
    shaded = dataclasses.replace(MADE, shadow=1.0)
    darker = 0
    for seed in range(10):
        plain, dark = scene(red_on_green(), MADE, seed), scene(red_on_green(), shaded, seed)
        inside, outside = plain.alpha == 255, plain.alpha == 0
        assert np.array_equal(plain.alpha, dark.alpha)
        assert np.array_equal(plain.image[inside], dark.image[inside])
        change = plain.image[outside].astype(int) - dark.image[outside]
        assert change.min() >= -1
        darker += int(change.max() > 20)
    assert darker >= 5


def test_a_chair_is_behind_and_is_nobody():
    """Who sits there keeps colour and label; what is beside them is neither wall nor person."""
    seated = dataclasses.replace(MADE, chair=1.0)
    changed = 0
    for seed in range(10):
        plain, with_chair = scene(red_on_green(), MADE, seed), scene(red_on_green(), seated, seed)
        inside, outside = plain.alpha == 255, plain.alpha == 0
        assert np.array_equal(plain.alpha, with_chair.alpha)
        assert np.abs(with_chair.image[inside] - RED.astype(float)).max() < 2
        changed += int((np.abs(with_chair.image[outside] - GREEN.astype(float)) > 20).any())
    assert changed >= 5


def test_smeared_people_have_softer_labels_of_the_same_weight():
    """Alpha is blurred with them, and the image is what alpha says."""
    smeared = dataclasses.replace(MADE, smeared=1.0)
    softer = 0
    for seed in range(10):
        plain, found = scene(red_on_green(), MADE, seed), scene(red_on_green(), smeared, seed)
        alpha = found.alpha[..., None] / 255
        assert np.abs(found.image - (alpha * RED + (1 - alpha) * GREEN)).max() < 4
        soft = [((a > 20) & (a < 235)).sum() for a in (plain.alpha, found.alpha)]
        softer += int(soft[1] > 1.3 * soft[0])
        assert np.isclose(plain.alpha.mean(), found.alpha.mean(), rtol=0.15)
    assert softer >= 7


def test_a_cut_out_is_never_seen_with_what_it_was_cut_from():
    """Where photographs are asked for, a scene is made of it all the same."""
    stock = red_on_green()
    image = np.broadcast_to(RED, (100, 80, 3)).astype(np.uint8).copy()
    image[disc() == 0] = BLUE
    stock.folders[0][0] = dataclasses.replace(source(image, disc()), only_cut_out=True)
    views = dataclasses.replace(MADE, made=0.0, cut_out=1.0)
    assert not any(is_blue(scene(stock, views, seed).image).any() for seed in range(8))


def test_the_second_look_at_a_pair_shows_the_other_moment():
    """At the same place, with the other image and its own label; without pairs the same one."""
    first = source(np.broadcast_to(RED, (100, 80, 3)).astype(np.uint8), disc())
    other = source(np.broadcast_to(BLUE, (100, 80, 3)).astype(np.uint8), disc()[:, ::-1].copy())
    first.twin, other.twin = other, first
    stock = dataclasses.replace(red_on_green(), folders=[[first]], pairs=[first])
    for made, pairs in ((0.0, 1.0), (1.0, 1.0), (0.0, 0.0)):
        views = Views(made=made, pairs=pairs, second=0.0, empty=0.0, pattern=0.0, matching=0.0)
        looks = [
            draw_scene(np.random.default_rng(3), stock, views, SHAPE, np.eye(3), Look(True, later))
            for later in (False, True)
        ]
        inside = looks[1].alpha == 255
        assert np.abs(looks[0].image[looks[0].alpha == 255] - RED.astype(float)).max() < 2
        assert np.abs(looks[1].image[inside] - BLUE.astype(float)).max() < 2


def test_images_of_nobody():
    """Are seen as they are, with an empty label, as often as asked; hard ones more often."""
    rooms = [np.full((90, 120, 3), value, np.uint8) for value in (100, 200)]
    stock = dataclasses.replace(
        red_on_green(), empty=[[source(room) for room in rooms]], empty_weights=[1.0]
    )
    views = Views(nobody=1.0)
    found = [scene(stock, views, seed) for seed in range(40)]
    assert not any(one.alpha.any() for one in found)
    assert 8 < sum(one.image.mean() > 150 for one in found) < 32
    hard = dataclasses.replace(stock, odds=[[1.0, 20.0]])
    assert sum(scene(hard, views, seed).image.mean() > 150 for seed in range(40)) > 32
    seldom = dataclasses.replace(views, nobody=0.3)
    assert 3 < sum(not scene(stock, seldom, seed).alpha.any() for seed in range(40)) < 22


def test_at_the_border_more_of_people_touches_it():
    """Labels reach the sample's left or right side more often than otherwise."""
    mask = np.zeros((100, 80), np.uint8)
    mask[20:, 25:55] = 255
    stock = Stock([[source(np.repeat(mask[..., None], 3, 2), mask)]], [1.0])
    touching = [
        sum(
            (scene(stock, Views(border=border), seed).alpha[:, (0, -1)] > 127).any()
            for seed in range(30)
        )
        for border in (0.0, 1.0)
    ]
    assert touching[1] > 20 > touching[0]
