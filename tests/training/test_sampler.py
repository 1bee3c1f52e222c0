"""Batches: functions of seed and step, cut into shards, with second looks where it says."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from made_people import made_person, made_stock, source, stage
from scipy import ndimage
from torch.nn import functional as F

from sinet_video.training.recipe import Light, Loss, Views
from sinet_video.training.samples.batch import Batch, band
from sinet_video.training.samples.photographs import Stock
from sinet_video.training.samples.sampler import Sampler, batches

STOCK = made_stock()
LIVELY = Light(brightness=0.1, contrast=0.2, blur=0.3, noise=5.0, compression=0.2)


def sampler(seed: int = 1, **changed: object) -> Sampler:
    """A sampler of a stage with lively light and made scenes."""
    values = {"light": LIVELY, "views": Views(made=0.5)}
    return Sampler(STOCK, stage(**{**values, **changed}), seed)


def same(one: Batch, two: Batch) -> bool:
    """Whether two batches are, to the byte."""
    return all(
        np.array_equal(getattr(one, name), getattr(two, name))
        for name in ("images", "labels", "bands", "motion")
    )


@pytest.mark.parametrize("published", [False, True])
@pytest.mark.parametrize("shard", [0, 1])
def test_a_batch_is_a_function_of_seed_and_step(shard, published):
    """Whatever was made before it; another seed, and another step, make another."""
    light = Light(published=True) if published else LIVELY
    fresh, used = sampler(light=light), sampler(light=light)
    for step in range(3):
        used.shard(step, 0, 2)
    assert same(fresh.shard(5, shard, 2), used.shard(5, shard, 2))
    assert not same(fresh.shard(5, shard, 2), fresh.shard(6, shard, 2))
    assert not same(fresh.shard(5, shard, 2), sampler(2, light=light).shard(5, shard, 2))


def test_shapes_and_types():
    """As a network and its loss take them."""
    batch = sampler(shapes=((64, 96),)).shard(0, 0, 2)
    assert batch.images.shape == (2, 64, 96, 3)
    assert batch.labels.shape == batch.bands.shape == (2, 64, 96)
    assert batch.motion.shape == (0, 2, 3)
    assert batch.images.dtype == batch.labels.dtype == batch.bands.dtype == np.uint8
    assert set(np.unique(batch.bands)) == {0, 1}


def test_shards_are_different_samples():
    """All of a step's batch are, wherever it is cut."""
    made = sampler(batch=8)
    halves = np.concatenate([made.shard(3, index, 2).images for index in range(2)])
    assert np.array_equal(halves, made.shard(3, 0, 1).images)
    assert len({image.tobytes() for image in halves}) == 8


def test_shapes_change_with_the_step_and_are_one_for_all_shards():
    """Each of those that the stage names comes up."""
    made = sampler(shapes=((32, 64), (64, 32), (32, 32)))
    shapes = set()
    for step in range(30):
        found = {made.shard(step, index, 2).labels.shape[1:] for index in range(2)}
        assert found == {made.shape(step)}
        shapes |= found
    assert shapes == {(32, 64), (64, 32), (32, 32)}


def test_samples_may_be_larger_than_the_usual_grain():
    """The field of noise grows with them."""
    assert sampler().grain.shape == (768, 768, 3)
    wide = Sampler(STOCK, stage(batch=1, shapes=((32, 800),), light=Light(noise=8.0)), 1)
    assert wide.shard(0, 0, 1).images.shape == (1, 32, 800, 3)


def second_looks(batch: Batch) -> np.ndarray:
    """The labels of second looks, sampled where the first looks' points went."""
    count = len(batch.motion)
    labels = torch.from_numpy(batch.labels[count : 2 * count])[:, None].float()
    grid = F.affine_grid(torch.from_numpy(batch.motion), list(labels.shape), align_corners=False)
    return F.grid_sample(labels, grid, align_corners=False)[:, 0].numpy()


