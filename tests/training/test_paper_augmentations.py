"""The paper's augmentations: seeded, and masks go where their images do."""

from __future__ import annotations

import numpy as np
import torch
from made_people import made_person

from sinet_video.training.samples.batch import Batch, band
from sinet_video.training.samples.paper_augmentations import published

WIDTH = 7


def batch() -> Batch:
    """White discs on black, which are their own masks."""
    labels = np.stack([made_person(index, 64, 64)[1] for index in range(6)])
    images = np.repeat(labels[..., None], 3, 3)
    return Batch(images, labels, band(labels, WIDTH), np.zeros((0, 2, 3), np.float32))


def test_the_same_seed_does_the_same():
    """Whatever the random state was; another seed does something else."""
    torch.manual_seed(5)
    one = published(batch(), 3, WIDTH)
    two = published(batch(), 3, WIDTH)
    other = published(batch(), 4, WIDTH)
    assert np.array_equal(one.images, two.images)
    assert np.array_equal(one.labels, two.labels)
    assert not np.array_equal(one.images, other.images)


def test_masks_follow_their_images():
    """Moved and mirrored with them, and neither blurred nor darkened."""
    moved = 0
    for seed in range(5):
        found = published(batch(), seed, WIDTH)
        assert set(np.unique(found.labels)) <= {0, 255}
        for image, label, before in zip(found.images, found.labels, batch().labels, strict=True):
            bright = image.mean(2) > (image.min() / 2 + image.max() / 2)
            person = label > 127
            assert (bright & person).sum() > 0.9 * (bright | person).sum()
            moved += not np.array_equal(label, before)
    assert 5 < moved < 30


def test_bands_follow_labels():
    """The new ones; types, shapes and motion stay."""
    found = published(batch(), 1, WIDTH)
    assert np.array_equal(found.bands, band(found.labels, WIDTH))
    assert not np.array_equal(found.bands, batch().bands)
    assert found.images.shape == (6, 64, 64, 3)
    assert found.images.dtype == found.labels.dtype == np.uint8
    assert found.motion.shape == (0, 2, 3)


def test_tones_vary():
    """Some images are no longer black and white."""
    found = published(batch(), 2, WIDTH)
    assert len(np.unique(found.images)) > 10
