"""Image sequences in and out, judged by ffprobe and Pillow."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from plain_mattes import EVERYTHING

import sinet_video
from sinet_video import Encoding, InputError, SettingError, Settings, Source, TimeRange


def shade(index: int) -> np.ndarray:
    return np.full((32, 48, 3), 20 + 10 * index, np.uint8)


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    """Ten frames, from 1001 on, each lighter than the one before."""
    folder = tmp_path / "frames"
    folder.mkdir()
    for index in range(10):
        Image.fromarray(shade(index)).save(folder / f"f.{1001 + index}.png")
    return folder


def shades(source: object, **more: object) -> list[tuple[int, Fraction]]:
    found = sinet_video.decode(sinet_video.probe(source), **more)
    return [((int(frame.rgb[0, 0, 0]) - 20) // 10, frame.time) for frame in found]


@pytest.mark.parametrize("name", ["", "f.%04d.png", "f.####.png", "f.%d.png"])
def test_frames_come_in_order_at_the_rate(frames: Path, name: str) -> None:
    """Whatever the first number, and exactly."""
    rate = Fraction(24000, 1001)
    assert shades(Source(frames / name, rate=rate)) == [(k, k / rate) for k in range(10)]


def test_without_a_rate_25_is_assumed_and_told(frames: Path, tmp_path: Path, ffmpeg) -> None:
    """A note says so; with a rate there is none, and ffprobe finds it."""
    report = sinet_video.convert(frames, tmp_path / "a.mp4", settings=EVERYTHING)
    assert any("25 frames per second" in each for each in report.warnings)
    report = sinet_video.convert(frames, tmp_path / "b.mp4", rate=29.97, settings=EVERYTHING)
    assert report.warnings == []
    shown = ffmpeg("ffprobe", "-show_entries", "stream=r_frame_rate,nb_frames", "-of", "csv=p=0",
                   tmp_path / "b.mp4")  # fmt: skip
    assert shown.strip() == "30000/1001,10"


def test_our_own_frames_have_their_times(tmp_path: Path, make_clip) -> None:
    """timestamps.txt is read again, so a variable rate goes through images and back."""
    clip = make_clip("vfr.mp4", times=[0, 512, 2048, 2560, 6000, 6001])
    wanted = [frame.time for frame in sinet_video.decode(clip)]
    sinet_video.convert(clip, tmp_path / "out", settings=EVERYTHING)
    found = [time for _, time in shades(tmp_path / "out")]
    assert [abs(a - b) < Fraction(1, 10**8) for a, b in zip(found, wanted, strict=True)] == [
        True
    ] * 6
    (tmp_path / "out" / "timestamps.txt").write_text("# timestamp format v2\n0\n40\n")
    with pytest.raises(InputError, match=r"2 times.*6 images"):
        sinet_video.probe(tmp_path / "out")


def test_a_span_is_read_from_the_middle(frames: Path) -> None:
    """Only its images are."""
    (frames / "f.1001.png").write_bytes((frames / "f.1002.png").read_bytes())
    span = TimeRange(Fraction(4, 25), Fraction(7, 25))
    assert [index for index, _ in shades(frames, span=span)] == [4, 5, 6]


def test_holes_stop_or_are_held(frames: Path, tmp_path: Path) -> None:
    """They are named by their numbers; held, the frame before is shown, and times stay."""
    for number in (1004, 1006, 1007):
        (frames / f"f.{number}.png").unlink()
    with pytest.raises(InputError, match="no number 1004, 1006 to 1007") as refused:
        sinet_video.convert(frames, tmp_path / "a.mp4", settings=EVERYTHING)
    assert refused.value.remedy is not None
    assert refused.value.remedy.setting == "on_error"
    assert [index for index, _ in shades(frames, on_error="conceal")] == [
        0,
        1,
        2,
        2,
        4,
        4,
        4,
        7,
        8,
        9,
    ]
    held = Settings(segmenter=EVERYTHING.segmenter, smoothing=None, on_error="conceal")
    report = sinet_video.convert(frames, tmp_path / "out" / "c.####.png", settings=held)
    assert any("3 images of" in each for each in report.warnings)
    names = sorted(path.name for path in (tmp_path / "out").glob("*.png"))
    assert names == [f"c.{1001 + k}.png" for k in range(10)]


def test_a_hole_where_a_span_begins(frames: Path) -> None:
    """The frame before the span is held into it."""
    (frames / "f.1005.png").unlink()
    span = TimeRange(Fraction(4, 25), Fraction(6, 25))
    assert [i for i, _ in shades(frames, span=span, on_error="conceal")] == [3, 5]


def test_numbers_stay_unless_asked(frames: Path, tmp_path: Path, make_clip) -> None:
    """Those of a sequence are its own, those of a clip begin at 1; --start-number says more."""
    sinet_video.convert(frames, tmp_path / "a" / "x.####.png", settings=EVERYTHING)
    assert min(path.name for path in (tmp_path / "a").glob("*.png")) == "x.1001.png"
    sinet_video.convert(
        make_clip(), tmp_path / "b", settings=EVERYTHING, encoding=Encoding(start_number=86)
    )
    assert min(path.name for path in (tmp_path / "b").glob("*.png")) == "00086.png"
    assert sinet_video.verify(tmp_path / "a" / "x.%04d.png", frames).holds
    (tmp_path / "a" / "x.1004.png").unlink()
    assert not sinet_video.verify(tmp_path / "a" / "x.%04d.png", frames).holds


def test_numbers_stay_when_resumed(frames: Path, tmp_path: Path) -> None:
    """In segments, too, and the images are those of one run."""
    resume = sinet_video.Resume(Fraction(1, 10))
    made = [tmp_path / name for name in ("one", "two")]
    sinet_video.convert(frames, made[0], settings=EVERYTHING)
    sinet_video.convert(frames, made[1], settings=EVERYTHING, resume=resume)
    one, two = ({p.name: p.read_bytes() for p in folder.iterdir()} for folder in made)
    assert one == two
    assert "01001.png" in one


def test_a_sequence_does_not_replace_itself(frames: Path, tmp_path: Path) -> None:
    """By whatever name the result has the source's."""
    before = {path.name: path.read_bytes() for path in frames.iterdir()}
    for source, output in ((frames, frames), (frames, frames / "f.%04d.png"),
                           (frames / "f.####.png", frames / "f.%04d.png")):  # fmt: skip
        with pytest.raises(SettingError, match="input"):
            sinet_video.convert(source, output, settings=EVERYTHING, overwrite=True)
    assert {path.name: path.read_bytes() for path in frames.iterdir()} == before


def test_another_size_is_scaled_and_told(frames: Path, tmp_path: Path) -> None:
    """As in a video."""
    Image.fromarray(shade(3)).resize((24, 16)).save(frames / "f.1004.png")
    report = sinet_video.convert(frames, tmp_path / "a.mp4", rate=24, settings=EVERYTHING)
    assert report.resized == 1