@pytest.mark.parametrize(("moved", "count"), [(0.25, 2), (0.5, 4)])
def test_second_looks_are_where_they_should_be(moved, count):
    """Sample k + i shows what sample i does, moved by motion i; others show other things."""
    made = sampler(batch=8, views=Views(made=0.5, empty=0.0, moved=moved))
    batch = made.shard(2, 0, 1)
    assert batch.motion.shape == (count, 2, 3)
    assert len(batch.labels) == 8
    inner = (slice(None), slice(6, -6), slice(6, -6))
    for first, again in zip(batch.labels[:count], second_looks(batch), strict=True):
        off = np.abs(again[inner[1:]] - first[inner[1:]]).mean()
        others = np.abs(again[None][inner] - batch.labels[2 * count :][inner].astype(float))
        assert off < 8
        assert all(other > off for other in others.mean((1, 2)))
    # The image is moved as well, under the same light: it is not the first look's.
    assert not np.array_equal(batch.images[:count], batch.images[count : 2 * count])
    lights = batch.images.astype(float).mean((1, 2))
    assert np.abs(lights[:count] - lights[count : 2 * count]).max() < 25


def test_the_first_looks_are_those_without_second_ones():
    """Whether samples are looked at again changes nothing for those that stay."""
    plain = sampler(batch=8).shard(2, 0, 1)
    again = sampler(batch=8, views=Views(made=0.5, moved=0.25)).shard(2, 0, 1)
    assert np.array_equal(plain.images[:2], again.images[:2])
    assert np.array_equal(plain.images[2:6], again.images[4:])


def test_what_is_random_is_so_by_itself():
    """Photographs lose sharpness as often as made scenes: the choices do not go together."""
    noise = np.random.default_rng(3).integers(0, 255, (64, 64, 3), np.uint8)
    photograph = source(np.dstack([noise, noise[..., :1]])[..., :3], made_person(0, 64, 64)[1])
    stock = Stock([[photograph]], [1.0], backgrounds=[source(np.zeros((64, 64, 3), np.uint8))])
    views = Views(made=0.5, empty=1.0, pattern=0.0, zoom=(1.0, 1.0), turn=0.0, stretch=0.0)
    made = Sampler(stock, stage(batch=60, views=views, light=Light(blur=0.5)), 1)
    images = made.shard(0, 0, 1).images
    sharpness = [image.std() for image in images if image.any()]
    blurred = np.mean([value < 0.9 * noise.std() for value in sharpness])
    assert 15 < len(sharpness) < 45
    assert 0.2 < blurred < 0.8


@pytest.mark.parametrize("width", [3, 7, 15])
def test_a_band_is_dilation_less_erosion(width):
    """As scipy has them; nothing counts as an edge where the image ends."""
    labels = np.stack([made_person(index)[1] for index in range(3)])
    labels[0, -40:] = 255  # a person cut off by the lower edge
    expected = []
    for person in labels > 127:
        box = np.ones((width, width), bool)
        grown = ndimage.binary_dilation(person, box)
        expected.append(grown & ~ndimage.binary_erosion(person, box, border_value=1))
    found = band(labels, width)
    assert np.array_equal(found, np.stack(expected))
    assert not found[0, -1, 20:-20].any()
    assert 0 < found.mean() < 0.6


def test_no_person_no_band():
    """Nor without a background."""
    assert not band(np.zeros((1, 8, 8), np.uint8), 3).any()
    assert not band(np.full((1, 8, 8), 255, np.uint8), 3).any()


def test_the_stage_says_how_wide_a_band_is():
    """Its loss does."""
    narrow, wide = (sampler(loss=Loss(band=width)).shard(0, 0, 1).bands for width in (3, 15))
    assert narrow.sum() < wide.sum()


def test_batches_go_from_step_to_step():
    """Each with all its shards; nothing when there is nothing to do."""
    made = sampler()
    found = list(batches(made, 4, 6, 2))
    assert len(found) == 2
    for step, shards in zip((4, 5), found, strict=True):
        assert all(same(own, made.shard(step, index, 2)) for index, own in enumerate(shards))
    assert list(batches(made, 6, 6, 2)) == []
