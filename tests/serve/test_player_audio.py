"""The audio of the small video that the page plays, beside its frames."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest

from sinet_video.serve.analysis import main


def analysed(clip: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(folder)
    assert main(str(clip), json.dumps({"background": ""}), "{}") == 0
    return folder / "player.mp4"


def flash(video: Path) -> float:
    """When the frame becomes bright."""
    with av.open(str(video)) as container:
        for frame in container.decode(video=0):
            half = frame.to_ndarray(format="gray")[: frame.height // 2]
            if half.mean() > 128:
                return float(frame.time)
    raise AssertionError("it stays dark")


def beep(video: Path) -> float:
    """When something is heard."""
    with av.open(str(video)) as container:
        for frame in container.decode(audio=0):
            loud = np.flatnonzero(np.abs(frame.to_ndarray()[0]) > 0.1)
            if len(loud):
                return float(frame.time) + loud[0] / frame.sample_rate
    raise AssertionError("nothing is heard")


@pytest.mark.parametrize(
    ("video", "audio"), [(0, 0), (0.7, 0), (0, 0.7)], ids=["both", "late frames", "late audio"]
)
def test_a_beep_is_heard_when_the_flash_is_seen(video, audio, ffmpeg, tmp_path, monkeypatch):
    """Wherever the streams begin: both happen at 1.4 s of the source."""
    clip = tmp_path / "flash.mkv"
    light = f"color=black:s=96x64:r=25:d=2.4,geq=lum='if(gte(T+{video},1.4),235,16)':cb=128:cr=128"
    tone = f"aevalsrc='if(gte(t+{audio},1.4),0.6*sin(2*PI*600*t),0)':s=44100:d=2.4"
    ffmpeg(
        "ffmpeg", "-y", "-itsoffset", video, "-f", "lavfi", "-i", light,
        "-itsoffset", audio, "-f", "lavfi", "-i", tone,
        "-c:v", "libx264", "-c:a", "flac", clip,
    )  # fmt: skip
    made = analysed(clip, tmp_path, monkeypatch)
    assert flash(made) == pytest.approx(1.4 - video, abs=0.03)
    assert beep(made) == pytest.approx(flash(made), abs=0.045)


def test_a_clip_without_audio_gives_a_video_without(make_clip, tmp_path, monkeypatch):
    with av.open(str(analysed(make_clip(), tmp_path, monkeypatch))) as container:
        assert len(container.streams.audio) == 0


def test_audio_that_breaks_off_leaves_the_frames(make_clip, ffmpeg, tmp_path, monkeypatch):
    """All frames are there; what could be heard is."""
    clip = tmp_path / "broken.mkv"
    ffmpeg(
        "ffmpeg", "-y", "-i", make_clip(frames=25, audio=True), "-c", "copy", "-bsf:a",
        "noise=amount=2", clip,
    )  # fmt: skip
    with av.open(str(analysed(clip, tmp_path, monkeypatch))) as container:
        assert sum(1 for _ in container.decode(video=0)) == 25
