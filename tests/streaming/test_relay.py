"""SRT, by the program ffmpeg on both ends."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace

import av
import pytest
from plain_mattes import EVERYTHING

import sinet_video
from sinet_video import OutputError, Streaming

PICTURE = "lavfi:testsrc=size=64x48:rate=25,realtime"
NETWORK = replace(EVERYTHING, allow="network")
Listen = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture(autouse=True)
def srt() -> None:
    """An ffmpeg that has it."""
    program = shutil.which("ffmpeg")
    said = program and subprocess.run([program, "-protocols"], capture_output=True, check=False)
    if not said or b"srt" not in said.stdout.split():
        pytest.skip("needs a program ffmpeg with SRT, which is not installed")


def test_srt_out(tmp_path, port, listening: Listen) -> None:
    """A listener gets frames that decode."""
    got = tmp_path / "got.ts"
    listening("-i", f"srt://127.0.0.1:{port}?mode=listener", "-c", "copy", got)
    time.sleep(0.5)
    report = sinet_video.live(
        PICTURE, f"srt://127.0.0.1:{port}", settings=NETWORK, streaming=Streaming(length=4.0)
    )
    assert report.frames > 20
    deadline = time.monotonic() + 20
    while not (got.is_file() and got.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.2)
    with av.open(str(got)) as container:
        assert next(container.decode(video=0)).width == 64


def test_srt_in(tmp_path, port, listening: Listen, make_clip) -> None:
    """A sender's frames come."""
    clip = make_clip("a.ts", frames=250)
    listening(
        "-re", "-i", clip, "-c", "copy", "-f", "mpegts", f"srt://127.0.0.1:{port}?mode=listener"
    )
    time.sleep(0.5)
    report = sinet_video.live(
        f"srt://127.0.0.1:{port}", tmp_path / "a.mkv", settings=NETWORK,
        streaming=Streaming(length=2.0),
    )  # fmt: skip
    assert report.width == 160
    assert report.frames > 10


def test_srt_to_nobody(port, tmp_path, monkeypatch) -> None:
    """Is an error, with the program's words: that it runs is no proof of a host.

    However long it takes on a busy machine, as here to begin.
    """
    slow = tmp_path / "ffmpeg"
    slow.write_text(f'#!/bin/sh\nsleep 2.5\nexec {shutil.which("ffmpeg")} "$@"\n')
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(OutputError, match=r"ffmpeg ended .* srt://127.0.0.1"):
        sinet_video.live(
            PICTURE, f"srt://127.0.0.1:{port}", settings=NETWORK, streaming=Streaming(length=30.0)
        )
