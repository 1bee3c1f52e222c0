"""Interlaced clips: said, left as they are, and made whole on request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from plain_mattes import EVERYTHING

from sinet_video import convert, decode, probe

MOVING = "color=black:s=160x96:r=50:d=1,drawbox=x=0:y=0:w=40:h=96:color=white:t=fill"
"""Black; `SLIDING` moves a white bar over it."""
SLIDING = "scroll=h=-0.05"


@pytest.fixture(scope="module", params=["a.mp4", "a.mkv", "a.mpg"])
def interlaced(request, tmp_path_factory, ffmpeg) -> Path:
    """A bar that moves 8 pixels from field to field."""
    path = tmp_path_factory.mktemp("interlaced") / request.param
    codec = "mpeg2video" if path.suffix == ".mpg" else "libx264"
    scan = "bff" if path.suffix == ".mpg" else "tff"
    ffmpeg(
        "ffmpeg", "-f", "lavfi", "-i", MOVING,
        "-vf", f"{SLIDING},interlace=scan={scan}:lowpass=off",
        "-c:v", codec, "-flags", "+ilme+ildct", "-qscale:v", 2, path,
    )  # fmt: skip
    return path


@pytest.fixture(scope="module")
def progressive(tmp_path_factory, ffmpeg) -> Path:
    """The same, 25 whole frames a second."""
    path = tmp_path_factory.mktemp("progressive") / "a.mp4"
    ffmpeg("ffmpeg", "-f", "lavfi", "-i", MOVING, "-vf", f"{SLIDING},fps=25", path)
    return path


def combing(images: list[np.ndarray]) -> float:
    """How much lines differ from those beside them more than from those after next."""
    lines = [image[20:76].astype(float) for image in images[3:-3]]
    beside = np.mean([np.abs(p[1:-1] - p[2:]).mean() for p in lines])
    after = np.mean([np.abs(p[:-2] - p[2:]).mean() for p in lines])
    return float(beside - after)


@pytest.fixture
def lumas() -> Callable[..., list[np.ndarray]]:
    """The lumas of a clip's frames."""
    return lambda path, **how: [frame.luma for frame in decode(path, **how)]


def test_it_is_told(interlaced, progressive):
    """By the first frame's own mark."""
    assert probe(interlaced).interlaced
    assert not probe(progressive).interlaced


def test_made_whole_on_request(interlaced, lumas):
    """The comb is gone, and only then."""
    assert combing(lumas(interlaced)) > 10
    assert combing(lumas(interlaced, deinterlace=True)) < 2


def test_times_are_the_same(interlaced):
    """To the tick, as many as before; so are durations."""
    plain = [(f.pts, f.duration, f.time_base) for f in decode(interlaced)]
    whole = [(f.pts, f.duration, f.time_base) for f in decode(interlaced, deinterlace=True)]
    assert whole == plain
    assert len(plain) == 25


def test_what_is_whole_stays_as_it_is(progressive, lumas):
    """Bit for bit."""
    pairs = zip(lumas(progressive), lumas(progressive, deinterlace=True), strict=True)
    assert all(np.array_equal(one, two) for one, two in pairs)


def test_a_conversion_says_so_or_mends_it(interlaced, ffprobe_pts, lumas, tmp_path):
    """A warning by default; none when it was asked for."""
    report = convert(interlaced, tmp_path / "left.mp4", settings=EVERYTHING)
    assert any("interlaced" in warning for warning in report.warnings)
    mended = replace(EVERYTHING, deinterlace=True)
    report = convert(interlaced, tmp_path / "mended.mp4", settings=mended)
    assert not any("interlaced" in warning for warning in report.warnings)
    assert combing(lumas(tmp_path / "mended.mp4")) < 2 < combing(lumas(tmp_path / "left.mp4"))
    times = [frame.time for frame in decode(interlaced)]
    assert ffprobe_pts(tmp_path / "mended.mp4") == times
