"""Each example runs, on a real clip, and leaves what it says."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import sinet_video

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(name: str, *arguments: Path, cwd: Path) -> str:
    """Run an example and return what it prints."""
    command = [sys.executable, str(EXAMPLES / name), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_composite(carphone: Path, tmp_path: Path) -> None:
    """A frame stands behind the person."""
    room = tmp_path / "room.png"
    Image.new("RGB", (320, 240), (200, 30, 30)).save(room)
    out = tmp_path / "out.mp4"
    run("composite.py", carphone, room, out, cwd=tmp_path)
    corner = next(iter(sinet_video.decode(out))).rgb[:20, :20].mean((0, 1))
    assert corner == pytest.approx([200, 30, 30], abs=12)


def test_alpha_export(carphone: Path, tmp_path: Path) -> None:
    """The clip has alpha, and the matte is beside it."""
    out = tmp_path / "out.mov"
    printed = run("alpha_export.py", carphone, out, cwd=tmp_path)
    assert "straight alpha" in printed
    assert sinet_video.probe(out).pixel_format.startswith("yuva444p")
    assert sinet_video.probe(tmp_path / "out_matte.mkv").pixel_format == "gray"


def test_over_video(carphone: Path, make_clip, tmp_path: Path) -> None:
    """A shorter video stands behind the person and loops."""
    out = tmp_path / "out.mp4"
    run("over_video.py", carphone, make_clip(frames=10), out, cwd=tmp_path)
    assert sinet_video.probe(out).frames == 120


def test_frame_loop(carphone: Path, tmp_path: Path) -> None:
    """The user's own generator is seen in the result: at first all is background."""
    out = tmp_path / "out.mp4"
    printed = run("frame_loop.py", carphone, out, cwd=tmp_path)
    assert len(printed.splitlines()) == 120
    first = next(iter(sinet_video.decode(out))).rgb
    assert first.reshape(-1, 3).std(axis=0).max() < 3


def test_ffmpeg_pipe(carphone: Path, tmp_path: Path) -> None:
    """What ffmpeg wrote has all frames."""
    if not shutil.which("ffmpeg"):
        pytest.skip("needs the program ffmpeg, which is not installed")
    out = tmp_path / "out.mp4"
    run("ffmpeg_pipe.py", carphone, out, cwd=tmp_path)
    assert sinet_video.probe(out).frames == 120


def test_demo(tmp_path: Path) -> None:
    """The demo leaves two videos and a frame, and says where."""
    printed = run("demo.py", cwd=tmp_path)
    for name in ("carphone_green.mp4", "carphone_alpha.webm", "before_matte_after.png"):
        assert (tmp_path / "demo" / name).stat().st_size > 10_000
        assert name in printed


def test_an_example_on_a_missing_clip_fails(tmp_path: Path) -> None:
    """An example does not hide the library's errors."""
    command = [sys.executable, str(EXAMPLES / "composite.py"), "no.mp4", "no.png", "out.mp4"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode != 0
    assert "There is no file no.mp4" in done.stderr
