"""Clips and their mattes as a data set."""

from __future__ import annotations

import numpy as np
import pytest
from plain_mattes import EVERYTHING

import sinet_video

torch = pytest.importorskip("torch")


def test_items_are_the_mattes(make_clip) -> None:
    """In order, and their tensors share the arrays' memory."""
    from sinet_video.torch_dataset import MatteDataset

    clips = [make_clip(frames=3), make_clip(frames=2)]
    items = list(torch.utils.data.DataLoader(MatteDataset(clips, settings=EVERYTHING), None))
    assert [item["clip"] for item in items] == [0, 0, 0, 1, 1]
    wanted = [m for clip in clips for m in sinet_video.matte(clip, settings=EVERYTHING)]
    for item, matte in zip(items, wanted, strict=True):
        np.testing.assert_array_equal(item["image"].permute(1, 2, 0).numpy(), matte.frame.rgb)
        assert item["alpha"].shape == (1, 96, 160)
        assert item["time"] == float(matte.time)


def test_workers_share_the_clips(make_clip) -> None:
    """Each clip is read by one of them."""
    from sinet_video.torch_dataset import MatteDataset

    clips = [make_clip(frames=count) for count in (1, 2, 3)]
    data = MatteDataset(clips, settings=EVERYTHING, transform=lambda matte: matte.alpha.shape)
    loader = torch.utils.data.DataLoader(data, None, num_workers=2, multiprocessing_context="fork")
    assert len(list(loader)) == 6


def test_memory_is_shared() -> None:
    """An array's tensor is the array."""
    array = np.zeros((4, 4, 3), np.uint8)
    torch.from_numpy(array)[0, 0, 0] = 7
    assert array[0, 0, 0] == 7
