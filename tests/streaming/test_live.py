"""Live video from end to end: a made picture, files in real time, and hosts on loopback."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import PictureType
from plain_mattes import EVERYTHING

import sinet_video
from sinet_video import (
    Encoding,
    InputError,
    OutputError,
    SettingError,
    Settings,
    Streaming,
    WindowMean,
)
from sinet_video.streaming import live as live_module

PICTURE = "lavfi:testsrc=size=64x48:rate=25,realtime"
NETWORK = replace(EVERYTHING, allow="network")
Listen = Callable[..., subprocess.Popen[bytes]]


def decoded(path: Path) -> list[av.VideoFrame]:
    """The frames of a file."""
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def test_a_file_is_played_in_real_time_and_keeps_its_times(make_clip, tmp_path) -> None:
    """Eight tenths of a second take as long, and each frame has the time that it had."""
    clip = make_clip("a.mp4", frames=20, time_base=Fraction(1, 12800), step=512)
    start = time.monotonic()
    report = sinet_video.live(clip, tmp_path / "a.mkv", settings=EVERYTHING)
    assert time.monotonic() - start >= 19 / 25
    assert report.captured == 20 == report.frames + report.dropped
    assert report.ended == "input ended"
    times = [frame.time for frame in decoded(tmp_path / "a.mkv")]
    assert len(times) == report.frames
    assert all(abs(25 * t - round(25 * t)) < 0.05 for t in times)
    assert times[-1] <= 19 / 25 + 0.002


def test_what_is_slow_drops_and_does_not_queue(tmp_path) -> None:
    """A network of a tenth of a second a frame: three frames of it are the most that one waits."""

    def slow(_: object) -> np.ndarray:
        time.sleep(0.1)
        return np.ones((3, 5), np.float32)

    settings = replace(EVERYTHING, segmenter=slow, following=None)
    report = sinet_video.live(
        PICTURE, tmp_path / "a.mkv", settings=settings, streaming=Streaming(length=2.0)
    )
    assert report.ended == "length"
    assert report.dropped > report.frames > 5
    assert report.latency_95 is not None
    assert 100 <= report.latency_95 < 600


def test_it_ends_whole_when_asked_to(tmp_path) -> None:
    """`stop` is asked by another thread; the file is there then, and plays."""
    seen: list[int] = []
    report = sinet_video.live(
        PICTURE,
        tmp_path / "a.mp4",
        settings=EVERYTHING,
        stop=lambda: len(seen) >= 10,
        progress=lambda status: seen.append(status.frames),
    )
    assert report.ended == "stopped"
    assert seen == list(range(1, report.frames + 1))
    assert len(decoded(tmp_path / "a.mp4")) == report.frames


def test_nothing_is_left_after_an_error(tmp_path) -> None:
    """As of any job."""

    def bad(_: object) -> np.ndarray:
        raise InputError("It broke.")

    with pytest.raises(InputError, match="broke"):
        sinet_video.live(PICTURE, tmp_path / "a.mp4", settings=replace(EVERYTHING, segmenter=bad))
    assert not list(tmp_path.iterdir())


def test_a_listening_ffmpeg_gets_the_frames(tmp_path, port, listening: Listen, wait_for_port):
    """Over TCP; each as H.264 in 4:2:0 without frames that wait for others."""
    got = tmp_path / "got.ts"
    program = listening("-i", f"tcp://127.0.0.1:{port}?listen", "-c", "copy", got)
    wait_for_port()
    report = sinet_video.live(
        PICTURE, f"tcp://127.0.0.1:{port}", settings=NETWORK, streaming=Streaming(length=1.5)
    )
    assert program.wait(20) == 0
    frames = decoded(got)
    assert len(frames) == report.frames > 10
    assert {frame.format.name for frame in frames} == {"yuv420p"}
    assert all(frame.pict_type != PictureType.B for frame in frames)
    assert report.output_lost == report.unsent == 0


def test_a_host_that_goes_away_and_comes_back(
    tmp_path, port, listening: Listen, wait_for_port, live_until, caplog
):
    """It is said once, frames in between are dropped, and the second recording plays."""
    first, second = tmp_path / "1.ts", tmp_path / "2.ts"
    arguments = ("-i", f"tcp://127.0.0.1:{port}?listen", "-c", "copy")
    program = listening(*arguments, first)
    wait_for_port()
    back: list[subprocess.Popen[bytes]] = []

    def change() -> None:
        time.sleep(1)
        program.kill()
        program.wait()
        time.sleep(0.5)
        back.append(listening(*arguments, second))

    changing = threading.Thread(target=change)
    changing.start()
    report = live_until("is back", 20, PICTURE, f"tcp://127.0.0.1:{port}", length=30.0)
    changing.join()
    assert report.ended == "stopped"
    assert report.output_lost == 1
    assert report.unsent > 0
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2
    assert "Waiting for it to come back" in said[0]
    assert "is back after" in said[1]
    assert back[0].wait(20) == 0
    assert len(decoded(second)) > 10


def test_a_host_that_does_not_come_back(port, listening: Listen, wait_for_port) -> None:
    """After as long as was said, it ends."""
    program = listening("-i", f"tcp://127.0.0.1:{port}?listen", "-f", "null", "-")
    wait_for_port()
    threading.Timer(0.7, program.kill).start()
    report = sinet_video.live(
        PICTURE, f"tcp://127.0.0.1:{port}", settings=NETWORK,
        streaming=Streaming(length=30.0, give_up=0.5),
    )  # fmt: skip
    assert report.ended == "output lost"


def test_a_source_that_goes_away_and_comes_back(
    tmp_path, make_clip, served_again, live_until, caplog
):
    """The file goes on at the time that has passed, and is whole."""
    short, long = make_clip("a.ts", frames=25), make_clip("b.ts", frames=500)
    source, got = served_again(("-i", short), ("-i", long)), tmp_path / "a.mkv"
    report = live_until("is back", 3, source, got, length=40.0, give_up=20.0)
    assert report.ended == "stopped", report
    assert report.input_lost == 1
    assert sum("is lost" in r.getMessage() for r in caplog.records) == 1
    times = [frame.time for frame in decoded(got)]
    assert max(after - before for before, after in pairwise(times)) > 0.3
    assert times == sorted(times)


def test_a_source_comes_back_with_another_codec_and_size(
    tmp_path, make_clip, served_again, live_until
):
    """The output keeps its own; frames of another shape get borders and are not distorted."""
    wide = make_clip("a.ts", width=160, height=96, frames=25)
    square = make_clip("b.ts", width=64, height=64, frames=500, codec="mpeg4")
    source, got = served_again(("-i", wide), ("-i", square)), tmp_path / "a.mkv"
    report = live_until("sends 64x64 now", 3, source, got, length=40.0, give_up=20.0)
    assert report.input_lost == 1, report
    frames = decoded(got)
    assert {(frame.width, frame.height) for frame in frames} == {(160, 96)}
    before, after = (each.to_ndarray(format="gray") for each in (frames[0], frames[-1]))
    assert before[:, :24].max() > 40
    assert max(after[:, :28].max(), after[:, -28:].max()) < 25
    assert after[:, 36:-36].mean() > 40


def test_a_source_that_does_not_come_back_leaves_a_whole_file(
    tmp_path, port, make_clip, listening: Listen, wait_for_port
):
    """What there was is there."""
    clip = make_clip("a.ts", frames=25)
    listening("-re", "-i", clip, "-c", "copy", "-f", "mpegts", f"tcp://127.0.0.1:{port}?listen")
    wait_for_port()
    report = sinet_video.live(
        f"tcp://127.0.0.1:{port}", tmp_path / "a.mp4", settings=NETWORK,
        streaming=Streaming(give_up=0.2),
    )  # fmt: skip
    assert report.ended == "input lost"
    assert len(decoded(tmp_path / "a.mp4")) == report.frames > 0


def test_a_playlist_in_a_folder(tmp_path) -> None:
    """HLS that plays; it is not written over unless that is said."""
    playlist = tmp_path / "live.m3u8"
    streaming = Streaming(length=1.5, keyframe_every=0.5)
    report = sinet_video.live(PICTURE, playlist, settings=EVERYTHING, streaming=streaming)
    with av.open(str(playlist)) as container:
        assert sum(1 for _ in container.decode(video=0)) == report.frames
    with pytest.raises(OutputError, match="there already"):
        sinet_video.live(PICTURE, playlist, settings=EVERYTHING, streaming=streaming)


def test_key_frames_come_as_often_as_is_said(tmp_path) -> None:
    """Who joins waits no longer."""
    playlist = tmp_path / "live.m3u8"
    streaming = Streaming(length=2.0, keyframe_every=0.4)
    sinet_video.live(PICTURE, playlist, settings=EVERYTHING, streaming=streaming)
    with av.open(str(playlist)) as container:
        keys = sum(bool(packet.is_keyframe) for packet in container.demux(video=0))
    assert keys >= 4


def test_smoothing_that_waits_is_refused(tmp_path) -> None:
    """But for the default one, which is replaced."""
    settings = replace(EVERYTHING, smoothing=WindowMean(frames=8))
    with pytest.raises(SettingError, match="waits for later frames"):
        sinet_video.live(PICTURE, tmp_path / "a.mp4", settings=settings)
    sinet_video.live(
        PICTURE, tmp_path / "a.mp4", settings=replace(EVERYTHING, smoothing=WindowMean()),
        streaming=Streaming(length=0.3),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("source", "output", "error", "words"),
    [
        (PICTURE, "udp://127.0.0.1:9", InputError, "only if allowed"),
        ("udp://127.0.0.1:9", "a.mp4", InputError, "only if allowed"),
        ("srt://127.0.0.1:9", "a.mp4", InputError, "only if allowed"),
        ("lavfi:movie=a.mp4", "a.mp4", InputError, "other files"),
        ("lavfi:nothing_such", "a.mp4", InputError, "cannot be opened"),
        ("not_there.mp4", "a.mp4", InputError, "There is no file"),
        (PICTURE, "a.gif", SettingError, "image that moves"),
        (PICTURE, "a.xyz", SettingError, "must end in"),
    ],
)
def test_what_cannot_be(tmp_path, source, output, error, words) -> None:
    """In a sentence, and nothing is written."""
    target = output if "://" in output else tmp_path / output
    with pytest.raises(error, match=words):
        sinet_video.live(source, target, settings=EVERYTHING)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("output", "encoding", "error", "words"),
    [
        ("there.mp4", Encoding(), OutputError, "there already"),
        ("a.mp4", Encoding(codec="prores"), SettingError, "does not go into"),
        ("udp://127.0.0.1:9", Encoding(codec="vp9"), SettingError, "does not go into"),
        ("udp://127.0.0.1:9", Encoding(chroma="444"), SettingError, "not 4:4:4"),
    ],
)
def test_what_cannot_be_written_is_said_before_the_input_is_opened(
    tmp_path, monkeypatch, output, encoding, error, words
) -> None:
    """Which takes seconds."""
    monkeypatch.setattr(live_module, "Capture", None)
    (tmp_path / "there.mp4").write_text("mine")
    target = output if "://" in output else tmp_path / output
    with pytest.raises(error, match=words):
        sinet_video.live(PICTURE, target, settings=NETWORK, encoding=encoding)
    assert (tmp_path / "there.mp4").read_text() == "mine"


def test_a_host_that_is_not_there(port) -> None:
    """Is said at once, by its name."""
    with pytest.raises(OutputError, match=f"tcp://127.0.0.1:{port} cannot be written"):
        sinet_video.live(PICTURE, f"tcp://127.0.0.1:{port}", settings=NETWORK)


def test_the_default_settings_are_causal() -> None:
    """The default smoothing of `live` uses no later frame."""
    from sinet_video.streaming.live import CAUSAL

    assert not isinstance(CAUSAL.smoothing, WindowMean)
    assert replace(CAUSAL, smoothing=WindowMean()) == Settings()
