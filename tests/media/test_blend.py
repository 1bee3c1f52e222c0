"""Blending by tiles, against the formula on whole planes."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sinet_video.media.blend import black, black_of, blended
from sinet_video.media.convert import planes_of
from sinet_video.media.frame import Frame
from sinet_video.media.pixel_formats import PLANAR
from sinet_video.media.tiled_alpha import TiledAlpha


def frame_of(width: int, height: int, name: str, rng: np.random.Generator) -> Frame:
    """A frame of noise."""
    video = av.VideoFrame(width, height, name)
    for plane in planes_of(video):
        plane[...] = rng.integers(0, PLANAR[name].top + 1, plane.shape)
    return Frame(video, 0, Fraction(1, 25))


def means(alpha: np.ndarray, down: int, across: int) -> np.ndarray:
    """Alpha of chroma samples: means of what luma samples they have."""
    height, width = alpha.shape
    filled = np.pad(alpha, ((0, -height % down), (0, -width % across)), mode="edge")
    rows, columns = filled.shape[0] // down, filled.shape[1] // across
    return filled.reshape(rows, down, columns, across).mean((1, 3))


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["yuv420p", "yuv422p10le", "yuv444p16le", "gbrp", "gbrp12le", "yuv411p"]),
    st.integers(1, 70),
    st.integers(1, 70),
    st.integers(0, 2**16),
    st.floats(0, 1),
)
def test_by_the_formula(name: str, width: int, height: int, seed: int, share: float) -> None:
    """To one level; where alpha is 1 or 0 the samples are those of the one or the other."""
    rng = np.random.default_rng(seed)
    frame, behind = (frame_of(width, height, name, rng) for _ in range(2))
    alpha = np.clip(rng.random((height, width)) * 3 * share - share, 0, 1).astype(np.float32)
    result = planes_of(blended(frame, TiledAlpha.of(alpha), tuple(behind.planes)))
    form = PLANAR[name]
    planes = zip(frame.planes, behind.planes, result, strict=True)
    for index, (front, back, found) in enumerate(planes):
        whole = not index or form.is_rgb
        own = alpha if whole else means(alpha, form.down, form.across)
        expected = back + own.astype(np.float64) * (front.astype(np.float64) - back)
        assert abs(found - expected).max() <= 1 + form.top * 1e-6
        assert np.array_equal(found[own == 1], front[own == 1])
        assert np.array_equal(found[own == 0], back[own == 0])


@pytest.mark.parametrize("name", ["yuv420p", "yuvj420p", "yuv420p10le", "gbrp12le"])
def test_black(name: str) -> None:
    """As libswscale makes it of RGB."""
    rgb = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), "rgb24")
    made = rgb.reformat(format=name)
    made.color_range = 2 if name.startswith("yuvj") else made.color_range
    frame = Frame(made, 0, Fraction(1, 25))
    assert black_of(frame) == tuple(int(plane[0, 0]) for plane in frame.planes)
    assert [plane.shape for plane in black(frame)] == [(1, 1)] * 3
