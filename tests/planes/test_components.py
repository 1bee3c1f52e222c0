"""Connected regions and their boxes, as scipy finds them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from sinet_video import native
from sinet_video.planes.components import label


def agrees(mask: np.ndarray) -> bool:
    """Whether regions are those of scipy, in numpy and in the kernel, whatever their order."""
    with native.numpy_only():
        plain = label(mask)
    if native.available() and not all(map(np.array_equal, plain, label(mask))):
        return False
    labels, sizes, boxes = plain
    expected, count = ndimage.label(mask)
    pairs = {*zip(labels.ravel().tolist(), expected.ravel().tolist(), strict=True)}
    counted = np.bincount(labels.ravel(), minlength=1)
    counted[0] = 0
    one_to_one = len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})
    around = [
        [down.start, across.start, down.stop, across.stop]
        for down, across in ndimage.find_objects(labels.astype(np.int64))
    ]
    sound = len(sizes) == count + 1 and np.array_equal(sizes, counted)
    return one_to_one and sound and boxes.tolist() == [[0, 0, 0, 0], *around]


@given(st.integers(1, 24), st.integers(1, 24), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_regions_are_those_of_scipy(height, width, share, seed):
    """Of noise, from none to all of it."""
    assert agrees(np.random.default_rng(seed).random((height, width)) < share)


def spiral(side: int) -> np.ndarray:
    """One region that winds inwards, a cell wide."""
    mask = np.zeros((side, side), bool)
    row, column, steps = 0, 0, [(0, 1), (1, 0), (0, -1), (-1, 0)]
    mask[0, 0] = True
    for turn in range(2 * side):
        down, across = steps[turn % 4]
        while (
            0 <= row + down < side
            and 0 <= column + across < side
            and not (
                0 <= row + 2 * down < side
                and 0 <= column + 2 * across < side
                and mask[row + 2 * down, column + 2 * across]
            )
        ):
            row, column = row + down, column + across
            mask[row, column] = True
    return mask


@pytest.mark.parametrize("turned", range(4))
def test_what_winds_is_one(turned):
    """Far ends of a spiral meet, and what is between them is another."""
    mask = np.rot90(spiral(41), turned)
    assert 300 < mask.sum() < 41 * 41 - 300
    assert agrees(mask)
    assert agrees(~mask)
    assert len(label(mask)[1]) == 2


def test_corners_do_not_touch():
    """Two cells that meet at a corner are two regions; with a third between, one."""
    mask = np.array([[True, False], [False, True]])
    assert label(mask)[1].tolist() == [0, 1, 1]
    mask[0, 1] = True
    assert label(mask)[1].tolist() == [0, 3]


def test_rows_do_not_run_into_each_other():
    """The last cell of a row and the first of the next are not neighbours."""
    mask = np.array([[False, False, True], [True, False, False]])
    assert label(mask)[1].tolist() == [0, 1, 1]
