"""Audio of live video: in time with the frames, whatever becomes of those."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from made_flashes import EVERY, clip_of_flashes, offsets
from plain_mattes import EVERYTHING

import sinet_video
from sinet_video import Encoding, Streaming
from sinet_video.streaming.address import target_of
from sinet_video.streaming.audio_output import AudioOutput
from sinet_video.streaming.audio_queue import AudioQueue
from sinet_video.streaming.clock import LiveClock
from sinet_video.streaming.file_audio import FileAudio, file_format
from sinet_video.streaming.stream_sink import StreamSink, plan_stream

NETWORK = replace(EVERYTHING, allow="network")
Listen = Callable[..., subprocess.Popen[bytes]]

CLOSE = 0.04
"""Seconds that a beep may be from its flash: a frame."""


def check_offsets(path: Path, least: int, silent: int = 0) -> None:
    """Flashes and beeps belong together; so many flashes may be without theirs."""
    found = offsets(path)
    heard = [each for each in found if abs(each) < EVERY / 2]
    assert len(heard) >= max(least, len(found) - silent), found
    assert max(map(abs, heard)) < CLOSE, found


def codecs(path: Path) -> list[str]:
    """The codecs of a file's audio."""
    with av.open(str(path)) as container:
        return [each.codec_context.codec.canonical_name for each in container.streams.audio]


def run_to_host(
    clip: object, got: Path, port: int, listening: Listen, wait: Callable[[], None], **more: object
) -> sinet_video.LiveReport:
    """Send to a listening ffmpeg, which writes what it gets to a file."""
    program = listening("-i", f"tcp://127.0.0.1:{port}?listen", "-c", "copy", got)
    wait()
    report = sinet_video.live(clip, f"tcp://127.0.0.1:{port}", settings=NETWORK, **more)
    assert program.wait(20) == 0
    return report


@pytest.mark.parametrize(
    ("codec", "name", "done"), [("aac", "a.mp4", "copied"), ("flac", "a.mkv", "encoded")]
)
def test_a_host_gets_audio_in_time(
    tmp_path, port, listening: Listen, wait_for_port, codec, name, done
) -> None:
    """As it is, or as AAC if MPEG-TS cannot hold it, which is said."""
    clip, got = clip_of_flashes(tmp_path / name, 2.5, codec), tmp_path / "got.mkv"
    report = run_to_host(clip, got, port, listening, wait_for_port)
    assert codecs(got) == ["aac"]
    assert report.audio == done
    assert [w for w in report.warnings if "re-encoded as aac" in w] == report.warnings
    assert len(report.warnings) == (done == "encoded")
    check_offsets(got, 2)


def test_audio_is_whole_where_frames_are_dropped(tmp_path) -> None:
    """By a network that takes a third of a second: few frames are left, and all of the audio."""

    def slow(_: object) -> np.ndarray:
        time.sleep(0.3)
        return np.ones((3, 5), np.float32)

    clip, got = clip_of_flashes(tmp_path / "a.mp4", 2.4, "aac"), tmp_path / "got.mkv"
    report = sinet_video.live(clip, got, settings=replace(EVERYTHING, segmenter=slow))
    assert report.dropped > 30
    assert packets(got) >= packets(clip) - 2  # the one that primes the decoder is not played


@pytest.mark.parametrize(("video", "audio"), [(1.0, 2.2), (2.2, 1.0)])
def test_audio_of_a_file_is_played_to_its_end(tmp_path, ffmpeg, video, audio) -> None:
    """In real time, also where frames end before; where it ends before, frames go on."""
    clip, got = tmp_path / "a.mp4", tmp_path / "got.mkv"
    ffmpeg(
        "ffmpeg", "-f", "lavfi", "-i", f"testsrc2=s=64x48:r=25:d={video}",
        "-f", "lavfi", "-i", f"sine=r=48000:d={audio}", "-c:a", "aac", clip,
    )  # fmt: skip
    start = time.monotonic()
    report = sinet_video.live(clip, got, settings=EVERYTHING)
    assert time.monotonic() - start >= max(video, audio) - 0.3
    assert packets(got) >= packets(clip) - 1  # the one that primes the decoder is not played
    assert report.seconds == pytest.approx(video - 0.04, abs=0.2)
    assert report.ended == "input ended"


