"""Alpha from a screen of one colour."""

from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sinet_video.errors import SettingError
from sinet_video.media.convert import planes_of
from sinet_video.media.frame import Frame, Matte
from sinet_video.media.pixel_formats import PLANAR
from sinet_video.quality.metrics import gradient_error, mad
from sinet_video.stages.screen.chroma_key import between, key
from sinet_video.stages.screen.clean_plate import Cells, detect_screen, difference
from sinet_video.stages.screen.settings import ChromaKey, hue_of

SIZE = (120, 160)
SCREENS = {"green": "#20b050", "blue": "#2048c0", "yellowish": "#a2a606", "magenta": "#c030b0"}
SKIN = "#c89878"


def planes(code: str) -> np.ndarray:
    """Y, U and V of a colour: BT.601, 8 bits, limited range."""
    red, green, blue = (value / 255 for value in bytes.fromhex(code[1:]))
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return np.array(
        [16 + 219 * luma, *(128 + 224 * c for c in ((blue - luma) / 1.772, (red - luma) / 1.402))]
    )


def disc(size: tuple[int, int] = SIZE, radius: float = 35, width: float = 6) -> np.ndarray:
    """A person of sorts, with a soft edge."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    far = np.hypot(rows - size[0] / 2, columns - size[1] / 2)
    return np.clip((radius - far) / width + 0.5, 0, 1).astype(np.float32)


def halved(values: np.ndarray, down: int, across: int) -> np.ndarray:
    fill = [(0, -side % by) for side, by in zip(values.shape, (down, across), strict=True)]
    padded = np.pad(values, fill, mode="edge")
    rows, columns = padded.shape[0] // down, padded.shape[1] // across
    return padded.reshape(rows, down, columns, across).mean((1, 3))


def filmed(
    alpha: np.ndarray, screen: str, person: str = SKIN, name: str = "yuv420p", uneven: float = 0.0
) -> Frame:
    """A person of one colour before a screen that gets darker by `uneven` from left to right."""
    kind = PLANAR[name]
    video = av.VideoFrame(alpha.shape[1], alpha.shape[0], name)
    light = 1 - uneven * np.linspace(0, 1, alpha.shape[1]) * np.ones(alpha.shape)
    for index, plane in enumerate(planes_of(video)):
        shared = (kind.down, kind.across) if index else (1, 1)
        share, lit = halved(alpha, *shared), halved(light, *shared)
        dark = (16, 128, 128)[index]
        behind = dark + lit * (planes(screen)[index] - dark)
        value = share * planes(person)[index] + (1 - share) * behind
        plane[...] = np.rint(value * 2 ** (kind.bits - 8))
    video.colorspace = 5
    return Frame(video, 0, Fraction(1, 25), 1)


def nobody(frame: Frame) -> Matte:
    return Matte(frame, np.zeros((frame.height, frame.width), np.float32))


def keyed(frame: Frame, name: str = "auto", **more) -> np.ndarray:
    (result,) = key([nobody(frame)], ChromaKey(name, **more))
    return result.alpha


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv422p10le", "yuv444p"])
@pytest.mark.parametrize(
    ("screen", "name"),
    [
        ("green", "green"), ("green", "auto"), ("green", "#30a040"), ("blue", "blue"),
        ("blue", "auto"), ("yellowish", "green"), ("yellowish", "auto"), ("magenta", "#ff00ff"),
    ],
)  # fmt: skip
def test_a_perfect_screen_gives_the_true_alpha(screen, name, pixels):
    """0 and 1 exactly; the edge nearly, as what is nearly all person is taken for it altogether."""
    truth = disc()
    alpha = keyed(filmed(truth, SCREENS[screen], name=pixels), name, black=0, white=1)
    np.testing.assert_array_equal(alpha[disc(radius=44) == 0], 0)
    np.testing.assert_array_equal(alpha[disc(radius=26) == 1], 1)
    assert float(np.abs(alpha - truth).max()) < 0.3
    assert float(np.abs(alpha - truth)[(truth > 0) & (truth < 1)].mean()) < 0.08


@pytest.mark.parametrize("screen", ["green", "blue", "yellowish"])
@pytest.mark.parametrize("uneven", [0.0, 0.5])
def test_an_uneven_screen_is_all_clear(screen, uneven):
    """Half as bright on one side as on the other: what is behind the person is gone everywhere."""
    truth = disc()
    alpha = keyed(filmed(truth, SCREENS[screen], uneven=uneven))
    assert alpha[disc(radius=46) == 0].max() == 0
    assert mad(alpha, truth) < 0.01


@given(
    st.integers(40, 130),
    st.integers(40, 130),
    st.sampled_from(["yuv420p", "yuv422p", "yuv444p10le"]),
    st.sampled_from(list(SCREENS.values())[:3]),
)
@settings(deadline=None, max_examples=20)
def test_sizes_of_all_kinds(height, width, name, screen):
    """An empty screen is clear throughout, whatever the frame's size and format."""
    frame = filmed(np.zeros((height, width), np.float32), screen, name=name, uneven=0.3)
    alpha = keyed(frame)
    assert alpha.shape == (height, width)
    assert alpha.max() == 0


@pytest.mark.parametrize("name", ["auto", "green", "blue", "#30a040"])
def test_without_a_screen_the_matte_passes(name):
    """A gray room has no screen: the other matte is the only one there is."""
    matte = Matte(filmed(disc(), "#808890"), disc())
    (result,) = key([matte], ChromaKey(name))
    assert result is matte


