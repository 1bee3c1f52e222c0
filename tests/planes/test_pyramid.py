"""Planes of cells: reduced, halved, doubled, and enlarged tile by tile."""

from __future__ import annotations

from contextlib import nullcontext
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from sinet_video import native
from sinet_video.media.frame import Frame
from sinet_video.media.tiled_alpha import Grid, TiledAlpha
from sinet_video.planes.pyramid import (
    Enlarged,
    bounding_slices,
    colour_subsampling,
    doubled,
    halved,
    reduced,
    reduced_alpha,
)

RNG = np.random.default_rng(2)


def frame_of(width: int, height: int, name: str = "yuv420p") -> Frame:
    """A frame of noise."""
    video = av.VideoFrame(width, height, name)
    for plane in video.planes:
        plane.update(RNG.integers(0, 256, plane.buffer_size, np.uint8).tobytes())
    return Frame(video, 0, Fraction(1, 25))


@pytest.mark.parametrize(("width", "factor"), [(176, 2), (640, 4), (1280, 8), (3840, 8)])
def test_large_frames_are_reduced_more(width: int, factor: int) -> None:
    """By a power of two from 2 to 8."""
    assert colour_subsampling(frame_of(width, width // 2 // 2 * 2)) == factor


def means(plane: np.ndarray, factor: int) -> np.ndarray:
    """Means over squares of the samples that are there."""
    height, width = (side // factor for side in plane.shape)
    whole = plane[: height * factor, : width * factor].astype(np.float64)
    return whole.reshape(height, factor, width, factor).mean((1, 3))


@pytest.mark.parametrize("kernels", [True, False])
@pytest.mark.parametrize("size", [(64, 48), (66, 50), (67, 51)])
@pytest.mark.parametrize("factor", [2, 4, 8])
def test_cells_are_means(size: tuple[int, int], factor: int, *, kernels: bool) -> None:
    """Of luma and chroma, also where the far cells are cut off, by the kernel and by numpy."""
    frame = frame_of(*size)
    with nullcontext() if kernels else native.numpy_only():
        cells = reduced(frame, factor)
    assert cells.shape == (3, -(-frame.height // factor), -(-frame.width // factor))
    for plane, found in zip(frame.planes, cells, strict=True):
        expected = means(plane, factor * plane.shape[1] // frame.width or 1)
        height, width = (min(sides) for sides in zip(found.shape, expected.shape, strict=True))
        assert height >= frame.height // factor - 1
        assert abs(found[:height, :width] - expected[:height, :width]).max() < 1e-4


def test_cells_finer_than_chroma() -> None:
    """Chroma of 4:2:0 is enlarged for cells of one pixel, and luma is as it is."""
    frame = frame_of(64, 48)
    cells = reduced(frame, 1)
    assert cells.shape == (3, 48, 64)
    assert np.array_equal(cells[0], frame.luma)
    for found, plane in zip(cells[1:], frame.planes[1:], strict=True):
        assert np.corrcoef(halved(found).ravel(), plane.ravel())[0, 1] > 0.9


@pytest.mark.parametrize("shape", [(4, 6), (5, 7), (1, 1)])
def test_halves(shape: tuple[int, int]) -> None:
    """Means of two by two; an odd last row or column counts twice."""
    cells = RNG.random(shape, np.float32)
    padded = np.pad(cells, [(0, side % 2) for side in shape], mode="edge")
    rows, columns = padded.shape[0] // 2, padded.shape[1] // 2
    expected = padded.reshape(rows, 2, columns, 2).mean((1, 3))
    np.testing.assert_allclose(halved(cells), expected, atol=1e-6)


@pytest.mark.parametrize("shape", [(8, 12), (7, 11), (2, 2), (1, 1)])
def test_doubling_is_bilinear(shape: tuple[int, int]) -> None:
    """As OpenCV does, cut to the shape."""
    small = RNG.random((-(-shape[0] // 2), -(-shape[1] // 2)), np.float32)
    size = small.shape[1] * 2, small.shape[0] * 2
    whole = cv2.resize(small, size, interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose(doubled(small, shape), whole[: shape[0], : shape[1]], atol=1e-6)


def test_slices_hold_all_that_is_wanted() -> None:
    """From an even cell on, so that halves of the part are halves of the whole."""
    wanted = np.zeros((20, 30), bool)
    assert bounding_slices(wanted, 3) is None
    wanted[8:10, 15] = True
    rows, columns = bounding_slices(wanted, 3) or (slice(0), slice(0))
    assert (rows.start, rows.stop, columns.start, columns.stop) == (4, 13, 12, 19)


def test_alpha_in_cells() -> None:
    """As of the whole plane."""
    alpha = np.zeros((48, 64), np.float32)
    alpha[10:30, 20:50] = RNG.random((20, 30), np.float32)
    alpha[30:, 20:50] = 1
    cells = reduced_alpha(TiledAlpha.of(alpha), 4)
    np.testing.assert_allclose(cells, alpha.reshape(12, 4, 16, 4).mean((1, 3)), atol=1e-6)


def test_tiles_are_those_of_the_whole_enlarged() -> None:
    """Wherever they lie, seams included."""
    values = RNG.random((13, 22), np.float32)
    cells = Grid(13, 22, 4, 4)
    enlarged = Enlarged(values, cells, (2, 2))
    expected = cv2.resize(values, (44, 26), interpolation=cv2.INTER_LINEAR)
    tile = enlarged.tiles(np.array([1]), np.array([2]))[0]
    np.testing.assert_allclose(tile, expected[8:16, 16:24], atol=1e-5)
