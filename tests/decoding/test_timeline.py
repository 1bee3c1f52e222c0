"""Clocks that begin anywhere and anew: every reader places packets alike, and none is lost."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest
from plain_mattes import EVERYTHING

from sinet_video import TimeRange, convert, decode, probe, verify
from sinet_video.decoding.concealment import Tally
from sinet_video.decoding.timeline import Timeline

VIDEO = ("-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=1")
AUDIO = ("-f", "lavfi", "-i", "sine=r=48000:d=1")
CLIP = (*VIDEO, *AUDIO, "-c:v", "libx264", "-bf", "2", "-g", "10", "-c:a", "aac")
SILENT = (*VIDEO, "-c:v", "libx264", "-bf", "2", "-g", "10")


@pytest.fixture
def joined(tmp_path, ffmpeg):
    """Write transport streams end to end: `joined((CLIP, 0), (SILENT, 20_000))`, with offsets."""

    def make(*parts: tuple[tuple[str, ...], int]) -> Path:
        pieces = []
        for arguments, offset in parts:
            ffmpeg("ffmpeg", *arguments, "-output_ts_offset", offset, "-y", tmp_path / "part.ts")
            pieces.append((tmp_path / "part.ts").read_bytes())
        path = tmp_path / "joined.ts"
        path.write_bytes(b"".join(pieces))
        return path

    return make


JOINTS = {
    "one clock": ((CLIP, 0), (CLIP, 0)),
    "hours ahead": ((CLIP, 0), (CLIP, 20_000)),
    "hours back": ((CLIP, 20_000), (CLIP, 0)),
    "there and back": ((CLIP, 0), (CLIP, 20_000), (CLIP, 0)),
    "no audio in the middle": ((CLIP, 0), (SILENT, 0), (CLIP, 0)),
    "a second's gap": ((CLIP, 0), (CLIP, 2)),
}


@pytest.mark.parametrize("joint", JOINTS)
def test_what_follows_a_jump_follows_on(joint, joined, tmp_path):
    """All frames come, evenly but for gaps that there are, and the audio with them."""
    parts = JOINTS[joint]
    path, tally = joined(*parts), Tally()
    frames = list(decode(path, tally=tally))
    assert len(frames) == 25 * len(parts)
    steps = {b.time - a.time for a, b in pairwise(frames)}
    gap = joint == "a second's gap"
    assert steps == {Fraction(1, 25), *([Fraction(24, 25)] if gap else [])}
    assert tally.restarts == (0 if gap else len(parts) - 1)
    report = convert(path, tmp_path / "o.mkv", background="green", settings=EVERYTHING)
    assert report.frames == len(frames)
    assert verify(tmp_path / "o.mkv", path).holds


def test_a_stretch_is_counted_from_the_beginning(joined):
    """Behind a jump, too, and just as when all is read."""
    path = joined((CLIP, 50_000), (CLIP, 0))
    every = [frame for frame in decode(path) if Fraction(3, 2) <= frame.time < Fraction(9, 5)]
    stretch = list(decode(path, TimeRange(Fraction(3, 2), Fraction(9, 5))))
    assert [frame.time + Fraction(3, 2) for frame in stretch] == [frame.time for frame in every]
    assert len(stretch) in (7, 8)
    for one, other in zip(stretch, every, strict=True):
        assert (one.luma == other.luma).all()


def test_a_pipe_is_placed_alike(joined, tmp_path):
    """Standard input has the same frames and audio as the file."""
    path = joined((CLIP, 70_000), (CLIP, 0))
    output = tmp_path / "o.mkv"
    program = Path(sys.executable).parent / "sinet-video"
    command = [program, "run", "-", output, "--background", "green", "-q"]
    with path.open("rb") as file:
        subprocess.run(command, stdin=file, check=True)
    assert verify(output, path).holds


def test_readers_agree(joined):
    """One that wants all packets and one that wants the audio alone place them alike."""
    path = joined((CLIP, 0), (CLIP, 0))
    placed = []
    for wanted in ((), ("audio",)):
        with av.open(str(path)) as container:
            video, audio = container.streams.video[0], container.streams.audio[0]
            streams = (audio,) if wanted else ()
            packets = Timeline(container, video).packets(*streams)
            placed.append([p.pts for p in packets if p.stream.type == "audio" and p.size])
    assert placed[0] == placed[1]
    assert all(b > a for a, b in pairwise(placed[0]))


def test_an_ordinary_file_is_left_alone(carphone):
    """Neither moved nor said to be."""
    clip, tally = probe(carphone), Tally()
    assert clip.origin == 0
    assert next(decode(carphone, tally=tally)).pts == clip.start
    assert tally == Tally()


def test_audio_that_jumps_alone_is_not_waited_for(joined, tmp_path, ffmpeg):
    """Where the frames have ended, or go on as they did, it goes on by itself."""
    pid = ("-mpegts_start_pid", 257)  # that of the audio above
    ffmpeg("ffmpeg", *AUDIO, "-c:a", "aac", *pid, tmp_path / "audio.ts")
    path = joined((CLIP, 0))
    path.write_bytes(path.read_bytes() + (tmp_path / "audio.ts").read_bytes())
    with av.open(str(path)) as container:
        timeline = Timeline(container, container.streams.video[0])
        placed = [p.dts for p in timeline.packets() if p.stream.type == "audio" and p.size]
    assert len(placed) > 60
    assert all(b > a for a, b in pairwise(placed))
