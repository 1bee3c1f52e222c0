"""Images that move: GIF, APNG and WebP, as Pillow and ffprobe see them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageSequence
from plain_mattes import EVERYTHING

import sinet_video
from sinet_video import Encoding, Settings
from sinet_video.encoding.palette import paletted


def left_half(image: np.ndarray) -> np.ndarray:
    """A segmenter to whom the left half is the person."""
    alpha = np.zeros(image.shape[:2], np.float32)
    alpha[:, : image.shape[1] // 2] = 1
    return alpha


HALF = Settings(segmenter=left_half, smoothing=None, following=None)


def delays(path: Path) -> list[float]:
    """The milliseconds of each frame, as Pillow reads them."""
    with Image.open(path) as image:
        found = []
        for frame in ImageSequence.Iterator(image):
            frame.load()
            found.append(frame.info["duration"])
    return found


def frames_of(path: Path) -> list[np.ndarray]:
    with Image.open(path) as image:
        return [np.asarray(frame.convert("RGBA")) for frame in ImageSequence.Iterator(image)]


@pytest.mark.parametrize("suffix", [".gif", ".apng", ".webp"])
def test_alpha_and_times(tmp_path: Path, make_clip, suffix: str) -> None:
    """Transparent where nobody is, with the source's colours elsewhere, and each frame's time."""
    clip = make_clip(times=[0, 1280, 2560, 5120, 6400, 12800])
    output = tmp_path / f"a{suffix}"
    report = sinet_video.convert(clip, output, settings=HALF)
    assert (report.frames, report.alpha) == (6, "straight")
    assert delays(output)[:5] == pytest.approx([100, 100, 200, 100, 500])
    frames = frames_of(output)
    for frame, wanted in zip(frames, sinet_video.decode(clip), strict=True):
        assert (frame[:, :60, 3] == 255).all()
        assert (frame[:, 100:, 3] == 0).all()
        off = np.abs(frame[:, :60, :3].astype(int) - wanted.rgb[:, :60])
        assert off.mean() < 6
    if suffix != ".webp":  # which FFmpeg does not decode
        assert sinet_video.verify(output, clip, skip=["length"]).holds


@pytest.mark.parametrize("suffix", [".gif", ".apng", ".webp"])
def test_it_repeats_for_ever(tmp_path: Path, make_clip, suffix: str) -> None:
    """As animations on pages do."""
    sinet_video.convert(make_clip(frames=2), tmp_path / f"a{suffix}", settings=EVERYTHING)
    with Image.open(tmp_path / f"a{suffix}") as image:
        assert image.info["loop"] == 0
        assert image.n_frames == 2


def test_gif_counts_hundredths_and_no_error_adds_up(tmp_path: Path, make_clip) -> None:
    """At 30 a second frames last 3 or 4 hundredths, and each is at most half of one off."""
    clip = make_clip(frames=31, step=1, time_base=Fraction(1, 30))
    sinet_video.convert(clip, tmp_path / "a.gif", settings=EVERYTHING)
    found = delays(tmp_path / "a.gif")
    assert set(found) == {30, 40}
    for index in range(31):
        assert abs(sum(found[:index]) - 1000 * index / 30) <= 5.0001


def test_too_many_frames_for_browsers_are_dropped_and_told(tmp_path: Path, make_clip) -> None:
    """Of 100 a second every other; those that stay are in time."""
    clip = make_clip(frames=20, step=1, time_base=Fraction(1, 100))
    report = sinet_video.convert(clip, tmp_path / "a.gif", settings=EVERYTHING)
    assert any("10 of 20 frames were dropped" in each for each in report.warnings)
    assert delays(tmp_path / "a.gif")[:9] == [20] * 9
    report = sinet_video.convert(clip, tmp_path / "a.webp", settings=EVERYTHING)
    assert report.warnings == []
    assert delays(tmp_path / "a.webp")[:19] == [10] * 19


def test_gif_says_that_it_has_no_soft_alpha(tmp_path: Path, make_clip) -> None:
    """Where it has alpha at all."""
    report = sinet_video.convert(make_clip(frames=2), tmp_path / "a.gif", settings=HALF)
    assert any("no partial transparency" in each for each in report.warnings)
    report = sinet_video.convert(
        make_clip(frames=2), tmp_path / "b.gif", settings=HALF, background="red"
    )
    assert report.warnings == []
    (frame, _) = frames_of(tmp_path / "b.gif")
    np.testing.assert_allclose(frame[40, 140], (255, 0, 0, 255), atol=8)


def test_the_matte_alone(tmp_path: Path, make_clip) -> None:
    """As gray."""
    for suffix in (".gif", ".apng", ".webp"):
        path = tmp_path / f"a{suffix}"
        sinet_video.convert(make_clip(frames=2), path, settings=HALF, show="alpha")
        frame = frames_of(path)[0]
        np.testing.assert_allclose(frame[40, 10, :3], 255, atol=2)
        np.testing.assert_allclose(frame[40, 150, :3], 0, atol=2)


@pytest.mark.parametrize("suffix", [".gif", ".apng", ".webp"])
def test_what_cannot_be(tmp_path: Path, make_clip, suffix: str) -> None:
    """They are not resumed, nor premultiplied."""
    output = tmp_path / f"a{suffix}"
    with pytest.raises(sinet_video.SettingError, match="cannot be resumed"):
        sinet_video.convert(make_clip(), output, settings=HALF, resume=sinet_video.Resume())
    premultiplied = Encoding(alpha_mode="premultiplied")
    with pytest.raises(sinet_video.SettingError, match="straight by its specification"):
        sinet_video.convert(make_clip(), output, settings=HALF, encoding=premultiplied)


def test_a_palette_suits_each_frame() -> None:
    """Few colours come out as they are, frame by frame, and half of alpha decides."""
    for colour in ((255, 0, 0), (3, 200, 77)):
        image = np.full((20, 30, 4), (*colour[::-1], 255), np.uint8)
        image[:10, :, 3] = 100
        made = paletted(av.VideoFrame.from_ndarray(image, "bgra"))
        assert made.format.name == "pal8"
        found = made.reformat(format="rgba").to_ndarray()
        assert tuple(found[15, 15]) == (*colour, 255)
        assert found[5, 5, 3] == 0
