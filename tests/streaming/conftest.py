"""Live sources and hosts to test with: made pictures, and ffmpeg that listens on loopback."""

from __future__ import annotations

import logging
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from plain_mattes import EVERYTHING

import sinet_video

TEST_PICTURE = "lavfi:testsrc=size=64x48:rate=25,realtime"
"""A device that never ends, in real time."""


@pytest.fixture
def port() -> int:
    """A port that is free."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        number: int = found.getsockname()[1]
    return number


@pytest.fixture
def listening() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start the program ffmpeg with arguments; it is ended after the test."""
    if (program := shutil.which("ffmpeg")) is None:
        pytest.skip("needs the program ffmpeg, which is not installed")
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: object) -> subprocess.Popen[bytes]:
        command = [program, "-v", "error", "-nostdin", "-y", *map(str, arguments)]
        started.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def wait_for_port(port: int) -> Callable[[], None]:
    """Wait until something listens, by the system's table: to connect would take its one turn."""

    if not Path("/proc/net/tcp").exists():
        pytest.skip("who listens is seen in /proc")

    def wait() -> None:
        import time

        wanted = f":{port:04X}"
        for _ in range(200):
            rows = Path("/proc/net/tcp").read_text().splitlines()[1:]
            if any(r.split()[1].endswith(wanted) and r.split()[3] == "0A" for r in rows):
                return
            time.sleep(0.05)
        raise AssertionError("nothing listens")

    return wait


@pytest.fixture
def served_again(port, listening, wait_for_port) -> Iterator[Callable[..., str]]:
    """Serve one clip over TCP in real time, and another a while later; return the address.

    Clips are given as ffmpeg's arguments.
    """
    later: list[threading.Timer] = []

    def serve(first: tuple[object, ...], second: tuple[object, ...], after: float = 1.5) -> str:
        address = f"tcp://127.0.0.1:{port}"
        sent = ("-c", "copy", "-f", "mpegts", f"{address}?listen")
        listening("-re", *first, *sent)
        wait_for_port()
        later.append(threading.Timer(after, lambda: listening("-re", *second, *sent)))
        later[-1].start()
        return address

    yield serve
    for each in later:
        each.join()


@pytest.fixture
def live_until(caplog) -> Callable[..., sinet_video.LiveReport]:
    """Run `live` until so many frames have come since something was logged."""
    caplog.set_level(logging.WARNING, "sinet_video")

    def run(words: str, frames: int, source: str, output: object, **options: float):
        since: list[int] = []

        def note(status: sinet_video.LiveStatus) -> None:
            if any(words in record.getMessage() for record in caplog.records):
                since.append(status.frames)

        return sinet_video.live(
            source,
            output,
            settings=replace(EVERYTHING, allow="network"),
            streaming=sinet_video.Streaming(**options),
            stop=lambda: len(since) > frames,
            progress=note,
        )

    return run