def test_a_blue_screen_is_no_green_one():
    """What is asked for is keyed, and nothing else."""
    frame = filmed(disc(), SCREENS["blue"])
    assert detect_screen(Cells.of(nobody(frame)), "green") is None
    assert detect_screen(Cells.of(nobody(frame)), "blue") is not None


def test_another_matte_fills_holes_and_clears_what_is_far():
    """A green badge on the person stays, a stand at the edge of the screen goes; alone, neither."""
    truth = disc()
    frame = filmed(truth, SCREENS["green"])
    badge, stand = (slice(50, 70), slice(70, 90)), (slice(0, 40), slice(0, 8))
    for plane, green, gray in zip(frame.planes, planes("#38c868"), planes("#909090"), strict=True):
        by = frame.luma.shape[0] // plane.shape[0]
        for place, value in ((badge, green), (stand, gray)):
            plane[tuple(slice(s.start // by, s.stop // by) for s in place)] = round(value)
    alone, helped = (
        next(key([Matte(frame, matte)], ChromaKey("green"))).alpha
        for matte in (np.zeros(SIZE, np.float32), truth)
    )
    assert alone[54:66, 74:86].max() == 0
    assert alone[10:30, :4].min() == 1
    assert helped[badge].min() == 1
    assert helped[stand].max() == 0
    unheard = next(key([Matte(frame, truth)], ChromaKey("green", person=False))).alpha
    assert float(np.abs(unheard - alone).max()) < 0.1


def test_a_matte_of_nothing_that_is_kept_is_not_heard():
    """Another matte that is somewhere else altogether changes nothing."""
    frame, wrong = filmed(disc(), SCREENS["green"]), np.zeros(SIZE, np.float32)
    wrong[:10, :20] = 1
    (result,) = key([Matte(frame, wrong)], ChromaKey("green"))
    np.testing.assert_allclose(result.alpha, keyed(frame, "green"), atol=1e-4)


def test_the_plate_is_steady_and_starts_anew():
    """A flicker of the light hardly moves it; another screen takes its place at once."""
    steady = filmed(disc(), SCREENS["green"])
    lighter = filmed(disc(), "#24b858")
    other = filmed(disc(), SCREENS["blue"])
    results = [m.alpha for m in key(map(nobody, (steady, lighter, other)), ChromaKey())]
    np.testing.assert_array_equal(results[2], keyed(other))
    assert np.abs(results[1] - results[0]).mean() < 0.01


def test_it_is_better_than_chromakey(ffmpeg):
    """Before an uneven, yellowish screen: nearer to the truth than ffmpeg's filter at its best."""
    truth = disc()
    frame = filmed(truth, SCREENS["yellowish"], uneven=0.4)
    middle = "0x" + bytes(frame.rgb[5, 80]).hex()
    others = [chromakey(frame, middle, similar, blend)
              for similar in (0.05, 0.1, 0.15, 0.2) for blend in (0.05, 0.1, 0.2)]  # fmt: skip
    ours = keyed(frame)
    assert mad(ours, truth) < 0.7 * min(mad(other, truth) for other in others)
    errors = [gradient_error(other, truth) for other in others]
    assert gradient_error(ours, truth) < 0.7 * min(errors)


def chromakey(frame: Frame, colour: str, similarity: float, blend: float) -> np.ndarray:
    """The alpha of ffmpeg's filter."""
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.video.format,
        time_base=Fraction(1, 25),
    )  # fmt: skip
    names = [("chromakey", f"{colour}:{similarity}:{blend}"), ("format", "yuva444p"),
             ("buffersink", "")]  # fmt: skip
    for name, options in names:
        following = graph.add(name, options) if options else graph.add(name)
        source.link_to(following)
        source = following
    graph.configure()
    frame.video.pts = 0
    graph.push(frame.video)
    alpha = graph.pull().planes[3]
    return np.frombuffer(alpha, np.uint8).reshape(alpha.height, -1)[:, : alpha.width] / np.float32(
        255
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"screen": "grene"}, "must be auto, green, blue"),
        ({"screen": "#12"}, "must be auto, green, blue"),
        ({"screen": "#808182"}, "nearly gray"),
        ({"black": 0.5, "white": 0.5}, "black < white"),
        ({"black": -0.1}, "black < white"),
        ({"steadiness": 1}, "below 1"),
    ],
)
def test_settings_that_cannot_be(options, words):
    """Each says what came and what may."""
    with pytest.raises(SettingError, match=words):
        ChromaKey(**options)


def test_differences_and_places_between():
    """Of the screen itself nothing is left, of gray and of other hues all; halfway is a half."""
    screen = np.array(hue_of("#20b050"))
    assert difference(screen, screen) == pytest.approx(0, abs=1e-6)
    assert difference(np.zeros(2), screen) == 1
    assert difference(np.array(hue_of(SKIN)), screen) >= 1
    person = np.array(hue_of(SKIN))
    assert between((screen + person) / 2, screen, person) == pytest.approx(0.5, abs=1e-4)


def test_planar_rgb_is_keyed_as_its_yuv_is():
    """Sources that are kept in RGB are looked at in YUV, and keep their samples."""
    frame = filmed(disc(), SCREENS["green"], name="yuv444p")
    rgb = Frame(frame.video.reformat(format="gbrp", src_colorspace="itu601"), 0, Fraction(1, 25), 1)
    (result,) = key([nobody(rgb)], ChromaKey("green"))
    assert result.frame is rgb
    assert float(np.abs(result.alpha - keyed(frame, "green")).mean()) < 0.002
