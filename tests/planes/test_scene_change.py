"""Cuts and motion on coarse luma."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from sinet_video.media.frame import Frame
from sinet_video.planes.scene_change import (
    coarse_colours,
    coarse_luma,
    is_cut,
    motion,
    moving_share,
)

BLACK, WHITE = np.zeros((9, 16), np.float32), np.ones((9, 16), np.float32)


def test_another_shot_is_a_cut() -> None:
    """As another grid is; a slightly lighter frame is none."""
    assert is_cut(BLACK, WHITE)
    assert is_cut(BLACK, np.zeros((16, 9), np.float32))
    assert not is_cut(BLACK, BLACK + 0.05)


def test_what_moves() -> None:
    """1 where luma changes much and near it, 0 far from it."""
    after = BLACK.copy()
    after[3:6, 1:4] = 1
    share = motion(BLACK, after)
    assert share[4, 2] == share[4, 4] == 1
    assert (share[:, 8:] == 0).all()
    assert (motion(BLACK, BLACK) == 0).all()


@pytest.mark.parametrize(("change", "share"), [(0, 0), (0.1, 0), (0.2, 0.5), (0.3, 1), (9, 1)])
def test_in_proportion_between(change: float, share: float) -> None:
    """From `still` to `moving`."""
    found = moving_share(np.array([change], np.float32), 0.1, 0.3)
    np.testing.assert_allclose(found, [share], atol=1e-6)


def test_colours_and_luma_of_a_frame() -> None:
    """In [0, 1], red first; the same array each time."""
    rgb = np.zeros((8, 12, 3), np.uint8)
    rgb[..., 0] = 255
    video = av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(format="gbrp")
    frame = Frame(video, 0, Fraction(1, 25))
    np.testing.assert_allclose(coarse_colours(frame, (4, 6))[:, 1, 1], [1, 0, 0], atol=0.01)
    np.testing.assert_allclose(coarse_luma(frame, (4, 6)), 0.299, atol=0.01)
    assert coarse_luma(frame, (4, 6)) is coarse_luma(frame, (4, 6))