def packets(path: Path) -> int:
    """How many packets of audio a file has."""
    with av.open(str(path)) as container:
        return sum(bool(packet.size) for packet in container.demux(audio=0))


def test_a_source_that_comes_back_has_its_audio_in_time(tmp_path, served_again, live_until) -> None:
    """Though its clock is another one."""
    clip = clip_of_flashes(tmp_path / "a.ts", 30, "aac")
    source = served_again(("-t", "1.5", "-i", clip), ("-ss", "5", "-i", clip), after=2.5)
    report = live_until("is back", 40, source, tmp_path / "got.mkv", length=40.0, give_up=20.0)
    assert report.input_lost == 1
    # What a host has kept comes at once, where there is no time for its beeps.
    check_offsets(tmp_path / "got.mkv", 3, silent=2)


def test_a_device_may_have_audio(tmp_path) -> None:
    """As a made picture with a made tone has."""
    device = (
        "lavfi:testsrc=size=64x48:rate=25,realtime[out0];"
        "sine=frequency=440:sample_rate=48000,arealtime[out1]"
    )
    report = sinet_video.live(
        device, tmp_path / "a.mp4", settings=EVERYTHING, streaming=Streaming(length=1.0)
    )
    assert (report.audio, codecs(tmp_path / "a.mp4")) == ("encoded", ["aac"])


@pytest.mark.parametrize(
    ("choice", "kept", "done"),
    [("copy", ["aac"], "copied"), ("encode", ["aac"], "encoded"), ("none", [], "none")],
)
def test_audio_as_is_asked_for(tmp_path, choice, kept, done) -> None:
    """By the setting that `convert` has."""
    clip = clip_of_flashes(tmp_path / "a.mp4", 0.8, "aac")
    for name in ("b.mp4", "b.m3u8"):
        report = sinet_video.live(
            clip, tmp_path / name, settings=EVERYTHING, encoding=Encoding(audio=choice)
        )
        assert (report.audio, codecs(tmp_path / name)) == (done, kept)
        assert report.warnings == []


def test_an_output_without_audio_says_so(tmp_path) -> None:
    """As images have none."""
    clip = clip_of_flashes(tmp_path / "a.mp4", 0.4, "aac")
    report = sinet_video.live(clip, tmp_path / "a.%03d.png", settings=EVERYTHING)
    assert report.warnings == ["The output has no audio: that of the input is left out."]


def test_audio_goes_on_while_frames_do_not(tmp_path, port) -> None:
    """What has come is sent, without a frame from after it."""
    clip = clip_of_flashes(tmp_path / "a.mp4", 2.0, "aac")
    with socket.create_server(("127.0.0.1", port)) as server:
        target = target_of(f"tcp://127.0.0.1:{port}")
        queue = AudioQueue(LiveClock())
        found = sinet_video.probe(clip)
        queue.format = file_format(found)
        plan = plan_stream(target, found, "rgb", Encoding(), Streaming())
        sink = StreamSink(
            target, found, "rgb", plan, lambda output: AudioOutput(queue, output, "copy")
        )
        host, _ = server.accept()
        with host:
            frame = next(sinet_video.decode(found))
            sink.write(sinet_video.Matte(frame, np.ones((48, 64), np.float32)))
            FileAudio(found, queue).until(Fraction(2), Fraction(0))
            sink.go_on()
            (tmp_path / "got.ts").write_bytes(received(host))
            sink.abandon()
    assert packets(tmp_path / "got.ts") > 60


def received(host: socket.socket) -> bytes:
    """What has been sent so far."""
    host.settimeout(1.0)
    found = b""
    try:
        while data := host.recv(1 << 16):
            found += data
    except TimeoutError:
        pass
    return found


def test_a_listening_rtsp_server_gets_audio_in_time(
    tmp_path, port, listening: Listen, wait_for_port
) -> None:
    """Which is told of both in words before the first packet."""
    clip, got = clip_of_flashes(tmp_path / "a.mp4", 2.5, "aac"), tmp_path / "got.mkv"
    url = f"rtsp://127.0.0.1:{port}/live"
    options = ("-rtsp_flags", "listen", "-rtsp_transport", "tcp")
    program = listening(*options, "-i", url, "-c", "copy", got)
    wait_for_port()
    report = sinet_video.live(clip, url, settings=NETWORK)
    assert program.wait(20) == 0
    assert (report.audio, codecs(got)) == ("copied", ["aac"])
    check_offsets(got, 2)
