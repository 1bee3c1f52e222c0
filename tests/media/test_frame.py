"""Frames and mattes: memory, colour, time."""

import copy
import pickle
from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sinet_video.errors import SettingError
from sinet_video.media.convert import planes_of, reformat
from sinet_video.media.frame import Frame, Matte
from sinet_video.media.pixel_formats import PLANAR
from sinet_video.media.tiled_alpha import TiledAlpha

BT709, UNSPECIFIED, BT601, BT2020 = 1, 2, 6, 9
LIMITED, FULL = 1, 2
WEIGHTS = {BT709: (0.2126, 0.0722), BT601: (0.299, 0.114), BT2020: (0.2627, 0.0593)}


def flat(
    yuv=(100, 120, 140), name="yuv420p", size=(64, 48), matrix=UNSPECIFIED, span=0, pts=0
) -> Frame:
    """A frame of one colour; `size` is (width, height)."""
    video = av.VideoFrame(*size, name)
    video.colorspace, video.color_range = matrix, span
    for plane, value in zip(planes_of(video), yuv, strict=True):
        plane[...] = value
    return Frame(video, pts, Fraction(1, 12800))


@pytest.mark.parametrize("name", ["yuv420p", "yuv422p10le", "gbrp"])
@pytest.mark.parametrize("tiled", [True, False])
@pytest.mark.parametrize("way", [copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
def test_mattes_can_be_sent_and_copied(name, tiled, way):
    """With all that a frame says of itself, and without sharing memory."""
    frame = replace(flat(name=name, size=(50, 38), matrix=BT709, span=FULL, pts=3), rotation=90)
    frame = replace(frame, source_alpha=TiledAlpha.of(np.ones((38, 50), np.float32)), captions=b"x")
    assert frame.time > 0
    alpha = np.linspace(0, 1, 38 * 50, dtype=np.float32).reshape(38, 50)
    sent = Matte(frame, TiledAlpha.of(alpha) if tiled else alpha)
    came = way(sent)
    assert np.array_equal(came.alpha, sent.alpha)
    assert all(map(np.array_equal, came.frame.planes, frame.planes))
    assert (came.frame.rgb == frame.rgb).all()
    for each in ("pts", "time_base", "time", "rotation", "captions", "width", "height"):
        assert getattr(came.frame, each) == getattr(frame, each)
    for tag in ("colorspace", "color_range", "color_primaries", "color_trc"):
        assert getattr(came.frame.video, tag) == getattr(frame.video, tag)
    assert not np.shares_memory(came.frame.luma, frame.luma)
    assert came.frame.source_alpha.dense().min() == 1


@pytest.mark.parametrize("kind", [np.float64, np.float16, bool])
def test_alpha_of_other_types_becomes_float(kind):
    """As whoever calculates with numpy has it."""
    alpha = Matte(flat(), np.ones((48, 64), kind)).alpha
    assert alpha.dtype == np.float32
    assert alpha.min() == 1


@pytest.mark.parametrize("kind", [np.uint8, np.int64, complex])
def test_alpha_in_whole_numbers_is_refused(kind):
    """255 would be taken for 255 times opaque."""
    with pytest.raises(SettingError, match="it must be float32 in"):
        Matte(flat(), np.ones((48, 64), np.float32)).with_alpha(np.ones((48, 64), kind))


def rgb_of(yuv, bits: int, matrix: int, *, full: bool) -> np.ndarray:
    """RGB in 8 bits from the definitions in ITU-R BT.601, BT.709 and BT.2020."""
    kr, kb = WEIGHTS[matrix]
    step, most = 2 ** (bits - 8), 2**bits - 1
    y, u, v = yuv
    luma = y / most if full else (y - 16 * step) / (219 * step)
    blue, red = ((c - 128 * step) / (most if full else 224 * step) for c in (u, v))
    r, b = luma + 2 * (1 - kr) * red, luma + 2 * (1 - kb) * blue
    g = (luma - kr * r - kb * b) / (1 - kr - kb)
    return np.clip(np.array([r, g, b]) * 255, 0, 255)


@pytest.mark.parametrize("name", sorted(PLANAR))
def test_planes_are_the_frames_memory(name):
    """Writing to a plane changes the frame, and planes have the format's shapes."""
    frame = flat((1, 2, 3), name, (35, 21))
    kind = frame.format
    shapes = [(21, 35)] + [(-(-21 // kind.down), -(-35 // kind.across))] * 2
    assert [plane.shape for plane in frame.planes] == shapes
    frame.planes[0][20, 34] = 99
    assert planes_of(frame.video)[0][20, 34] == 99
    memory = frame.video.planes[0]
    assert bytes(memory)[20 * memory.line_size + 34 * frame.luma.itemsize] == 99
    assert frame.luma.dtype == (np.uint8 if kind.bits == 8 else np.uint16)


@pytest.mark.parametrize(
    ("name", "bits"), [("yuv420p", 8), ("yuv422p10le", 10), ("yuv420p12le", 12), ("yuvj444p", 8)]
)
def test_format_says_the_depth(name, bits):
    """8 and 10 bits are told apart."""
    assert flat(name=name).format.bits == bits


@pytest.mark.parametrize("name", ["rgb24", "nv12", "gray", "yuva420p", "yuv420p14be", "bgr0"])
def test_other_formats_are_refused(name):
    """Only the planar formats that the library works on make a frame."""
    with pytest.raises(SettingError, match=name):
        Frame(av.VideoFrame(32, 32, name), 0, Fraction(1, 25))


COLOURS = st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))


@pytest.mark.parametrize("matrix", [BT601, BT709, BT2020])
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("name", ["yuv420p", "yuv444p", "yuv422p10le"])
@given(colour=COLOURS)
@settings(deadline=None, max_examples=8)
def test_rgb_follows_the_tags(matrix, full, name, colour):
    """Flat colours come out as the standards' equations say, within two code values."""
    bits = PLANAR[name].bits
    kr, kb = WEIGHTS[matrix]
    red, green, blue = colour
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    chroma = (blue - luma) / (2 - 2 * kb), (red - luma) / (2 - 2 * kr)
    step, most = 2 ** (bits - 8), 2**bits - 1
    y = luma * most if full else (16 + 219 * luma) * step
    u, v = (128 * step + c * (most if full else 224 * step) for c in chroma)
    yuv = tuple(int(np.clip(np.rint(value), 0, most)) for value in (y, u, v))
    frame = flat(yuv, name, matrix=matrix, span=FULL if full else LIMITED)
    expected = rgb_of(yuv, bits, matrix, full=full)
    assert frame.rgb.shape == (48, 64, 3)
    assert np.abs(frame.rgb.astype(float) - expected).max() <= 2


@pytest.mark.parametrize(
    ("size", "read_as", "not_as"),
    [
        ((1280, 720), BT709, BT601),
        ((720, 1280), BT709, BT601),
        ((720, 576), BT601, BT709),
        ((1278, 718), BT601, BT709),
        ((576, 1024), BT601, BT709),
    ],
)
def test_untagged_frames_are_read_by_their_height(size, read_as, not_as):
    """HD without a tag is BT.709, SD is BT.601, both limited; portrait counts the short side."""
    yuv = (120, 90, 200)
    seen = flat(yuv, size=size).rgb[0, 0].astype(float)
    assert np.abs(seen - rgb_of(yuv, 8, read_as, full=False)).max() <= 2
    assert np.abs(seen - rgb_of(yuv, 8, not_as, full=False)).max() > 5


def test_a_tag_beats_the_height():
    """HD that says BT.601 is read as BT.601."""
    yuv = (120, 90, 200)
    seen = flat(yuv, size=(1280, 720), matrix=BT601).rgb[0, 0].astype(float)
    assert np.abs(seen - rgb_of(yuv, 8, BT601, full=False)).max() <= 2


def test_j_formats_are_full_range_without_a_tag():
    """The old names for full range are understood."""
    yuv = (250, 128, 128)
    assert np.abs(flat(yuv, "yuvj420p").rgb.astype(float) - 250).max() <= 1
    assert (flat(yuv, "yuv420p").rgb == 255).all()


def test_scaled_is_made_once_for_a_size():
    """A second call gives the same array; another size or another frame a new one."""
    frame = flat((100, 128, 128))
    small = frame.scaled(32, 16)
    assert small.shape == (16, 32, 3)
    assert frame.scaled(32, 16) is small
    assert frame.scaled(16, 32).shape == (32, 16, 3)
    other = frame.with_video(flat((200, 128, 128)).video)
    assert other.scaled(32, 16).mean() > small.mean() + 50
    assert frame.scaled(32, 16) is small


def test_scaled_averages_areas():
    """Fine stripes become their mean and do not alias."""
    frame = flat((16, 128, 128), size=(256, 128))
    frame.planes[0][:, ::2] = 235
    small = frame.scaled(32, 16).astype(int)
    assert np.abs(small - 128).max() <= 3


def test_reformat_gives_the_same_frame_when_nothing_changes():
    """No copy where none is needed; a change of size or format makes a new frame."""
    video = flat().video
    assert reformat(video) is video
    assert reformat(video, width=64, height=48, pixel_format="yuv420p") is video
    assert reformat(video, width=32) is not video
    assert reformat(video, pixel_format="yuv444p") is not video


@pytest.mark.parametrize("name", ["yuv444p", "yuv420p10le"])
def test_reformat_between_yuv_keeps_colours(name):
    """Another depth or chroma sampling shows the same colour."""
    before = flat((120, 90, 200), matrix=BT709, span=LIMITED)
    after = before.with_video(reformat(before.video, pixel_format=name))
    assert np.abs(after.rgb.astype(int) - before.rgb).max() <= 2


def test_reformat_changes_matrix_and_range_on_request():
    """The same colour in other terms has other samples, and those that its terms say."""
    before = flat((120, 90, 200), matrix=BT601, span=LIMITED)
    full = av.video.reformatter.ColorRange.JPEG
    video = reformat(before.video, matrix=BT709, color_range=full)
    samples = tuple(int(plane[0, 0]) for plane in planes_of(video))
    assert samples != (120, 90, 200)
    expected = rgb_of((120, 90, 200), 8, BT601, full=False)
    assert np.abs(rgb_of(samples, 8, BT709, full=True) - expected).max() <= 2


@given(st.integers(0, 2**40), st.integers(1, 10**6), st.integers(1, 10**6))
@settings(deadline=None, max_examples=30)
def test_time_is_exact(pts, numerator, denominator):
    """Time is a fraction: no pts is rounded, however large."""
    base = Fraction(numerator, denominator)
    frame = Frame(av.VideoFrame(16, 16, "yuv420p"), pts, base)
    assert isinstance(frame.time, Fraction)
    assert frame.time / base == pts
    assert Matte(frame, np.zeros((2, 2), np.float32)).time == frame.time


def test_shown_aspect_counts_pixel_shape_and_rotation():
    """A turned frame is shown with its sides exchanged."""
    video = flat(size=(720, 576)).video
    wide = Frame(video, 0, Fraction(1, 25), sample_aspect=Fraction(16, 15))
    assert wide.shown_aspect == pytest.approx(4 / 3)
    turned = Frame(video, 0, Fraction(1, 25), sample_aspect=Fraction(16, 15), rotation=-90)
    assert turned.shown_aspect == pytest.approx(3 / 4)


def test_with_video_keeps_the_moment():
    """Another frame has the same time and the same way to be shown."""
    frame = Frame(flat().video, 7, Fraction(1, 30), 3, 90, Fraction(4, 3))
    other = frame.with_video(flat().video)
    kept = [(f.pts, f.time_base, f.duration, f.rotation, f.sample_aspect) for f in (frame, other)]
    assert kept[0] == kept[1]
    assert other.video is not frame.video


def test_matte_gives_alpha_either_way():
    """An array and its tiles are the same alpha, and neither is made twice."""
    alpha = np.linspace(0, 1, 48 * 64, dtype=np.float32).reshape(48, 64)
    dense, tiled = Matte(flat(), alpha), Matte(flat(), TiledAlpha.of(alpha))
    assert dense.alpha is alpha
    assert tiled.tiles is tiled.plane
    np.testing.assert_array_equal(tiled.alpha, alpha)
    np.testing.assert_array_equal(dense.tiles.dense(), alpha)


@pytest.mark.parametrize("time_base", ["1/30", 1 / 30, None, 0, Fraction(-1, 30)])
def test_a_time_base_is_exact(time_base):
    """What else comes is refused in words, before it ends in wrong times."""
    with pytest.raises(SettingError, match=r"Time base is .* such as Fraction\(1, 30\)"):
        Frame.from_rgb(np.zeros((48, 64, 3), np.uint8), time_base=time_base)


def test_a_matte_prints_in_a_line():
    """Its time and its sizes, and none of its samples."""
    frame = Frame.from_rgb(np.zeros((48, 64, 3), np.uint8), pts=1)
    coarse = Matte(frame, np.zeros((3, 4), np.float32))
    assert repr(coarse) == "<Matte at 0.040 s: frame 64x48, alpha (3, 4)>"
    tiled = coarse.with_alpha(TiledAlpha.of(np.zeros((48, 64), np.float32)))
    assert repr(tiled) == "<Matte at 0.040 s: frame 64x48, alpha (48, 64)>"
    assert repr(tiled.plane) == "<TiledAlpha (48, 64): 0 of 4 tiles partial>"
    assert len({coarse, tiled, coarse.with_alpha(coarse.plane)}) == 3
    assert coarse != coarse.with_alpha(coarse.plane + 0)


def test_with_alpha_and_with_frame_change_one_thing():
    """The other part stays the same object, and the first matte stays as it was."""
    first = Matte(flat(), np.zeros((2, 2), np.float32))
    second = first.with_alpha(np.ones((2, 2), np.float32))
    third = first.with_frame(flat(pts=5))
    assert second.frame is first.frame
    assert (second.alpha == 1).all()
    assert third.plane is first.plane
    assert third.frame.pts == 5
    assert (first.alpha == 0).all()
    assert first.frame.pts == 0


@pytest.mark.parametrize("name", ["grayf16le", "grayf32le"])
@pytest.mark.parametrize("wanted", ["rgb24", "gray16le", "yuv420p16le"])
def test_gray_in_floats_is_of_full_range(name, wanted):
    """From black at 0 to white at 1, whatever it is made into; libswscale stretches it."""
    ramp = np.linspace(0, 1, 64)
    video = av.VideoFrame(64, 48, name)
    planes_of(video)[0][...] = ramp
    found = reformat(video, pixel_format=wanted)
    packed = wanted == "rgb24"
    luma = found.to_ndarray()[..., 0] / 255 if packed else planes_of(found)[0] / 65535
    np.testing.assert_allclose(luma, np.tile(ramp, (48, 1)), atol=2 / 255)
