"""Remarks on drawn mattes that do not look like mattes of the clip, and on empty ones."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from plain_mattes import EVERYTHING, everything

from sinet_video import Settings, TimeRange, convert
from sinet_video.training.image_folder import write_image


@pytest.fixture(scope="module")
def clip(make_clip) -> Path:
    """Four frames of 160x96."""
    return make_clip("talk.mp4", frames=4)


def remarks(clip: Path, folder: Path, image: np.ndarray) -> list[str]:
    """What is said of a garbage matte."""
    write_image(folder / "g.png", image)
    settings = Settings(segmenter=everything, garbage=folder / "g.png")
    report = convert(clip, folder / "o.mp4", settings=settings)
    return [said for said in report.warnings if "garbage matte" in said]


def test_a_matte_of_the_same_shape(clip, tmp_path):
    """Of any size, in black and white: nothing is said."""
    assert remarks(clip, tmp_path, np.zeros((192, 320, 3), np.uint8)) == []


def test_another_shape(clip, tmp_path):
    """It is stretched, which is said."""
    (said,) = remarks(clip, tmp_path, np.zeros((200, 200, 3), np.uint8))
    assert "200x200" in said
    assert "stretched" in said


def test_a_photograph(clip, tmp_path):
    """Its brightness counts, which is hardly meant."""
    image = np.zeros((96, 160, 3), np.uint8)
    image[..., 0] = 200
    (said,) = remarks(clip, tmp_path, image)
    assert "in colour" in said


def test_the_shape_of_a_turned_frame_is_as_it_is_shown(clip, ffmpeg, tmp_path):
    """A drawing of the size in the file is of another shape than what is seen."""
    phone = tmp_path / "phone.mp4"
    ffmpeg("ffmpeg", "-i", clip, "-c", "copy", "-metadata:s:v", "rotate=90", phone)
    (said,) = remarks(phone, tmp_path, np.zeros((96, 160, 3), np.uint8))
    assert "160x96, of another shape than the frame of 96x160" in said
    (tmp_path / "o.mp4").unlink()
    assert remarks(phone, tmp_path, np.zeros((160, 96, 3), np.uint8)) == []


def test_a_matte_of_the_part_alone(make_clip, tmp_path):
    """Made with the same start: it would be early by that."""
    clip, part = make_clip("talk.mp4", frames=50), TimeRange(Fraction(1, 2))
    settings = Settings(segmenter=everything)
    made = {"whole": TimeRange(), "part": part}
    for name, span in made.items():
        convert(clip, tmp_path / f"{name}.mkv", show="alpha", settings=settings, span=span)
    said = {}
    for name in made:
        drawn = replace(settings, core=tmp_path / f"{name}.mkv")
        said[name] = convert(clip, tmp_path / f"{name}.mp4", settings=drawn, span=part).warnings
    assert said["whole"] == []
    assert "core matte is as long as the part that is converted" in said["part"][0]


def test_an_empty_matte_is_remarked_upon(clip, tmp_path):
    """Nobody in any frame; one frame with somebody is enough."""
    asked = []

    def last_frame_alone(_: object) -> np.ndarray:
        asked.append(1)
        return np.full((6, 10), float(len(asked) == 4), np.float32)

    plain = Settings(segmenter=last_frame_alone, smoothing=None, following=None)
    assert convert(clip, tmp_path / "last.mp4", settings=plain).warnings == []
    empty = replace(plain, segmenter=lambda _: np.zeros((6, 10), np.float32))
    (said,) = convert(clip, tmp_path / "o.mp4", settings=empty).warnings
    assert said == f"Nobody was found in {clip}, so the matte is empty."


@pytest.mark.parametrize(("sampling", "words"), [("422", "4:2:2"), ("444", "4:4:4"), ("420", None)])
def test_h264_that_few_players_show(sampling, words, make_clip, tmp_path):
    """By its chroma, as by its bits; it is told of, with what to do."""
    source = make_clip(f"{sampling}.mkv", codec="ffv1", pixel_format=f"yuv{sampling}p")
    said = convert(source, tmp_path / "o.mp4", background="red", settings=EVERYTHING).warnings
    expected = f"H.264 in {words} is not played by browsers and many other players; with chroma 420"
    assert [each[: len(expected)] for each in said] == ([expected] if words else [])
