"""Frames scaled on the way in: sizes, times, colours."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_mattes import everything

from sinet_video import SettingError, Settings, convert, matte, probe
from sinet_video.decoding.decode import decode
from sinet_video.media.frame_size import FrameSize

SIDE = st.integers(16, 4000)


def nobody(image: np.ndarray) -> np.ndarray:
    """A segmenter that finds nobody."""
    return np.zeros(image.shape[:2], np.float32)


@given(SIDE, SIDE, st.integers(16, 2000), st.booleans())
def test_max_height_is_kept(width, height, most, sideways):
    """As shown, within the two pixels of an even size; what is lower stays; the aspect stays."""
    across, down = FrameSize(max_height=most).of(width, height, sideways=sideways)
    shown, before = (across, width) if sideways else (down, height)
    if before <= most:
        assert (across, down) == (width, height)
    else:
        assert abs(shown - most) <= 1
        assert across % 2 == down % 2 == 0
        assert across == pytest.approx(width * most / before, abs=2)


@pytest.mark.parametrize(
    "settings", [{"scale": 0}, {"scale": -1}, {"scale": 5}, {"max_height": 8}, {"max_height": 0}]
)
def test_what_cannot_be_is_refused(settings):
    """In a sentence."""
    with pytest.raises(SettingError, match=r"must be .+\.$"):
        FrameSize(**settings)


def test_nothing_changes_unless_asked(make_clip):
    """A clip of its own size is the same clip."""
    clip = probe(make_clip("talk.mp4"))
    assert Settings().sized(clip) is clip


def test_a_converted_clip_has_the_size(make_clip, ffmpeg, ffprobe_pts, tmp_path):
    """All frames, at the same times; nothing is counted as out of order."""
    source = make_clip("talk.mp4", audio=True)
    settings = Settings(segmenter=everything, frame_size=FrameSize(scale=0.5))
    report = convert(source, tmp_path / "o.mp4", settings=settings)
    clip = probe(source)
    sides = ffmpeg(
        "ffprobe", "-select_streams", "v", "-show_entries", "stream=width,height",
        "-of", "csv=p=0", tmp_path / "o.mp4",
    ).split(",")  # fmt: skip
    assert tuple(map(int, sides)) == (clip.width // 2, clip.height // 2)
    assert ffprobe_pts(tmp_path / "o.mp4") == ffprobe_pts(source)
    assert (report.resized, report.warnings) == (0, [])


def test_turned_clips_by_their_shown_height(make_clip):
    """A phone's upright video is stored lying: its width is what is high."""
    clip = replace(probe(make_clip("talk.mp4")), rotation=90)
    sized = Settings(frame_size=FrameSize(max_height=80)).sized(clip)
    assert (clip.as_shown().height, sized.as_shown().height) == (160, 80)
    assert (sized.width, sized.height) == (80, 48)


def test_colours_are_read_as_before(ffmpeg, tmp_path):
    """An untagged HD clip is BT.709 to players; made small, it says so, and looks alike."""
    source = tmp_path / "hd.mp4"
    ffmpeg("ffmpeg", "-f", "lavfi", "-i", "color=0x2060c0:s=1280x720:d=0.2:r=10",
           "-pix_fmt", "yuv420p", source)  # fmt: skip
    clip = probe(source)
    assert clip.colour.matrix == 2
    small = Settings(frame_size=FrameSize(max_height=360)).sized(clip)
    assert small.colour.matrix == 1
    before, after = (next(decode(each)).rgb.mean((0, 1)) for each in (clip, small))
    assert after == pytest.approx(before, abs=1)


def test_mattes_have_the_size(make_clip):
    """In Python, too; a clip that is sized already is not made smaller again by `max_height`."""
    settings = Settings(segmenter=nobody, frame_size=FrameSize(max_height=48))
    first = next(matte(make_clip("talk.mp4"), settings=settings))
    assert first.alpha.shape[0] == 48
    assert first.frame.time == Fraction(0)
