"""What the network gets to see, and how its answer comes back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from math import log
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sinet_video.decoding.decode import decode
from sinet_video.errors import SettingError
from sinet_video.media.frame import Frame
from sinet_video.models.input_settings import STEP, InputSize
from sinet_video.models.segmenter import inscribed, seen_size
from sinet_video.stages.segment import segment

Image = NDArray[np.uint8]
Alpha = NDArray[np.float32]
SHADE = 6 / 255
"""How far a gray may be off after a trip through limited-range YUV and an averaging."""


def frame_of(image: Image, **fields: Any) -> Frame:
    """A frame of an RGB frame, at one second."""
    video = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), "rgb24")
    moment = {"pts": 25, "time_base": Fraction(1, 25)} | fields
    return Frame(video.reformat(format="yuv444p"), **moment)


def blocks(width: int, height: int, side: int = 16) -> Image:
    """A gray frame of random blocks, different whichever way it is turned."""
    random = np.random.default_rng(7)
    shades = random.integers(256, size=(height // side, width // side), dtype=np.uint8)
    return np.kron(shades, np.ones((side, side), np.uint8))[..., None].repeat(3, 2)


def red(image: Image) -> Alpha:
    """A segmenter that takes red for the person."""
    return image[..., 0] / np.float32(255)


class Recorder:
    """A segmenter that keeps what it was shown."""

    def __init__(self) -> None:
        self.seen: list[Image] = []

    def __call__(self, image: Image) -> Alpha:
        self.seen.append(image)
        return red(image)


class Limited(Recorder):
    """One that takes frames up to a size."""

    def __init__(self, width: int, height: int) -> None:
        super().__init__()
        self.input_size = (width, height)


# Size.


@pytest.mark.parametrize(
    ("aspect", "expected"),
    [
        (16 / 9, (320, 192)),
        (3 / 4, (224, 288)),
        (1, (256, 256)),
        (9 / 16, (192, 320)),
        (4 / 3, (288, 224)),
    ],
)
def test_known_aspects(aspect: float, expected: tuple[int, int]) -> None:
    """About 64,000 pixels at the aspects that clips have."""
    assert InputSize().of(aspect) == expected


def test_more_pixels_are_more() -> None:
    """A larger number gives a larger frame of the same aspect."""
    assert InputSize(pixels=200_000).of(16 / 9) == (576, 320)


def test_exact_size_is_taken_as_it_is() -> None:
    """An exact size has no regard for the aspect."""
    size = InputSize(exact=(64, 320))
    assert size.of(16 / 9) == size.of(1) == (64, 320)


def test_networks_have_sizes_of_their_own() -> None:
    """Where no number is asked for, the network's own counts; its step always does."""
    assert InputSize().of(16 / 9, pixels=200_000) == (576, 320)
    assert InputSize(50_000).of(16 / 9, pixels=200_000) == (288, 160)
    assert InputSize(200_000).of(16 / 9, step=128) == (512, 256)
    assert InputSize(exact=(256, 128)).of(1, step=128) == (256, 128)
    with pytest.raises(SettingError, match="side is 160; it must be a multiple of 128"):
        InputSize(exact=(256, 160)).of(1, step=128)


@settings(deadline=None, database=None, derandomize=True, max_examples=300)
@given(aspect=st.floats(0.05, 20), pixels=st.integers(STEP * STEP, 400_000))
def test_any_aspect(aspect: float, pixels: int) -> None:
    """Sides are multiples of 32 and the area is at most a twentieth above what was asked for."""
    width, height = InputSize(pixels=pixels).of(aspect)
    assert width >= STEP
    assert height >= STEP
    assert width % STEP == height % STEP == 0
    assert width * height <= pixels * 1.05


def misfit(side: tuple[int, int], aspect: float, pixels: int) -> float:
    """Four times the distortion and once the distance from the wanted area, as logarithms."""
    width, height = side
    return 4 * abs(log(width / height / aspect)) + abs(log(width * height / pixels))


