"""Garbage and core mattes, out of frames and videos."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from lossless import write_lossless
from PIL import Image

from sinet_video import InputError, Settings, TimeRange, matte
from sinet_video.media.frame import Frame, Matte
from sinet_video.stages.drawn_mattes import apply_drawn_mattes

WIDTH, HEIGHT = 96, 64


def matte_at(time: Fraction = Fraction(0), rotation: int = 0, value: float = 0.5) -> Matte:
    """A matte of one value throughout."""
    base = Fraction(1, 1000)
    video = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
    frame = Frame(video, int(time / base), base, rotation=rotation)
    return Matte(frame, np.full((HEIGHT, WIDTH), value, np.float32))


def forced(given: Matte, **files: Path) -> np.ndarray:
    """Its alpha afterwards."""
    (result,) = apply_drawn_mattes([given], **files)
    return result.alpha


def painted(path: Path, mode: str = "L", size: tuple[int, int] = (WIDTH, HEIGHT)) -> Path:
    """A frame whose upper left quarter is painted: white, or with alpha of red on nothing."""
    colours = {"L": (0, 255), "RGBA": ((0, 0, 0, 255), (255, 255, 255, 255)),
               "shape": ((9, 9, 9, 0), (255, 0, 0, 255))}[mode]  # fmt: skip
    image = Image.new("RGBA" if mode == "shape" else mode, size, colours[0])
    image.paste(colours[1], (0, 0, size[0] // 2, size[1] // 2))
    image.save(path)
    return path


INSIDE = np.s_[: HEIGHT // 2, : WIDTH // 2]


def quarter(inside: float, outside: float = 0.5) -> np.ndarray:
    """One value in the upper left quarter and another elsewhere."""
    alpha = np.full((HEIGHT, WIDTH), outside, np.float32)
    alpha[INSIDE] = inside
    return alpha


@pytest.mark.parametrize("mode", ["L", "RGBA", "shape"])
def test_garbage_is_0_and_core_is_1(mode, tmp_path):
    """White on black, also with an alpha that says nothing; or by alpha, whatever the colour."""
    drawn = painted(tmp_path / "drawn.png", mode)
    np.testing.assert_array_equal(forced(matte_at(), garbage=drawn), quarter(0))
    np.testing.assert_array_equal(forced(matte_at(), core=drawn), quarter(1))


def test_where_both_are_garbage_wins(tmp_path):
    """And neither does anything elsewhere."""
    drawn = painted(tmp_path / "drawn.png")
    np.testing.assert_array_equal(forced(matte_at(), core=drawn, garbage=drawn), quarter(0))
    np.testing.assert_array_equal(forced(matte_at()), quarter(0.5))


def test_gray_forces_in_part(tmp_path):
    """A soft garbage matte takes its share off; a soft core holds at least its own."""
    Image.new("L", (WIDTH, HEIGHT), 51).save(tmp_path / "gray.png")
    gray = tmp_path / "gray.png"
    np.testing.assert_allclose(forced(matte_at(value=0.5), garbage=gray), 0.4, atol=1e-6)
    np.testing.assert_allclose(forced(matte_at(value=0.1), core=gray), 0.2, atol=1e-6)
    np.testing.assert_allclose(forced(matte_at(value=0.5), core=gray), 0.5, atol=1e-6)


def test_a_drawing_is_stretched_over_the_frame(tmp_path):
    """Of whatever size and shape; but for the seam all is as drawn."""
    drawn = painted(tmp_path / "drawn.png", size=(300, 80))
    result = forced(matte_at(), garbage=drawn)
    assert (result[: HEIGHT // 2 - 2, : WIDTH // 2 - 2] == 0).all()
    assert (result[HEIGHT // 2 + 2 :] == 0.5).all()
    assert (result[:, WIDTH // 2 + 2 :] == 0.5).all()


@pytest.mark.parametrize("rotation", [0, 90, 180, -90])
def test_it_is_drawn_on_the_frame_as_shown(rotation, tmp_path):
    """What is forced, turned as a player turns it, is the upper left quarter."""
    size = (HEIGHT, WIDTH) if rotation % 180 else (WIDTH, HEIGHT)
    drawn = painted(tmp_path / "drawn.png", size=size)
    shown = np.rot90(forced(matte_at(rotation=rotation), garbage=drawn), round(rotation / 90))
    assert (shown[: size[1] // 2, : size[0] // 2] == 0).all()
    assert shown.sum() == 0.5 * 0.75 * WIDTH * HEIGHT


@pytest.fixture
def moving(tmp_path) -> Path:
    """A video of four frames, 0.1 s each, from 1 s on: in each another column is white."""
    images = np.zeros((4, HEIGHT, WIDTH), np.uint8)
    for index, image in enumerate(images):
        image[:, index] = 255
    return write_lossless(tmp_path / "moving.mkv", images, "gray", rate=10, first=10)


def columns(results: list[Matte]) -> list[int]:
    """Which column is forced in each."""
    return [int(np.flatnonzero(result.alpha[0] == 0)[0]) for result in results]


def test_a_video_is_in_step_by_time(moving):
    """By the time since the first frame of each, whatever their rates; its last one stays."""
    times = [Fraction(n, 100) for n in (500, 505, 511, 519, 521, 535, 900)]
    results = list(apply_drawn_mattes(map(matte_at, times), garbage=moving))
    assert columns(results) == [0, 0, 1, 1, 2, 3, 3]


def test_a_stretch_begins_within_the_video(moving):
    """The start says where the clip began, before what is seen of it."""
    times = [Fraction(n, 100) for n in (0, 10)]
    assert columns(
        list(apply_drawn_mattes(map(matte_at, times), garbage=moving, start=Fraction(-1, 5)))
    ) == [
        2,
        3,
    ]
    assert columns(list(apply_drawn_mattes(map(matte_at, times), garbage=moving))) == [0, 1]


def test_in_the_whole_job_a_stretch_is_in_step(make_clip, moving):
    """Of a clip of 0.04 s a frame, from 0.12 s on: the second drawing follows at 0.1 s."""
    clip = make_clip("masked.mp4", width=WIDTH, height=HEIGHT, frames=8)

    def everybody(image: np.ndarray) -> np.ndarray:
        return np.ones((16, 24), np.float32)

    settings = Settings(segmenter=everybody, garbage=moving)
    assert columns(list(matte(clip, settings=settings))) == [0, 0, 0, 1, 1, 2, 2, 2]
    part = list(matte(clip, settings=settings, span=TimeRange(Fraction(12, 100))))
    assert columns(part) == [1, 1, 2, 2, 2]


def test_a_file_that_is_no_frame_is_said(tmp_path):
    """By its name, at the first matte."""
    (tmp_path / "words.png").write_text("no frame")
    for name in ("words.png", "missing.png"):
        with pytest.raises(InputError, match=name):
            forced(matte_at(), core=tmp_path / name)
