"""Frames as small RGB images: the kernel against means by matrix products, and libswscale."""

from __future__ import annotations

import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange, Colorspace
from hypothesis import given
from hypothesis import strategies as st

from sinet_video import decode, native
from sinet_video.media.area import reduced_rgb, to_rgb
from sinet_video.media.convert import AREA, matrix_of, planes_of, range_of, reformat, rgb_of
from sinet_video.media.pixel_formats import PLANAR

pytestmark = pytest.mark.skipif(not native.available(), reason="the kernels were not built here")


def noise(name: str, width: int, height: int, seed: int) -> av.VideoFrame:
    """A frame of any values that its format has."""
    video = av.VideoFrame(width, height, name)
    rng = np.random.default_rng(seed)
    for plane in planes_of(video):
        plane[...] = rng.integers(0, PLANAR[name].top, plane.shape, endpoint=True)
    return video


def shares(length: int, count: int) -> np.ndarray:
    """How much of each of `length` samples each of `count` equal parts covers, over the part's."""
    edges = np.linspace(0, length, count + 1)
    covered = np.minimum(edges[1:, None], np.arange(length) + 1) - np.maximum(
        edges[:-1, None], np.arange(length)
    )
    return np.clip(covered, 0, None) * count / length


def by_products(video: av.VideoFrame, width: int, height: int) -> np.ndarray:
    """The same image in double precision, not rounded."""
    small = [
        shares(plane.shape[0], height) @ plane.astype(float) @ shares(plane.shape[1], width).T
        for plane in planes_of(video)
    ]
    matrix = to_rgb(PLANAR[video.format.name], matrix_of(video), range_of(video))
    return np.clip(np.moveaxis(np.tensordot(matrix, [*small, np.ones_like(small[0])], 1), 0, 2),
                   0, 255)  # fmt: skip


@given(
    st.sampled_from(sorted(PLANAR)), st.integers(1, 90), st.integers(1, 90),
    st.floats(0, 1), st.floats(0, 1), st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_means_of_what_each_pixel_covers(name, width, height, wide, tall, seed):
    """Of every format, any size, and any that is no larger than its chroma."""
    video = noise(name, width, height, seed)
    least = [min(sides) for sides in zip(*(p.shape for p in planes_of(video)), strict=True)]
    size = [max(1, round(share * side)) for share, side in zip((tall, wide), least, strict=True)]
    found = reduced_rgb(video, size[1], size[0])
    assert found.shape == (*size, 3)
    assert np.abs(found - by_products(video, size[1], size[0])).max() < 0.57


def test_sums_of_many_rows_are_whole():
    """White of more rows than 16 bits hold the sum of."""
    video = av.VideoFrame(4, 700, "yuvj444p")
    for plane, value in zip(planes_of(video), (255, 128, 128), strict=True):
        plane[...] = value
    assert (reduced_rgb(video, 2, 2) == 255).all()


@pytest.mark.parametrize("name", ["yuv420p", "yuv422p10le", "yuvj420p", "yuv444p12le", "gbrp"])
@pytest.mark.parametrize("matrix", [Colorspace.ITU709, Colorspace.ITU601, Colorspace.BT2020])
def test_colours_are_those_of_libswscale(name, matrix):
    """Flat ones, of each matrix and range, within its own rounding."""
    rng = np.random.default_rng(1)
    for _ in range(20):
        video = av.VideoFrame(64, 48, name)
        video.colorspace = matrix
        video.color_range = ColorRange.JPEG if name == "gbrp" else ColorRange.MPEG
        step = 1 << PLANAR[name].bits - 8
        for plane in planes_of(video):
            plane[...] = rng.integers(60, 180) * step
        exact = rgb_of(reformat(video, pixel_format="rgb24"))[0, 0].astype(int)
        far = exact - reduced_rgb(video, 16, 12)
        assert np.abs(far).max() <= 1


def test_images_are_those_of_libswscale(carphone):
    """A real one, but for its rounding, and chroma that it shares between two pixels."""
    video = next(decode(carphone)).video
    small = reformat(video, width=60, height=48, pixel_format="rgb24", interpolation=AREA)
    far = np.abs(rgb_of(small).astype(int) - reduced_rgb(video, 60, 48))
    assert far.mean() < 2
    assert 0 < far.max() < 40


def test_what_is_enlarged_is_by_libswscale():
    """Chroma of 4:2:0 that is smaller than the image."""
    video = noise("yuv420p", 64, 48, 0)
    small = reformat(video, width=40, height=30, pixel_format="rgb24", interpolation=AREA)
    assert np.array_equal(reduced_rgb(video, 40, 30), rgb_of(small))
