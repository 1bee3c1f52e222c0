"""A screen's light taken out of the person."""

from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sinet_video.errors import SettingError
from sinet_video.media.convert import planes_of
from sinet_video.media.frame import Frame, Matte
from sinet_video.stages.screen.despill import despill
from sinet_video.stages.screen.settings import Despill, hue_of

SIZE = (64, 96)


def plain(colour: str, name: str = "yuv444p") -> Frame:
    """A frame of one colour; BT.601."""
    rgb = np.full((*SIZE, 3), list(bytes.fromhex(colour[1:])), np.uint8)
    video = av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(format=name, dst_colorspace="itu601")
    video.colorspace = 5
    return Frame(video, 0, Fraction(1, 25), 1)


def cleaned(frame: Frame, screen: str = "green", limit: str = "maximum", alpha: float = 1) -> Frame:
    matte = Matte(frame, np.full(SIZE, alpha, np.float32))
    (result,) = despill([matte], Despill(screen, limit))
    return result.frame


def middle(frame: Frame) -> np.ndarray:
    return frame.rgb[30, 40].astype(int)


@pytest.mark.parametrize("name", ["yuv420p", "yuv422p10le", "yuv444p"])
@pytest.mark.parametrize(("screen", "channel"), [("green", 1), ("blue", 2)])
def test_a_tint_goes_and_luma_stays(screen, channel, name):
    """Gray that the screen shone on is gray again, as bright as it was."""
    tinted = [120, 120, 120]
    tinted[channel] = 170
    frame = plain("#" + bytes(tinted).hex(), name)
    result = cleaned(frame, screen)
    np.testing.assert_array_equal(result.luma, frame.luma)
    assert np.ptp(middle(frame)) > 40
    assert np.ptp(middle(result)) < 12


@pytest.mark.parametrize("colour", ["#c89878", "#808080", "#2040c0", "#c02020", "#e0b040"])
def test_other_colours_stay_bit_for_bit(colour):
    """Skin, gray, blue, red and blond have nothing of green's light to lose."""
    frame = plain(colour)
    for one, other in zip(cleaned(frame).planes, frame.planes, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_average_takes_out_more():
    """Yellow keeps to what it is under the one rule, and loses green under the other."""
    frame = plain("#c0c020")
    strict, loose = (middle(cleaned(frame, limit=limit)) for limit in ("average", "maximum"))
    np.testing.assert_array_equal(loose, middle(frame))
    assert strict[1] < loose[1] - 10


@given(st.integers(0, 99))
@settings(deadline=None, max_examples=15)
def test_where_alpha_is_nought_nothing_changes(seed):
    """The room stays bit for bit, whatever its colours are; so does luma everywhere."""
    rng = np.random.default_rng(seed)
    frame = plain("#808080", "yuv420p")
    for plane in frame.planes:
        plane[...] = rng.integers(16, 236, plane.shape)
    alpha = np.zeros(SIZE, np.float32)
    alpha[:32, 40:50], alpha[:32, 50:] = 0.5, 1
    (result,) = despill([Matte(frame, alpha)], Despill("green"))
    for index, (one, other) in enumerate(zip(result.frame.planes, frame.planes, strict=True)):
        shown = alpha[::2, ::2] > 0 if index else np.zeros(SIZE, bool)
        np.testing.assert_array_equal(one[~shown], other[~shown])
    assert not np.array_equal(result.frame.planes[1], frame.planes[1])


def test_auto_takes_the_screen_that_there_is():
    """Found behind the person, also when it is yellowish; where there is none, nothing is done."""
    frame, screen = plain("#909850"), plain("#a2a606")
    for target, behind in zip(planes_of(frame.video), screen.planes, strict=True):
        target[:, :60] = behind[:, :60]
    alpha = np.zeros(SIZE, np.float32)
    alpha[:, 60:] = 1
    (result,) = despill([Matte(frame, alpha)], Despill())
    before, after = frame.rgb[30, 80].astype(int), result.frame.rgb[30, 80].astype(int)
    assert np.ptp(before) > 60
    assert np.ptp(after) < 25
    room = Matte(plain("#808890"), alpha)
    (same,) = despill([room], Despill())
    assert same is room


@pytest.mark.parametrize(
    ("options", "words"),
    [({"screen": "tealish"}, "must be auto, green, blue"), ({"limit": "most"}, "average, maximum")],
)
def test_settings_that_cannot_be(options, words):
    """Each says what came and what may."""
    with pytest.raises(SettingError, match=words):
        Despill(**options)


def test_planar_rgb_is_refused():
    """One sentence says what to do instead."""
    with pytest.raises(SettingError, match="RGB; leave despill off"):
        cleaned(plain("#78aa78", "gbrp"))


def test_hues_are_of_bt_601():
    """As the conversion of libswscale has them."""
    _, blue, red = (int(plane[0, 0]) for plane in plain("#20b050").planes)
    np.testing.assert_allclose(
        hue_of("#20b050"), [(blue - 128) / 224, (red - 128) / 224], atol=0.005
    )