@pytest.mark.parametrize("pixels", [30_000, 50_000, 80_000])
@pytest.mark.parametrize("aspect", [16 / 9, 4 / 3, 3 / 2, 1.0, 2 / 3, 9 / 16, 9 / 19.5])
def test_nothing_fits_better(aspect: float, pixels: int) -> None:
    """No other sides within the allowed area are a better compromise of aspect and size."""
    sides = range(STEP, 1024, STEP)
    allowed = [(w, h) for w in sides for h in sides if w * h <= pixels * 1.05]
    best = min(misfit(side, aspect, pixels) for side in allowed)
    chosen = InputSize(pixels=pixels).of(aspect)
    assert misfit(chosen, aspect, pixels) == pytest.approx(best), chosen


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("50000", InputSize(pixels=50_000)),
        ("1024", InputSize(pixels=1024)),
        ("288x160", InputSize(exact=(288, 160))),
        ("32X64", InputSize(exact=(32, 64))),
        (" 288 x 160 ", InputSize(exact=(288, 160))),
    ],
)
def test_parse(text: str, expected: InputSize) -> None:
    """A number of pixels, or width x height."""
    assert InputSize.parse(text) == expected


@pytest.mark.parametrize(
    "text", ["", "x", "big", "288x", "x160", "288x160x3", "1e5", "50000.0", "288*160"]
)
def test_parse_of_what_is_no_size(text: str) -> None:
    """The message shows what came, and an example of either kind."""
    with pytest.raises(SettingError, match=r"64000.*320x192") as caught:
        InputSize.parse(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize("text", ["0", "-50000", "1023", "4000001", "100x100", "0x32", "32x-32"])
def test_parse_of_a_size_that_cannot_be(text: str) -> None:
    """A number out of range is refused with what it must be."""
    with pytest.raises(SettingError, match="must be"):
        InputSize.parse(text)


@pytest.mark.parametrize(
    "fields",
    [
        {"pixels": 1023},
        {"pixels": 4_000_001},
        {"exact": (288, 150)},
        {"exact": (0, 32)},
        {"exact": (-32, 32)},
        {"exact": (32_000, 32_000)},
    ],
)
def test_size_that_cannot_be(fields: dict[str, Any]) -> None:
    """Too few pixels, too many, and sides that the network cannot halve are refused."""
    with pytest.raises(SettingError):
        InputSize(**fields)


@pytest.mark.parametrize("fields", [{"pixels": 1024}, {"pixels": 4_000_000}, {"exact": (32, 32)}])
def test_size_at_its_limits(fields: dict[str, Any]) -> None:
    """The limits themselves are allowed."""
    width, height = InputSize(**fields).of(1)
    assert width == height


# The stage.


def test_a_lambda_is_a_segmenter() -> None:
    """Any function from a frame to a map will do."""
    frame = frame_of(blocks(160, 96))
    (matte,) = segment([frame], lambda image: np.full(image.shape[:2], 0.25, np.float32))
    assert matte.frame is frame
    assert matte.alpha.dtype == np.float32
    assert (matte.alpha == 0.25).all()


def test_a_segmenter_sees_rgb() -> None:
    """The frame is (h, w, 3) uint8, red first, in the size that fits the aspect."""
    image = np.empty((96, 160, 3), np.uint8)
    image[...] = (200, 100, 50)
    recorder = Recorder()
    list(segment([frame_of(image)], recorder))
    (seen,) = recorder.seen
    assert seen.dtype == np.uint8
    assert seen.shape == (*InputSize().of(160 / 96)[::-1], 3)
    assert np.abs(seen.astype(int) - (200, 100, 50)).max() <= 4


@pytest.mark.parametrize("kind", [np.float64, np.float16, np.uint8, bool])
def test_answers_of_other_kinds_become_floats(kind: type) -> None:
    """Whatever numbers a segmenter answers with, alpha is 32-bit floats."""
    (matte,) = segment([frame_of(blocks(64, 64))], lambda _: np.ones((4, 6), kind))
    assert matte.alpha.dtype == np.float32
    assert (matte.alpha == 1).all()


@pytest.mark.parametrize("shape", [(1, 1), (5, 7), (300, 20)])
def test_answers_may_have_any_shape(shape: tuple[int, int]) -> None:
    """The map's grid is the segmenter's own affair."""
    (matte,) = segment([frame_of(blocks(64, 64))], lambda _: np.zeros(shape, np.float32))
    assert matte.alpha.shape == shape


@pytest.mark.parametrize("rotation", [0, 90, 180, 270, -90])
def test_turned_frames_are_seen_upright(rotation: int) -> None:
    """The segmenter sees what a player shows, and its answer is turned back to the stored way."""
    shown = blocks(128, 64)
    stored = np.rot90(shown, -rotation // 90)
    recorder = Recorder()
    frame = frame_of(stored, rotation=rotation)
    (matte,) = segment([frame], recorder, size=InputSize(exact=(64, 32)))
    (seen,) = recorder.seen
    assert seen.shape == (32, 64, 3)
    assert seen.flags.c_contiguous
    assert np.abs(red(seen) - red(shown[::2, ::2])).max() <= SHADE
    assert np.abs(matte.alpha - red(stored[::2, ::2])).max() <= SHADE


def test_turning_is_noticed() -> None:
    """Seen without its rotation, the same frame is another."""
    image = blocks(128, 64)
    first, second = Recorder(), Recorder()
    list(segment([frame_of(image)], first, size=InputSize(exact=(64, 32))))
    list(segment([frame_of(image, rotation=180)], second, size=InputSize(exact=(64, 32))))
    assert np.abs(red(first.seen[0]) - red(second.seen[0])).max() > 0.5
    assert np.abs(red(first.seen[0]) - red(second.seen[0])[::-1, ::-1]).max() <= SHADE


def test_a_quarter_turn_chooses_the_size_upright() -> None:
    """A phone's 16:9 frame that is shown upright is seen as 9:16."""
    recorder = Recorder()
    (matte,) = segment([frame_of(blocks(256, 144), rotation=90)], recorder)
    assert recorder.seen[0].shape[:2] == (320, 192)
    assert matte.alpha.shape == (192, 320)


def test_oblong_pixels_are_seen_square() -> None:
    """A frame whose pixels are twice as wide as high is seen at the aspect that is shown."""
    recorder = Recorder()
    frames = [frame_of(blocks(96, 96), sample_aspect=Fraction(16, 9))]
    list(segment(frames, recorder))
    assert recorder.seen[0].shape[:2] == (192, 320)


@pytest.mark.parametrize(
    "answer",
    [
        np.zeros((4, 4, 1), np.float32),
        np.zeros((1, 4, 4), np.float32),
        np.zeros(16, np.float32),
        np.float32(0.5),
        None,
        np.zeros((0, 4), np.float32),
        np.full((4, 4), np.nan, np.float32),
        np.array([[0.0, np.inf]], np.float32),
        np.full((4, 4), 255, np.uint8),
        np.full((4, 4), -1, np.float32),
    ],
    ids=[
        "channels last",
        "channels first",
        "one axis",
        "number",
        "nothing",
        "empty",
        "nan",
        "inf",
        "0 to 255",
        "below 0",
    ],
)
def test_bad_answers(answer: Any) -> None:
    """What is no map of values from 0 to 1 is refused, and the message names the time."""
    mattes = segment([frame_of(blocks(64, 64))], lambda _: answer)
    with pytest.raises(SettingError, match=r"1\.000 s"):
        next(mattes)


def test_a_bad_answer_does_not_take_back_good_ones() -> None:
    """The mattes before it have been given."""
    answers = iter([np.zeros((2, 2)), np.zeros(2)])
    frames = [frame_of(blocks(64, 64), pts=pts) for pts in (25, 50)]
    mattes = segment(frames, lambda _: next(answers))
    assert next(mattes).time == 1
    with pytest.raises(SettingError, match=r"2\.000 s"):
        next(mattes)


def test_errors_of_a_segmenter_pass() -> None:
    """What a segmenter raises is not changed."""

    def broken(image: Image) -> Alpha:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        next(segment([frame_of(blocks(64, 64))], broken))


def test_one_size_for_a_clip() -> None:
    """The first frame decides; later ones of another aspect are seen in the same size."""
    recorder = Recorder()
    frames = [frame_of(blocks(160, 96)), frame_of(blocks(96, 160)), frame_of(blocks(64, 64))]
    mattes = list(segment(frames, recorder))
    expected = InputSize().of(160 / 96)[::-1]
    assert [image.shape[:2] for image in recorder.seen] == [expected] * 3
    assert [matte.alpha.shape for matte in mattes] == [expected] * 3


def test_each_clip_has_its_own_size() -> None:
    """The same segmenter sees another clip in another size."""
    recorder = Recorder()
    list(segment([frame_of(blocks(160, 96))], recorder))
    list(segment([frame_of(blocks(96, 160))], recorder))
    wide, tall = (image.shape[:2] for image in recorder.seen)
    assert wide == InputSize().of(160 / 96)[::-1]
    assert tall == InputSize().of(96 / 160)[::-1]


def test_input_size_is_respected() -> None:
    """A segmenter of a fixed size gets the largest frame of the right aspect that fits."""
    frame = frame_of(blocks(256, 144))
    for limit, expected in (((64, 64), (36, 64)), ((320, 90), (90, 160)), ((32, 64), (18, 32))):
        limited = Limited(*limit)
        (matte,) = segment([frame], limited, size=InputSize(exact=(96, 96)))
        assert limited.seen[0].shape[:2] == expected
        assert matte.alpha.shape == expected


def test_without_an_input_size_the_setting_counts() -> None:
    """A segmenter that says None, or nothing, gets what was set."""
    limited = Limited(64, 64)
    limited.input_size = None  # type: ignore[assignment]
    assert seen_size(limited, InputSize(exact=(96, 96)), 2.0) == (96, 96)
    assert seen_size(red, InputSize(exact=(96, 96)), 2.0) == (96, 96)
    assert seen_size(Limited(64, 64), InputSize(exact=(96, 96)), 2.0) == (64, 32)


def test_a_segmenter_may_ask_for_a_step_and_a_number() -> None:
    """The step holds for any size, the number where none is asked for."""

    class Coarse:
        step, pixels = 64, 20_000

        def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
            return image[..., 0] / np.float32(255)

    assert seen_size(Coarse(), InputSize(), 1.0) == (128, 128)
    assert seen_size(Coarse(), InputSize(131_072), 2.0) == (512, 256)
    with pytest.raises(SettingError, match="multiple of 64"):
        seen_size(Coarse(), InputSize(exact=(96, 96)), 2.0)


@settings(deadline=None, database=None, derandomize=True)
@given(width=st.integers(1, 1000), height=st.integers(1, 1000), aspect=st.floats(0.01, 100))
def test_inscribed_fits(width: int, height: int, aspect: float) -> None:
    """The result is within the limit, has pixels, and touches one of the limit's sides."""
    across, down = inscribed((width, height), aspect)
    assert 1 <= across <= width
    assert 1 <= down <= height
    assert across == width or abs(down - height) <= max(1, 0.5 / aspect + 0.5)


def test_frames_are_taken_one_by_one() -> None:
    """A frame is asked for when its matte is, and not before."""
    taken: list[int] = []

    def frames() -> Iterator[Frame]:
        for pts in range(3):
            taken.append(pts)
            yield frame_of(blocks(64, 64), pts=pts)

    mattes = segment(frames(), red)
    assert taken == []
    assert next(mattes).frame.pts == 0
    assert taken == [0]
    assert [matte.frame.pts for matte in mattes] == [1, 2]


def test_no_frames_are_no_mattes() -> None:
    """An empty clip is not an error."""
    assert list(segment([], red)) == []


def test_frames_pass_unchanged(carphone: Path) -> None:
    """Each matte holds the very frame that came, with its time."""
    frames = [replace(frame) for frame, _ in zip(decode(carphone), range(5), strict=False)]
    mattes = list(segment(frames, red))
    assert all(matte.frame is frame for matte, frame in zip(mattes, frames, strict=True))
    assert [matte.time for matte in mattes] == [frame.time for frame in frames]
