"""Real clips from phones, webcams, stages and studios: times, counts and audio come out exact."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from sinet_video import (
    BilinearRefinement,
    Encoding,
    Settings,
    TimeRange,
    convert,
    matte,
    probe,
    verify,
)

NAMES = [
    "carphone_qcif.mp4",
    "green_screen_hands.mp4",
    "phone_vfr_hevc_two_shots.mov",
    "portrait_turning.mp4",
    "presenter_portrait_hevc.mp4",
    "stage_cuts_start_offset.mp4",
    "webcam_1080p.mp4",
]
QUICK = Settings(
    segmenter=lambda _: np.array([[0, 0, 0.6, 1]], np.float32),
    refinement=BilinearRefinement(),
    smoothing=None,
)
FAST = Encoding(preset="ultrafast")


@pytest.fixture
def streams(ffmpeg) -> Callable[[Path], dict[str, dict]]:
    """What ffprobe says of a file's streams, by their kind."""

    def read(path: Path) -> dict[str, dict]:
        found = json.loads(ffmpeg("ffprobe", "-show_streams", "-of", "json", path))["streams"]
        return {stream["codec_type"]: stream for stream in found}

    return read


def test_every_real_clip_is_here(shared):
    """Nobody adds a clip without testing it."""
    assert sorted(p.name for p in (shared / "clips/real").iterdir()) == NAMES


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("name", NAMES)
def test_frames_keep_their_times(name, suffix, shared, ffprobe_pts, tmp_path):
    """Every one of the first half second comes out, in .mp4 at its exact time, in .mkv to 1 ms."""
    source, output = shared / "clips/real" / name, tmp_path / f"o{suffix}"
    every = ffprobe_pts(source)
    end = every[0] + Fraction(1, 2)
    expected = [time for time in every if time < end]
    report = convert(
        source, output, background="green", settings=QUICK, encoding=FAST, span=TimeRange(end=end)
    )
    found = ffprobe_pts(output)
    assert len(found) == len(expected) == report.frames
    if suffix == ".mp4":
        assert found == expected
    else:
        assert list(map(float, found)) == pytest.approx(list(map(float, expected)), abs=0.00051)


@pytest.mark.parametrize("output", ["o.mp4", "o.webm", "o.mov", "o.mkv", "png"])
@pytest.mark.parametrize("name", NAMES)
def test_each_clip_in_each_output_verifies(name, output, shared, tmp_path):
    """Every check of `verify` holds of its beginning, or does not apply."""
    source = shared / "clips/real" / name
    clip = probe(source)
    span = TimeRange(end=clip.start * clip.time_base + Fraction(3, 20))
    convert(source, tmp_path / output, settings=QUICK, span=span)
    found = verify(tmp_path / output, source, span=span)
    assert found.timing.frames > 2
    assert not [check.detail for check in found.failures]


@pytest.mark.parametrize("name", ["phone_vfr_hevc_two_shots.mov", "stage_cuts_start_offset.mp4"])
def test_a_whole_clip_keeps_everything(name, shared, ffprobe_pts, streams, tmp_path):
    """Variable rate, late starts and late audio: each stream starts and lasts as before."""
    source, output = shared / "clips/real" / name, tmp_path / "o.mp4"
    report = convert(source, output, background="green", settings=QUICK, encoding=FAST)
    before, after = streams(source), streams(output)
    assert report.audio == "copied"
    assert report.frames == int(before["video"]["nb_frames"]) > 160
    assert ffprobe_pts(output) == ffprobe_pts(source)
    for kind in ("video", "audio"):
        for fact in ("start_time", "duration", "nb_frames"):
            assert after[kind][fact] == before[kind][fact], (kind, fact)


@pytest.mark.parametrize("name", NAMES)
def test_the_network_finds_somebody(name, shared):
    """On each clip's frame of half a second, a part of it is clearly a person, a part is not."""
    source = shared / "clips/real" / name
    clip = probe(source)
    start = clip.start * clip.time_base + Fraction(1, 2)
    item = next(matte(clip, span=TimeRange(start=start)))
    assert 0.03 < (item.alpha > 0.9).mean() < 0.9
    assert (item.alpha < 0.1).mean() > 0.05
