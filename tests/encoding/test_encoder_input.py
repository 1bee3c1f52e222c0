"""What encoders are given: gray mattes, frames with an alpha plane, and RGBA."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from sinet_video import Frame, Matte
from sinet_video.encoding.encoder_input import gray, rendered_frame, rgba, with_alpha
from sinet_video.encoding.plan import Plan
from sinet_video.media.convert import planes_of
from sinet_video.media.pixel_formats import PLANAR
from sinet_video.planes.quantise import quantised

HEIGHT, WIDTH = 24, 40


def plan_for(pixel_format: str) -> Plan:
    """A plan of which only the pixel format matters."""
    return Plan("matroska", {}, "ffv1", "ffv1", pixel_format, {})


def ramp() -> np.ndarray:
    """Alpha from 0 to 1 across the frame, both ends included."""
    return np.tile(np.linspace(0, 1, WIDTH, dtype=np.float32), (HEIGHT, 1))


def frame_of(pixel_format: str) -> Frame:
    """A frame of noise, so that every sample differs from its neighbours."""
    video = av.VideoFrame(WIDTH, HEIGHT, pixel_format)
    random, bits = np.random.default_rng(5), PLANAR[pixel_format].bits
    for plane in planes_of(video):
        plane[...] = random.integers(0, 2**bits, plane.shape)
    return Frame(video, 0, Fraction(1, 25))


@pytest.mark.parametrize(
    ("pixel_format", "low", "high", "neutral"),
    [("yuv420p", 16, 235, 128), ("yuv422p10le", 64, 940, 512)],
)
def test_gray_in_yuv_is_limited_and_has_no_colour(pixel_format, low, high, neutral):
    """Black, white and all between lie where limited-range video has them."""
    luma, *chroma = planes_of(gray(Matte(frame_of("yuv420p"), ramp()), pixel_format))
    expected = np.rint(low + ramp() * np.float32(high - low))
    assert np.array_equal(luma, expected)
    assert (luma.min(), luma.max()) == (low, high)
    assert all((plane == neutral).all() for plane in chroma)


def test_gray_in_a_gray_format_is_full():
    """0 is background and 255 the person."""
    video = gray(Matte(frame_of("yuv420p"), ramp()), "gray")
    (luma,) = planes_of(video)
    assert video.format.name == "gray"
    assert np.array_equal(luma, np.rint(ramp() * 255))


@pytest.mark.parametrize(
    ("working", "target", "most"),
    [
        ("yuv420p", "yuva420p", 255),
        ("yuv422p", "yuva422p", 255),
        ("yuv444p", "yuva444p", 255),
        ("yuvj420p", "yuva420p", 255),
        ("yuv420p10le", "yuva420p10le", 1023),
        ("yuv422p10le", "yuva422p10le", 1023),
        ("yuv444p10le", "yuva444p10le", 1023),
        ("yuv422p12le", "yuva422p12le", 4095),
    ],
)
def test_with_alpha_keeps_every_sample(working, target, most):
    """The colour planes are the frame's bit for bit, whatever alpha is; alpha has all its depth."""
    frame = frame_of(working)
    video = with_alpha(Matte(frame, ramp()), target)
    *colour, alpha = planes_of(video)
    assert video.format.name == target
    for written, source in zip(colour, frame.planes, strict=True):
        assert np.array_equal(written, source)
    assert np.array_equal(alpha, np.rint(ramp() * np.float32(most)))


def test_with_alpha_reduces_depth_only_when_asked():
    """Ten bits in eight are a quarter of their value."""
    frame = frame_of("yuv420p10le")
    luma, *_ = planes_of(with_alpha(Matte(frame, ramp()), "yuva420p"))
    assert np.abs(luma.astype(int) - frame.luma / 4).max() <= 1


def test_rgba_is_straight():
    """Where alpha is above 0, the colour is the frame's own, not darkened by alpha."""
    matte = Matte(frame_of("yuv420p"), ramp())
    found = rgba(matte).to_ndarray()
    assert np.array_equal(found[..., 3], np.rint(ramp() * 255))
    assert np.array_equal(found[:, 1:, :3], matte.frame.rgb[:, 1:])


@pytest.mark.parametrize("name", ["yuv420p10le", "yuv444p12le"])
def test_rgba_of_16_bits(name):
    """Deep frames keep their depth: more values than eight bits have, near those of eight."""
    matte = Matte(frame_of(name), ramp())
    deep, shallow = rgba(matte, "rgba64be").to_ndarray(), rgba(matte).to_ndarray()
    assert deep.dtype.itemsize == 2
    # Not everywhere: of colours far outside RGB, libswscale wraps some in 8 bits.
    assert (np.abs(deep / 257 - shallow) < 2).mean() > 0.99
    assert len(np.unique(deep[..., :3])) > 300
    assert not deep[:, 0].any()


def test_rgba_has_no_colour_where_nothing_is_seen():
    """What is wholly transparent gives nothing of the room away."""
    assert not rgba(Matte(frame_of("yuv420p"), ramp())).to_ndarray()[:, 0].any()


@pytest.mark.parametrize(
    ("content", "pixel_format"),
    [
        ("alpha", "gray"),
        ("alpha", "yuv420p"),
        ("rgba", "rgba"),
        ("rgba", "yuva444p10le"),
        ("rgb", "yuv420p"),
        ("rgb", "rgb24"),
    ],
)
def test_frame_is_of_the_asked_format_and_size(content, pixel_format):
    """Each content finds its way to each kind of encoder."""
    video = rendered_frame(Matte(frame_of("yuv420p"), ramp()), content, plan_for(pixel_format))
    assert (video.format.name, video.width, video.height) == (pixel_format, WIDTH, HEIGHT)


def test_an_opaque_frame_is_the_frame_s_own():
    """Where the encoder takes the format, nothing is copied or changed."""
    frame = frame_of("yuv422p10le")
    assert rendered_frame(Matte(frame, ramp()), "rgb", plan_for("yuv422p10le")) is frame.video


def test_quantised_rounds_to_nearest():
    """Halves do not all fall to one side, and the ends are exact."""
    values = quantised(np.array([[0, 0.001, 0.499, 0.5, 0.501, 0.999, 1]], np.float32), 0, 100)
    assert values.tolist() == [[0, 0, 50, 50, 50, 100, 100]]
    assert values.dtype == np.uint8
    assert quantised(np.ones((1, 1), np.float32), 0, 1023).dtype == np.uint16
