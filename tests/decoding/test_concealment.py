"""Damaged files: no result, or one without what is lost, as asked."""

from __future__ import annotations

import os
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from plain_mattes import EVERYTHING

from sinet_video import InputError, convert, decode, matte, verify
from sinet_video.decoding.concealment import Tally

SOURCE = ("-f", "lavfi", "-i", "testsrc2=s=96x64:r=25:d=1")
STOP, CONCEAL = EVERYTHING, replace(EVERYTHING, on_error="conceal")


@pytest.fixture
def damaged(tmp_path, ffmpeg, ffprobe_pts) -> Path:
    """Twenty-five PNGs in a MOV file, with audio; the middles of two of them overwritten."""
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
    assert any("after 0.240 s: 2 frames" in text for text in report.warnings)
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


def test_a_whole_file_has_no_losses(carphone):
    """The failing twin: nothing is counted where nothing is lost."""
    tally = Tally()
    found = [frame.luma.sum() for frame in decode(carphone, on_error="conceal", tally=tally)]
    assert found == [frame.luma.sum() for frame in decode(carphone)]
    assert tally == Tally()
    assert tally.warnings(carphone) == []


def test_the_iterator_conceals_as_well(damaged):
    """By the same setting."""
    assert len(list(matte(damaged, settings=CONCEAL))) == 23
    with pytest.raises(InputError):
        list(matte(damaged, settings=STOP))


def test_frames_of_one_time(tmp_path, ffmpeg, ffprobe_pts):
    """Of two at one time the later one is kept, and counted; all others are as they were."""
    path = tmp_path / "twice.mkv"
    twice = "setpts='if(eq(mod(N,5),4),PTS-1/(25*TB),PTS)'"
    ffmpeg(
        "ffmpeg", *SOURCE, "-vf", twice, "-fps_mode", "passthrough", "-c:v", "ffv1",
        "-enc_time_base", "1/1000", path,
    )  # fmt: skip
    times = ffprobe_pts(path)
    assert len(times) == 25 > len(set(times)) == 20
    report = convert(path, tmp_path / "o.mp4", settings=STOP)
    assert (report.frames, report.repeated) == (20, 5)
    assert any("5 frames came at or before" in text for text in report.warnings)
    assert ffprobe_pts(tmp_path / "o.mp4") == sorted(set(times))


@pytest.mark.parametrize(("count", "words"), [(1, "1 frame has another"), (2, "2 frames have an")])
def test_one_frame_is_one_frame(count, words):
    """In English."""
    tally = Tally(lost=count, repeated=count, untimed=count, resized=count, recoloured=count)
    said = tally.warnings("a.mp4")
    assert len(said) == 5
    assert any(words in each for each in said)
    assert all(("1 frames" not in each) for each in said)


def test_frames_without_times(tmp_path, ffmpeg):
    """A bare stream of H.264 has none: they come at its rate, and are counted."""
    path = tmp_path / "bare.h264"
    ffmpeg("ffmpeg", *SOURCE, "-bf", 0, path)
    tally = Tally()
    times = [frame.time for frame in decode(path, tally=tally)]
    assert len(times) == 25
    assert tally.untimed in (24, 25)
    assert {b - a for a, b in pairwise(times)} == {Fraction(1, 25)}


AUDIO = ("-f", "lavfi", "-i", "anoisesrc=d=1:a=0.5")


@pytest.fixture
def crackling(tmp_path, ffmpeg) -> Path:
    """A second of noise as FLAC, a packet in the middle of it overwritten."""
    path = tmp_path / "crackling.mkv"
    plain = ("-write_crc32", 0)  # a checksum of the file itself would tell first
    ffmpeg("ffmpeg", *SOURCE, *AUDIO, "-c:v", "ffv1", "-c:a", "flac", *plain, path)
    wanted = ("-select_streams", "a", "-show_entries", "packet=pos,size", "-of", "csv=p=0")
    places = ffmpeg("ffprobe", *wanted, path).split()
    size, start = map(int, places[len(places) // 2].split(",")[:2])
    data = bytearray(path.read_bytes())
    data[start + 10 : start + size] = b"\xff" * (size - 10)
    path.write_bytes(data)
    return path


def test_damaged_audio_is_told_from_an_output_that_cannot_be_written(crackling, tmp_path):
    """By default there is no result, and the error names the source."""
    with pytest.raises(InputError, match=r"crackling\.mkv: its audio or subtitles are damaged"):
        convert(crackling, tmp_path / "o.webm", settings=STOP)
    assert not (tmp_path / "o.webm").exists()


def test_damaged_audio_is_passed_over(crackling, ffmpeg, tmp_path):
    """To conceal is to go on after it, in time; the loss is said once."""
    report = convert(crackling, tmp_path / "o.webm", settings=CONCEAL)
    assert sum("some of it is lost" in warning for warning in report.warnings) == 1
    assert report.frames == 25
    span = ("-select_streams", "a", "-show_entries", "packet=pts_time", "-of", "csv=p=0")
    last = float(ffmpeg("ffprobe", *span, tmp_path / "o.webm").split()[-1].strip(","))
    assert last == pytest.approx(1, abs=0.1)


def test_times_that_go_back(tmp_path, ffmpeg):
    """Two streams end on end follow each other, frames and audio, and it is said."""
    ffmpeg("ffmpeg", *SOURCE, *AUDIO, "-c:v", "mpeg2video", "-c:a", "mp2", tmp_path / "one.ts")
    twice = tmp_path / "twice.ts"
    twice.write_bytes((tmp_path / "one.ts").read_bytes() * 2)
    report = convert(twice, tmp_path / "o.mp4", settings=STOP)
    assert (report.frames, report.duration, report.repeated) == (50, 2, 0)
    assert any("jumps once" in warning for warning in report.warnings)
    assert verify(tmp_path / "o.mp4", twice).holds


def test_a_length_that_nothing_has(tmp_path, ffmpeg, ffprobe_pts):
    """A header that says thirteen years does not make the last frame last so long."""
    path = tmp_path / "long.avi"
    ffmpeg("ffmpeg", *SOURCE, "-c:v", "mpeg4", "-bf", 0, path)
    data = bytearray(path.read_bytes())
    length = data.index(b"strh") + 8 + 32
    data[length : length + 4] = b"\xf0\xff\xff\xff"
    path.write_bytes(data)
    report = convert(path, tmp_path / "o.mp4", settings=CONCEAL)
    assert report.frames == 25
    assert report.duration == pytest.approx(1)
    assert len(ffprobe_pts(tmp_path / "o.mp4")) == 25


@pytest.mark.parametrize("share", [0.8, 0.95])
def test_a_last_packet_that_is_cut_off_is_told(share, tmp_path, ffmpeg):
    """Of files that do not say how long they are, too, though libav's threads are silent of it."""
    before, path = tmp_path / "whole.mp4", tmp_path / "cut.nut"
    source = ("-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=2")
    ffmpeg("ffmpeg", *source, "-c:v", "libx264", "-bf", 2, before)
    ffmpeg("ffmpeg", "-i", before, "-c", "copy", path)
    whole = list(decode(path))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(InputError, match=r"cut\.nut is damaged or cut off after \d\.\d+ s"):
        list(decode(path))
    tally = Tally()
    frames = list(decode(path, on_error="conceal", tally=tally))
    assert 5 < len(frames) < len(whole)
    assert tally.lost == 1
    assert len(whole) == 50
