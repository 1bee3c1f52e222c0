"""One film over many machines: to the bytes that one process makes."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from sinet_video import (
    Conversion,
    Encoding,
    ExponentialAverage,
    InputError,
    OutputError,
    RegionFilter,
    Resume,
    SettingError,
    Settings,
    Shard,
    TimeRange,
    join,
    plan,
)
from sinet_video.pipeline.resuming.job_folder import folder_of, is_finished
from sinet_video.pipeline.shares import share_path

SECONDS = 1
CONVERSION = Conversion(encoding=Encoding(codec="ffv1"), resume=Resume(SECONDS))


@pytest.fixture(scope="module")
def film(tmp_path_factory, carphone, ffmpeg) -> Path:
    """Nearly four seconds of a man who moves, with sound, B-frames and few key frames."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    sound = ("-f", "lavfi", "-i", "sine=440:duration=4")
    video = ("-c:v", "libx264", "-g", "40", "-bf", "2", "-pix_fmt", "yuv420p")
    ffmpeg("ffmpeg", "-i", carphone, *sound, "-t", "3.9", *video, path)
    return path


def share(film: Path, output: Path, index: int, count: int, conversion=CONVERSION, **options):
    """Make one share."""
    resume = replace(conversion.resume, only=Shard(index, count))
    return replace(conversion, resume=resume)(film, output, **options)


@pytest.fixture(scope="module")
def whole(film, tmp_path_factory) -> tuple[bytes, bytes]:
    """What one process makes: the result and its matte."""
    output = tmp_path_factory.mktemp("whole") / "cut.mkv"
    CONVERSION(film, output, matte=output.with_name("matte.mkv"))
    return output.read_bytes(), output.with_name("matte.mkv").read_bytes()


def test_a_name_may_be_as_long_as_names_may_be(film, whole, tmp_path):
    """Its shares are found, and another's whose name begins alike is not taken for it."""
    outputs = [tmp_path / f"{'ü' * 124}{letter}{letter}.mkv" for letter in "ab"]
    for output in outputs:
        for index in (1, 2):
            share(film, output, index, 2)
    for output in outputs:
        join(film, output, CONVERSION)
        assert output.read_bytes() == whole[0]
    assert sorted(tmp_path.iterdir()) == outputs


@pytest.mark.parametrize("count", [2, 4])
def test_shares_join_to_the_bytes_of_one_process(count, film, whole, tmp_path):
    """In whatever order they are made, with sound, and nothing left behind."""
    output, matte = tmp_path / "cut.mkv", tmp_path / "matte.mkv"
    frames = [share(film, output, i, count, matte=matte).frames for i in range(count, 0, -1)]
    report = join(film, output, CONVERSION, matte=matte)
    assert report.frames == sum(frames)
    assert (output.read_bytes(), matte.read_bytes()) == whole
    assert {path.name for path in tmp_path.iterdir()} == {"cut.mkv", "matte.mkv"}


def test_the_last_segment_may_be_short(film, tmp_path):
    """So short that it ends before its frames would be remembered."""
    conversion = replace(CONVERSION, resume=Resume(3))
    conversion(film, tmp_path / "whole.mkv")
    for index in (1, 2):
        share(film, tmp_path / "cut.mkv", index, 2, conversion)
    join(film, tmp_path / "cut.mkv", conversion)
    assert (tmp_path / "cut.mkv").read_bytes() == (tmp_path / "whole.mkv").read_bytes()


def test_shares_are_made_side_by_side(film, whole, tmp_path):
    """On one machine too: none waits for another, but two of one share exclude each other."""
    output, made = tmp_path / "cut.mkv", []

    def another(frames: int, _: object) -> None:
        if not made:
            made.append(share(film, output, 2, 2))
            with pytest.raises(OutputError, match="being made by another"):
                share(film, output, 1, 2)

    share(film, output, 1, 2, progress=another)
    join(film, output, CONVERSION)
    assert output.read_bytes() == whole[0]


