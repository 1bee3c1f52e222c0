"""An MP4 through a pipe: as it comes if its index is first, buffered if it is last."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import BinaryIO

import pytest

from sinet_video import InputError
from sinet_video.containers.pipe_input import LIMIT, readable

COMMAND = [sys.executable, "-m", "sinet_video"]
QUICK = ["--refine", "bilinear", "--smooth", "off", "--quiet"]
FLAGS = {
    "last": (),
    "first": ("-movflags", "+faststart"),
    "fragments": ("-movflags", "+frag_keyframe+empty_moov"),
}


@pytest.fixture(scope="module")
def clip(make_clip) -> Path:
    """Pictures and audio."""
    return make_clip("talk.mp4", audio=True)


@pytest.fixture(params=[(name, kind) for kind in ("mp4", "mov") for name in FLAGS], ids="-".join)
def piped(request, clip, ffmpeg, tmp_path) -> tuple[str, Path]:
    """Where the index is, and such a file."""
    name, kind = request.param
    path = tmp_path / f"{name}.{kind}"
    ffmpeg("ffmpeg", "-i", clip, "-c", "copy", *FLAGS[name], path)
    return name, path


def through_a_pipe(path: Path, *words: object, **variables: str) -> subprocess.CompletedProcess:
    """Run the command, with the file as a pipe's other end gives it."""
    command = [str(word) for word in (*COMMAND, *words)]
    with subprocess.Popen(["cat", path], stdout=subprocess.PIPE) as sender:
        return subprocess.run(
            command, stdin=sender.stdout, env={**os.environ, **variables},
            capture_output=True, text=True, check=False,
        )  # fmt: skip


def is_buffered(path: Path, monkeypatch) -> bool:
    """Whether a file through a pipe goes to a temporary one; its bytes are the file's."""
    made: list[BinaryIO] = []
    original = tempfile.TemporaryFile
    monkeypatch.setattr(
        tempfile, "TemporaryFile", lambda **k: made.append(original(**k)) or made[0]
    )
    with subprocess.Popen(["cat", path], stdout=subprocess.PIPE, bufsize=0) as sender:
        file, found = readable(sender.stdout, "The pipe"), b""
        while piece := file.read(1000):
            found += piece
    for each in made:
        each.close()
    assert found == path.read_bytes()
    return bool(made)


@pytest.mark.parametrize("content", [b"", b"\0", b"\0\0\0\x08mdat", b"\0\0\0\0ftyp" + b"x" * 99,
                                     b"\x1aE\xdf\xa3" + bytes(100), b"\0\0\0\x01ftyp" + b"\xff" * 8,
                                     b"\0\0\0\x08free" * 1000])  # fmt: skip
def test_whatever_comes_is_read_to_its_end(content, tmp_path, monkeypatch):
    """Boxes of any length, and what are none."""
    (tmp_path / "a").write_bytes(content)
    is_buffered(tmp_path / "a", monkeypatch)


def test_a_job_gives_what_it_gives_of_the_file(piped, tmp_path):
    """Audio too."""
    _, path = piped
    done = through_a_pipe(path, "run", "-", tmp_path / "piped.mp4", *QUICK)
    assert done.returncode == 0, done.stderr
    named = [*COMMAND, "run", path, tmp_path / "named.mp4", *QUICK]
    subprocess.run(list(map(str, named)), check=True)
    assert frames_of(tmp_path / "piped.mp4") == frames_of(tmp_path / "named.mp4")


def frames_of(path: Path) -> str:
    """Checksums of all that ffmpeg decodes of a file."""
    return subprocess.run(
        ["ffmpeg", "-v", "error", "-i", path, "-map", "0", "-f", "framemd5", "-"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip


def test_a_file_by_redirection_need_not_be_buffered(clip, monkeypatch):
    """libav can go back in it."""
    monkeypatch.setenv(LIMIT, "0")
    with clip.open("rb", buffering=0) as pipe:
        assert readable(pipe, "Standard input") is pipe
    with clip.open("rb") as stdin:
        done = subprocess.run(
            [*COMMAND, "info", "-"], stdin=stdin, capture_output=True, check=False
        )
    assert done.returncode == 0, done.stderr


def test_more_than_is_allowed_is_refused_with_the_limit(clip, tmp_path):
    """In a sentence that says what to do, and nothing is left."""
    done = through_a_pipe(
        clip, "run", "-", tmp_path / "o.mp4", *QUICK, SINET_VIDEO_PIPE_BUFFER="0.000001",
        TMPDIR=str(tmp_path),
    )  # fmt: skip
    assert done.returncode == 1
    assert "larger than the 1e-06 GB that are buffered" in done.stderr
    assert LIMIT in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("given", ["much", "-1", "nan", "inf"])
def test_a_limit_that_is_no_number_is_refused(given, clip, tmp_path):
    """By its name."""
    done = through_a_pipe(clip, "info", "-", SINET_VIDEO_PIPE_BUFFER=given)
    assert done.returncode == 2
    assert f"{LIMIT} is {given!r}" in done.stderr


def test_a_full_disk_is_told(clip, monkeypatch):
    """With the place where room is needed."""

    class Full:
        def write(self, _: bytes) -> int:
            raise OSError(28, "No space left on device")

        def close(self) -> None: ...

    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: Full())
    said = pytest.raises(InputError, match=r"No space left on device.*TMPDIR")
    with subprocess.Popen(["cat", clip], stdout=subprocess.PIPE, bufsize=0) as sender, said:
        readable(sender.stdout, "The pipe")
