"""Where images lie in samples: matrices, drawing by them, and movements."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from made_people import source
from torch.nn import functional as F

from sinet_video.training.recipe import Views
from sinet_video.training.samples.geometry import (
    background_matrix,
    draw,
    grid_motion,
    nudge,
    person_matrix,
    photograph_matrix,
    placed,
)
from sinet_video.training.samples.photographs import Photograph

STILL = Views(zoom=(1.0, 1.0), turn=0.0, stretch=0.0, flip=0.0)
SHAPE = (64, 96)


def at(matrix: np.ndarray, x: float, y: float) -> np.ndarray:
    """Where a matrix takes a point."""
    return (matrix @ (x, y, 1))[:2]


def rngs(count: int = 40) -> list[np.random.Generator]:
    """Generators of different numbers."""
    return [np.random.default_rng(seed) for seed in range(count)]


def standing(*, whole: bool = False, height: int = 90, width: int = 121) -> Photograph:
    """A person from (40, 20) to (70, 80)."""
    mask = np.zeros((height, width), np.uint8)
    mask[20:80, 40:70] = 255
    return source(np.zeros((height, width, 3), np.uint8), mask, whole=whole)


# Matrices


def test_placed_takes_start_to_end():
    """And the points beside it where scale and turn say."""
    matrix = placed((2.0, 3.0), 90.0, (10, 20), (7, 5))
    assert np.allclose(at(matrix, 10, 20), (7, 5))
    assert np.allclose(at(matrix, 11, 20), (7, 7))  # right became down
    assert np.allclose(at(matrix, 10, 21), (4, 5))  # down became left


def test_placed_mirrors():
    """By a negative scale."""
    assert np.allclose(at(placed((-1.0, 1.0), 0.0, (10, 20), (10, 20)), 12, 20), (8, 20))


@pytest.mark.parametrize("size", [(90, 121), (400, 300), (64, 96)])
def test_a_photograph_covers_the_sample(size):
    """At zoom 1 and without a turn: each corner of the sample is in it, one side is filled."""
    height, width = size
    for rng in rngs():
        matrix = photograph_matrix(rng, standing(height=height, width=width), SHAPE, STILL)
        left, top = at(matrix, 0, 0)
        right, bottom = at(matrix, *standing(height=height, width=width).size)
        assert max(left, top) <= 1e-6
        assert right >= SHAPE[1] - 1e-6
        assert bottom >= SHAPE[0] - 1e-6
        assert min(right - left - SHAPE[1], bottom - top - SHAPE[0]) == pytest.approx(0, abs=1e-6)


def test_a_squashed_photograph_fills_the_sample():
    """Corners on corners, and the aspect is lost."""
    views = Views(zoom=(1.0, 1.0), turn=0.0, stretch=0.0, flip=0.0, squash=True)
    matrix = photograph_matrix(rngs()[0], standing(), SHAPE, views)
    assert np.allclose(at(matrix, 0, 0), (0, 0))
    assert np.allclose(at(matrix, 121, 90), (96, 64))


@pytest.mark.parametrize("flip", [0.0, 1.0])
@pytest.mark.parametrize("place", [photograph_matrix, person_matrix, background_matrix])
def test_mirrored_as_often_as_asked(place, flip):
    """Never and always."""
    signs = {
        np.sign(np.linalg.det(place(rng, standing(whole=True), SHAPE, Views(flip=flip))))
        for rng in rngs()
    }
    assert signs == {-1.0 if flip else 1.0}


def test_turns_stay_within_the_largest():
    """In degrees."""
    views, turns = Views(zoom=(1.0, 1.0), turn=10.0, stretch=0.0, flip=0.0), []
    for rng in rngs(100):
        matrix = photograph_matrix(rng, standing(), SHAPE, views)
        turns.append(np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0])))
    assert 8 < np.abs(turns).max() <= 10


def test_of_whole_people_the_upper_part_is_looked_at_every_other_time():
    """Head near the top, feet far below; of others, never."""
    tall = [
        person_height > SHAPE[0]
        for rng in rngs(100)
        for matrix in [photograph_matrix(rng, standing(whole=True), SHAPE, STILL)]
        for person_height in [at(matrix, 55, 80)[1] - at(matrix, 55, 20)[1]]
    ]
    assert 30 < sum(tall) < 70
    for rng in rngs():
        matrix = photograph_matrix(rng, standing(), SHAPE, STILL)
        assert at(matrix, 55, 80)[1] - at(matrix, 55, 20)[1] < SHAPE[0]


def test_people_enter_a_scene_from_its_lower_edge():
    """Where they are cut off; whole people may stand in it."""
    feet = [at(person_matrix(rng, standing(), SHAPE, STILL), 55, 80)[1] for rng in rngs()]
    assert min(feet) >= SHAPE[0] - 1e-6
    standing_feet = [
        at(person_matrix(rng, standing(whole=True), SHAPE, STILL), 55, 80)[1] for rng in rngs()
    ]
    assert min(standing_feet) < SHAPE[0]


def test_people_are_seen():
    """The middle of the head is in the sample, or little outside."""
    for whole in (False, True):
        for rng in rngs(100):
            x, y = at(person_matrix(rng, standing(whole=whole), SHAPE, STILL), 55, 30)
            assert 0 < x < SHAPE[1]
            assert -5 < y < SHAPE[0]


def test_a_background_always_covers_the_sample():
    """Also mirrored."""
    for rng in rngs():
        matrix = background_matrix(rng, standing(), SHAPE, Views())
        corners = np.array([at(matrix, x, y) for x in (0, 121) for y in (0, 90)])
        assert (corners.min(0) <= 1e-6).all()
        assert (corners.max(0) >= np.array(SHAPE[::-1]) - 1e-6).all()


def test_a_background_may_be_smaller_than_the_sample():
    """Its enlargement is what the views say, relative to its just covering the sample."""
    views = Views(room=(0.5, 0.5))
    covering = max(SHAPE[1] / 121, SHAPE[0] / 90)
    for rng in rngs():
        matrix = background_matrix(rng, standing(), SHAPE, views)
        scale = np.sqrt(abs(np.linalg.det(matrix[:2, :2])))
        assert scale == pytest.approx(0.5 * covering)


def test_a_nudge_is_small_and_is_one():
    """A few pixels at each corner."""
    for rng in rngs():
        matrix = nudge(rng, SHAPE)
        moves = [np.abs(at(matrix, x, y) - (x, y)).max() for x in (0, 96) for y in (0, 64)]
        assert 0 < max(moves) < 0.15 * 96


# Drawing


def blob(height: int, width: int, x: float, y: float) -> Photograph:
    """A soft bright spot at a point."""
    rows, columns = np.mgrid[:height, :width]
    spot = 255 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 9.0**2))
    return source(np.repeat(spot[..., None], 3, 2).astype(np.uint8))


def centre(drawn: np.ndarray) -> tuple[float, float]:
    """The centre of what is bright."""
    light = drawn[..., 0].astype(float)
    rows, columns = np.mgrid[: light.shape[0], : light.shape[1]]
    return (columns * light).sum() / light.sum(), (rows * light).sum() / light.sum()


@pytest.mark.parametrize("scale", [1.0, 0.7, 0.5, 0.27, 0.2])
@pytest.mark.parametrize("size", [(240, 320), (241, 319), (243, 313)])
def test_a_point_lands_where_it_should(scale, size):
    """From whichever level it is drawn, and of odd sides as well."""
    height, width = size
    matrix = placed((scale, scale), 20.0, (260, 180), (70, 60))
    drawn = draw(blob(height, width, 260, 180), matrix, (120, 140), cv2.BORDER_CONSTANT)
    assert centre(drawn) == pytest.approx((70, 60), abs=0.2)


def levels_used(scale: float) -> int:
    """Which level is drawn from: the one whose number is in the image."""
    levels = [np.full((256 >> level, 256 >> level, 3), level, np.uint8) for level in range(3)]
    matrix = placed((scale, scale), 0.0, (0, 0), (0, 0))
    drawn = draw(Photograph("levels", levels), matrix, (16, 16), cv2.BORDER_REPLICATE)
    return int(drawn[8, 8, 0])


@pytest.mark.parametrize(
    ("scale", "level"), [(3.0, 0), (1.0, 0), (0.7, 0), (0.5, 1), (0.25, 2), (0.01, 2)]
)
def test_the_level_follows_the_scale(scale, level):
    """The largest to enlarge, the smallest where there is none small enough."""
    assert levels_used(scale) == level


@pytest.mark.parametrize("scale", [0.58, 0.52, 0.27])
def test_reducing_does_not_alias(scale):
    """Fine stripes become grey; from the largest level alone they would not."""
    stripes = np.zeros((256, 256, 3), np.uint8)
    stripes[:, ::2] = 255
    matrix = placed((scale, scale), 0.0, (0, 0), (0.3, 0.3))
    fine = source(stripes)
    drawn = draw(fine, matrix, (48, 48), cv2.BORDER_REFLECT_101)
    assert drawn.std() < 5
    aliased = draw(Photograph("one", fine.levels[:1]), matrix, (48, 48), cv2.BORDER_REFLECT_101)
    assert aliased.std() > 20


# Motion


def smooth_image(height: int, width: int) -> np.ndarray:
    """An image with gradients everywhere, float32."""
    rows, columns = np.mgrid[:height, :width]
    return (np.sin(columns / 9) + np.cos(rows / 7) + columns / width).astype(np.float32)


@pytest.mark.parametrize("seed", range(4))
def test_grid_motion_is_what_opencv_does(seed):
    """An image moved by OpenCV, and sampled by torch where its points went, is as before."""
    matrix = nudge(np.random.default_rng(seed), SHAPE)
    before = smooth_image(*SHAPE)
    after = cv2.warpAffine(before, matrix[:2], SHAPE[::-1], flags=cv2.INTER_LINEAR)
    theta = torch.from_numpy(grid_motion(matrix, SHAPE))[None]
    grid = F.affine_grid(theta, [1, 1, *SHAPE], align_corners=False)
    found = F.grid_sample(torch.from_numpy(after)[None, None], grid, align_corners=False)[0, 0]
    inner = (slice(12, -12), slice(16, -16))
    assert np.abs(found.numpy()[inner] - before[inner]).max() < 0.02
    assert np.abs(after[inner] - before[inner]).max() > 0.1


def test_no_motion_is_the_identity():
    """In torch's coordinates too."""
    assert np.allclose(grid_motion(np.eye(3), SHAPE), np.eye(3)[:2])
