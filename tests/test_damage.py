"""Damaged files: no result, or one without what is lost, as asked."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from sinet_video import Bilinear, InputError, Settings, convert, decode, matte
from sinet_video.damage import Losses

SOURCE = ("-f", "lavfi", "-i", "testsrc2=s=96x64:r=25:d=1")
ALL = {
    "segmenter": lambda _: np.ones((3, 5), np.float32), "refinement": Bilinear(), "smoothing": None,
}  # fmt: skip
STOP, CONCEAL = Settings(**ALL), Settings(**ALL, on_error="conceal")


@pytest.fixture
def damaged(tmp_path, ffmpeg, ffprobe_pts) -> Path:
    """Twenty-five PNGs in a MOV file, with sound; the middles of two of them overwritten."""
    path = tmp_path / "damaged.mov"
    ffmpeg("ffmpeg", *SOURCE, "-f", "lavfi", "-i", "sine=d=1", "-c:v", "png", path)
    places = ffmpeg(
        "ffprobe",
        "-select_streams",
        "v",
        "-show_entries",
        "packet=pos,size",
        "-of",
        "csv=p=0",
        path,
    ).split()
    data = bytearray(path.read_bytes())
    for index in (7, 12):
        size, start = map(int, places[index].split(",")[:2])
        data[start + 40 : start + size - 20] = os.urandom(size - 60)
    path.write_bytes(data)
    return path


@pytest.fixture
def cut(tmp_path, ffmpeg) -> Path:
    """An MP4 file that ends in mid-stream, its header first."""
    path = tmp_path / "cut.mp4"
    ffmpeg("ffmpeg", *SOURCE, "-movflags", "+faststart", "-g", 5, path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    return path


def test_by_default_there_is_no_result(damaged, cut, tmp_path):
    """And the error says where it is damaged."""
    for path in (damaged, cut):
        with pytest.raises(InputError, match=r"damaged|cut off"):
            convert(path, tmp_path / "o.mp4", settings=STOP)
        assert not (tmp_path / "o.mp4").exists()


def test_what_is_lost_is_left_out(damaged, ffprobe_pts, tmp_path):
    """All others are at their times, and the report counts the lost ones."""
    report = convert(damaged, tmp_path / "o.mp4", settings=CONCEAL)
    assert report.lost == 2
    assert report.frames == 23
    assert any("after 0.240 s: 2 pictures" in text for text in report.warnings)
    times = ffprobe_pts(damaged)
    del times[12], times[7]
    assert ffprobe_pts(tmp_path / "o.mp4") == times


def test_a_file_that_ends_too_soon(cut, ffprobe_pts, tmp_path):
    """Gives what there is of it."""
    report = convert(cut, tmp_path / "o.mp4", settings=CONCEAL)
    assert any("cut off" in text for text in report.warnings)
    found = ffprobe_pts(tmp_path / "o.mp4")
    assert 5 < len(found) < 25
    assert found == [k * found[1] for k in range(len(found))]


def test_a_whole_file_has_no_losses(carphone, tmp_path):
    """The failing twin: nothing is counted where nothing is lost."""
    losses = Losses()
    with_losses = [frame.luma.sum() for frame in decode(carphone, losses=losses)]
    assert with_losses == [frame.luma.sum() for frame in decode(carphone)]
    assert losses == Losses()
    assert losses.warnings(carphone) == []


def test_the_iterator_conceals_as_well(damaged):
    """By the same setting."""
    assert len(list(matte(damaged, settings=CONCEAL))) == 23
    with pytest.raises(InputError):
        list(matte(damaged, settings=STOP))
