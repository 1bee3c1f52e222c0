"""A source is the same file however often it is opened, and as long as it was."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from plain_mattes import EVERYTHING

from sinet_video import InputError, convert, decode, probe
from sinet_video.decoding import pipe
from sinet_video.encoding import side_streams


def test_another_file_under_the_name_is_noticed(make_clip):
    """Frames of one file and audio of another never come together."""
    source, other = make_clip("one.mp4", audio=True), make_clip("two.mp4", audio=True)
    clip = probe(source)
    other.replace(source)
    with pytest.raises(InputError, match="replaced by another file"):
        list(decode(clip))


def test_the_audio_is_of_the_same_file(make_clip, tmp_path, monkeypatch):
    """Where the name goes to another file between the frames' opening and the audio's."""
    source, other = make_clip("one.mp4", audio=True), make_clip("two.mp4", audio=True)
    opened = side_streams.opened

    def replacing(given):
        if other.exists():
            other.replace(source)
        return opened(given)

    monkeypatch.setattr(side_streams, "opened", replacing)
    with pytest.raises(InputError, match="replaced by another file"):
        convert(source, tmp_path / "o.mp4", background="green", settings=EVERYTHING)
    assert not list(tmp_path.iterdir())


def test_a_name_that_goes_to_the_same_file_is_well(make_clip, tmp_path):
    """A link is the file that it leads to."""
    link = tmp_path / "link.mp4"
    link.symlink_to(make_clip("one.mp4"))
    assert len(list(decode(probe(link)))) == 12


@pytest.mark.parametrize("name", ["a.ts", "a.mp4"])
def test_a_file_that_was_cut_while_it_was_read(name, tmp_path, ffmpeg):
    """No kind of file is taken for whole then."""
    path = tmp_path / name
    ffmpeg(
        "ffmpeg", "-f", "lavfi", "-i", "testsrc2=s=320x240:r=25:d=4", "-c:v", "mpeg2video",
        "-q:v", 1, path,
    )  # fmt: skip
    frames = decode(path)
    next(frames)
    os.truncate(path, path.stat().st_size * 3 // 4)
    with pytest.raises(InputError, match=r"shorter while it was read|damaged"):
        list(frames)


def test_a_pipe_s_other_streams_are_bounded_in_bytes(tmp_path, ffmpeg, monkeypatch):
    """However few packets they come in."""
    path = tmp_path / "a.mkv"
    ffmpeg(
        "ffmpeg", "-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=2,setpts=PTS+60/TB", "-f", "lavfi",
        "-i", "anoisesrc=r=48000:d=62", "-c:v", "ffv1", "-c:a", "pcm_s16le", path,
    )  # fmt: skip
    limited = (
        "import sys; from pathlib import Path; from sinet_video import *\n"
        "from sinet_video.decoding import pipe; pipe.MOST_BYTES = 1 << 20\n"
        "try: convert('-', sys.argv[1], background='green')\n"
        "except InputError as error: print(error)"
    )
    with path.open("rb") as file:
        done = subprocess.run(
            [sys.executable, "-c", limited, tmp_path / "o.mp4"],
            stdin=file, capture_output=True, text=True, check=True,
        )  # fmt: skip
    assert "more than 1 MiB of other streams" in done.stdout
    assert pipe.MOST_BYTES >= 1 << 26
