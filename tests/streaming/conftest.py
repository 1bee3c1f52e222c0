"""Live sources and hosts to test with: made pictures, and ffmpeg that listens on loopback."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

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