def test_an_interrupted_share_goes_on(film, whole, tmp_path):
    """From the last segment that it finished."""
    output, matte = tmp_path / "cut.mkv", tmp_path / "matte.mkv"
    share(film, output, 1, 2, matte=matte)

    def stop(frames: int, _: object) -> None:
        if frames == 40:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        share(film, output, 2, 2, matte=matte, progress=stop)
    with pytest.raises(OutputError, match="2-of-2 is not finished"):
        join(film, output, CONVERSION, matte=matte)
    assert share(film, output, 2, 2, matte=matte).resumed > 0
    join(film, output, CONVERSION, matte=matte)
    assert (output.read_bytes(), matte.read_bytes()) == whole


def test_a_stretch_in_shares(film, tmp_path):
    """Times are those of the stretch."""
    conversion = replace(CONVERSION, span=TimeRange(start=1, end=3))
    one, other = tmp_path / "one" / "cut.mkv", tmp_path / "other" / "cut.mkv"
    one.parent.mkdir()
    other.parent.mkdir()
    conversion(film, one)
    for index in (1, 2):
        share(film, other, index, 2, conversion)
    join(film, other, conversion)
    assert one.read_bytes() == other.read_bytes()


def test_the_plan_says_who_makes_what(film):
    """All segments, each once; a segment is read to warm up."""
    planned = plan(film, 2, resume=Resume(SECONDS))
    assert [list(each.segments) for each in planned] == [[0, 1], [2, 3]]
    assert [(e.start, e.reads_from) for e in planned] == [(0, 0), (2, 1)]
    assert planned[0].end == 2
    assert 3.8 < planned[1].end < 4
    with pytest.raises(SettingError, match=r"into 5 parts: of its segments of .* there are 4"):
        plan(film, 5, resume=Resume(SECONDS))


def test_the_plan_is_of_what_will_be_converted(film, tmp_path, ffmpeg):
    """At the rate that is asked for: eight images at one a second are four times two seconds."""
    ffmpeg("ffmpeg", "-i", film, "-frames:v", "8", tmp_path / "%d.png")
    planned = plan(tmp_path, 2, settings=Settings(rate=1), resume=Resume(2))
    assert [list(each.segments) for each in planned] == [[0, 1], [2, 3]]


@pytest.mark.parametrize(
    ("conversion", "name", "words"),
    [
        (
            replace(CONVERSION, settings=Settings(smoothing=ExponentialAverage())),
            "a.mkv",
            "smoothing",
        ),
        (
            replace(CONVERSION, settings=Settings(regions=RegionFilter(subject="main"))),
            "a.mkv",
            "'regions'",
        ),
        (replace(CONVERSION, encoding=Encoding()), "frames", "numbered"),
    ],
)
def test_what_remembers_more_is_refused(conversion, name, words, film, tmp_path):
    """With the reason, and before any work."""
    with pytest.raises(SettingError, match=words):
        share(film, tmp_path / name, 2, 2, conversion)
    assert not list(tmp_path.iterdir())


def test_joining_refuses_what_does_not_fit(film, tmp_path):
    """Nothing there, a share missing, shares of other settings, of other frames."""
    output = tmp_path / "cut.mkv"
    with pytest.raises(OutputError, match="no shares"):
        join(film, output, CONVERSION)
    share(film, output, 1, 2)
    with pytest.raises(OutputError, match="2-of-2 is missing"):
        join(film, output, CONVERSION)
    share(film, output, 2, 2, replace(CONVERSION, show="alpha"))
    with pytest.raises(OutputError, match="what differs: show"):
        join(film, output, CONVERSION)
    share(film, output, 2, 2, overwrite=True)
    place = folder_of(share_path(output, Shard(2, 2)))
    (warm,) = place.glob("warmup-*.json")
    warm.write_text("[]")
    with pytest.raises(InputError, match="in one piece"):
        join(film, output, CONVERSION)
    assert is_finished(share_path(output, Shard(1, 2))) is not None
    assert not output.exists()
    shutil.rmtree(place)
