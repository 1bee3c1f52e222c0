"""A command that is stopped ends, tidies up, and says by its exit status what stopped it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).with_name("sinet-video")
STOPPED = 128 + signal.SIGINT


@pytest.fixture
def started() -> Iterator:
    """Start the command; whatever is left of it at the end is killed."""
    running = []

    def start(*words: object, **options: object) -> subprocess.Popen[bytes]:
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
        process = subprocess.Popen([COMMAND, *map(str, words)], **options)
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()
        process.wait()


@pytest.fixture(scope="module")
def long_clip(make_clip) -> Path:
    """Many frames, soon made."""
    return make_clip("long.mp4", width=64, height=48, frames=6000)


def until_there(folder: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until a job has begun to write."""
    deadline = time.monotonic() + 60
    while not any(folder.iterdir()):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("name", ["o.mp4", "images"])
def test_whatever_stops_it_is_told_and_nothing_is_left(sent, name, long_clip, started, tmp_path):
    """As shells expect it: 128 and the signal's number."""
    process = started("run", long_clip, tmp_path / name)
    until_there(tmp_path, process)
    process.send_signal(sent)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 128 + sent, said
    assert b"Traceback" not in said
    assert b"was not made" in said
    assert list(tmp_path.iterdir()) == []


def test_a_hangup_that_is_ignored_stays_so(make_clip, started, tmp_path):
    """Which is what nohup is for."""
    process = started(
        "run", make_clip("short.mp4", frames=40), tmp_path / "o.mp4",
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )  # fmt: skip
    until_there(tmp_path, process)
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert (tmp_path / "o.mp4").exists()


@pytest.mark.parametrize("wait", [0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.9])
@pytest.mark.parametrize("times", [1, 2])
def test_it_may_be_stopped_while_it_is_being_loaded(wait, times, long_clip, started, tmp_path):
    """With one interrupt or with two, without a traceback."""
    process = started("run", long_clip, tmp_path / "o.mp4")
    time.sleep(wait)
    for _ in range(times):
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
    _, said = process.communicate(timeout=30)
    files = [line for line in said.splitlines() if b"File " in line]
    # Before the first line of ours runs, Python itself says what it was at, and its status is 1
    # while it imports `site`.
    assert not [line for line in files if b"/sinet_video/" in line or b"/cli/" in line], said
    assert process.returncode in (STOPPED, -signal.SIGINT) or (files and process.returncode == 1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("after", [b"", b"x" * 100])
def test_a_pipe_that_stands_still_does_not_hold_it(sent, after, started, tmp_path):
    """Standard input of which nothing more comes, and which is not closed."""
    process = started("run", "-", tmp_path / "o.mp4", stdin=subprocess.PIPE)
    process.stdin.write(after)
    process.stdin.flush()
    time.sleep(1.5)
    assert process.poll() is None
    process.send_signal(sent)
    assert process.wait(timeout=15) == 128 + sent
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_stands_still_does_not_hold_it(long_clip, started):
    """Standard output that nobody reads, and that is full."""
    process = started("run", long_clip, "-", "--format", "y4m")
    time.sleep(4)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=15) == 128 + signal.SIGTERM


def test_a_second_signal_ends_it_at_once(started, tmp_path):
    """Without waiting for what it waits for."""
    process = started("run", "-", tmp_path / "o.mp4", stdin=subprocess.PIPE)
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=15) == STOPPED
    assert time.monotonic() - begun < 2


STUCK = """
import signal, sys, time
import numpy as np
from sinet_video import Settings, convert

def segmenter(frame):
    print("begun", flush=True)
    while True:
        time.sleep(0.1)

convert(sys.argv[1], sys.argv[2], settings=Settings(segmenter=segmenter))
"""


def test_a_segmenter_that_never_returns_can_be_interrupted(long_clip, tmp_path):
    """In a program of the user's own, which has Python's own way with signals."""
    words = [sys.executable, "-c", STUCK, str(long_clip), str(tmp_path / "o.mp4")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"begun\n"
        process.send_signal(signal.SIGINT)
        try:
            _, said = process.communicate(timeout=30)
        finally:
            process.kill()
    assert said.splitlines()[-1].startswith(b"KeyboardInterrupt")
    assert process.returncode == -signal.SIGINT
    assert list(tmp_path.iterdir()) == []


def test_the_thread_that_watches_needs_no_more_than_signals(started):
    """It must not keep a command that is done."""
    begun = time.monotonic()
    process = started("--version")
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert time.monotonic() - begun < 10
    assert os.name == "posix"
