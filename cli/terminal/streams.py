"""Standard streams that are closed, full, or whose reader has left.

What is said on stderr is for whoever looks: that nobody does, does not harm a result. What goes to
stdout is a result.
"""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any

from sinet_video.errors import OutputError
from sinet_video.words import printable


def open_closed_streams() -> None:
    """Give the numbers of standard streams that are closed to the null device.

    Else the next file that is opened has such a number, and gets what libraries tell stderr.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free, which is this


def escape_what_is_lacking() -> None:
    """Let standard output, as standard error does, have an escape for what its encoding lacks.

    On Windows that of a file or a pipe has few letters.
    """
    if isinstance(sys.stdout, TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")


class Unheard:
    """A text stream to which writing never fails: what cannot be said is not.

    Nor does it pass on what a terminal would obey, but for line breaks and what begins a line anew.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write if that can be done."""
        try:
            return self._stream.write(_spoken(text))
        except OSError:
            _silence(self._stream)
            return len(text)

    def flush(self) -> None:
        """Flush if that can be done."""
        try:
            self._stream.flush()
        except OSError:
            _silence(self._stream)


def _silence(stream: IO[str]) -> None:
    """Lead a stream to the null device, so that nothing fails when Python flushes it at its end."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)


def write_stdout(text: str) -> None:
    """Write a line that is a result; raises `OutputError` when it does not arrive."""
    from sinet_video.atomic import translate_write_errors

    if sys.stdout is None:
        raise OutputError("Standard output is closed, so the result cannot be written there.")
    try:
        with translate_write_errors(Path("Standard output")):
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()
    except OutputError:
        _silence(sys.stdout)
        raise


def _spoken(text: str) -> str:
    """Return what is said without what terminals obey; bytes are the stream's to refuse."""
    if not isinstance(text, str):
        return text
    return printable(text, but="\n\r\t")
