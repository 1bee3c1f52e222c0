"""SRT by way of the program ffmpeg, as the libav that PyAV brings has none of it."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import av
from av.container import InputContainer

from sinet_video.decoding.external.process import Program
from sinet_video.errors import InputError, OutputError, reason
from sinet_video.remote.address import scheme_of

RELAYED = frozenset({"srt"})
"""Schemes that go by way of the program."""

_QUIET = ("ffmpeg", "-v", "level+error")
_TOLD = ("-progress", "pipe:1")
_AT_ONCE = ("-probesize", "65536", "-analyzeduration", "100000", "-f", "mpegts")
"""Of our own stream there is nothing to find out."""
_AS_IT_IS = (
    *("-map", "0:v", "-map", "0:a:0?", "-c", "copy", "-f", "mpegts"),
    *("-max_interleave_delta", "10000"),  # microseconds; by default, frames wait for audio for ten
)


def is_relayed(url: object) -> bool:
    """Whether a URL is reached by the program."""
    return scheme_of(str(url)) in RELAYED


@contextmanager
def opened_relay(url: str) -> Iterator[InputContainer]:
    """Open what the program receives. Raises `InputError`."""
    program = Program(
        [*_QUIET, "-nostdin", "-i", url, *_AS_IT_IS, "-"], InputError, stdout=subprocess.PIPE
    )
    try:
        try:
            container: InputContainer = av.open(program.stdout, "r", format="mpegts")
        except (av.FFmpegError, OSError, ValueError) as error:
            program.check(f" before a frame of {url} came")
            raise InputError(f"{url} cannot be opened as a video ({reason(error)}).") from error
        with container:
            yield container
    finally:
        program.stop()
        program.stdout.close()


class Relay:
    """A file to write MPEG-TS into, which the program sends to a host.

    Attributes:
        reached: set once the host is there, as only then the program tells of its progress.
    """

    def __init__(self, url: str) -> None:
        self._url, self.reached = url, threading.Event()
        command = [*_QUIET, *_AT_ONCE, "-i", "-", *_AS_IT_IS, *_TOLD, "-flush_packets", "1", url]
        self._program = Program(command, OutputError, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._input: Any = self._program.stdin
        threading.Thread(target=self._listen, name="relay", daemon=True).start()

    def _listen(self) -> None:
        with self._program.stdout as told:
            while told.read(4096):
                self.reached.set()

    def write(self, data: bytes) -> int:
        """Write all of it; raises `OutputError` with what the program said if that has ended."""
        try:
            written: int = self._input.write(data)
        except OSError as error:
            self._program.check(f" while it sent to {self._url}")
            raise OutputError(f"{self._url} takes no more.") from error
        return written

    def close(self) -> None:
        """End the program, which has a moment to send what is left."""
        try:
            self._input.close()
        except OSError:
            pass  # It has ended, and nothing is left to send.
        self._program.wait(2.0)
        self._program.stop()
