"""Bytes from a pipe, as libav reads them; an MP4 whose index is at its end is buffered first.

libav cannot go back in a pipe, and MP4 and MOV have their index, without which nothing in them can
be decoded, after the frames unless they were written for streaming. Such a file goes to a temporary
file, which has no name and is gone when the process ends, however it ends.
"""

from __future__ import annotations

import os
import stat
import tempfile
from typing import BinaryIO, Protocol

from sinet_video.errors import InputError, SettingError

LIMIT = "SINET_VIDEO_PIPE_BUFFER"
"""The environment variable for how many gigabytes may be buffered."""

GIGABYTES = 4.0
"""How many, if it is not set."""

HEAD = 1 << 20
"""Bytes within which the first frame, or the index, must begin for a pipe to be looked into."""

INDEX, FRAMES = (b"moov", b"moof", b"meta"), b"mdat"
"""Boxes by which an MP4 can be read from its start on, and the one of its frames."""

FIRST = (b"ftyp", b"styp", b"wide", b"free", b"skip", b"pnot", *INDEX, FRAMES)
"""Boxes that such files begin with."""

CHUNK = 1 << 20


class Readable(Protocol):
    """What libav can be given in place of a name."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to so many bytes; none at the end."""


class _Joined:
    """Bytes that were read already, and the pipe after them; it cannot go back."""

    def __init__(self, head: bytes, pipe: BinaryIO) -> None:
        self._head, self._pipe = head, pipe

    def read(self, size: int = -1, /) -> bytes:
        """As `Readable` says."""
        if not self._head:
            return self._pipe.read(size)
        piece, self._head = self._head[:size], self._head[size:]
        return piece


def readable(pipe: BinaryIO, said: str) -> Readable:
    """Return what to read a pipe by, from its start; `said` is its name for messages.

    The pipe must be unbuffered. Raises `InputError` for an MP4 that must be buffered and is larger
    than allowed, or than the disk has room for.
    """
    if stat.S_ISREG(os.fstat(pipe.fileno()).st_mode):
        return pipe  # a file by redirection, in which libav can go back
    head = _Head(pipe)
    if not head.frames_come_first():
        return _Joined(bytes(head.data), pipe)
    return _buffered(bytes(head.data), pipe, said)


class _Head:
    """The first bytes of a pipe, read as far as they are asked for."""

    def __init__(self, pipe: BinaryIO) -> None:
        self.data, self._pipe = bytearray(), pipe

    def frames_come_first(self) -> bool:
        """Whether this is an MP4 or MOV whose frames come before its index."""
        at = 0
        while (box := self._box(at)) is not None:
            size, kind = box
            if kind in INDEX or (at == 0 and kind not in FIRST):
                return False
            if kind == FRAMES:
                return True
            if size < 8:  # to the end of the file, or no box
                return False
            at += size
        return False

    def _box(self, at: int) -> tuple[int, bytes] | None:
        """Return the length and the kind of the box at a place, if it is near and there is one."""
        if at + 8 > HEAD or not self._reaches(at + 8):
            return None
        size, kind = (
            int.from_bytes(self.data[at : at + 4], "big"),
            bytes(self.data[at + 4 : at + 8]),
        )
        if size == 1:
            size = (
                int.from_bytes(self.data[at + 8 : at + 16], "big") if self._reaches(at + 16) else 0
            )
        return size, kind

    def _reaches(self, end: int) -> bool:
        while len(self.data) < end and (piece := self._pipe.read(end - len(self.data))):
            self.data += piece
        return len(self.data) >= end


def limit() -> float:
    """Return how many gigabytes may be buffered. Raises `SettingError` for what is no number."""
    given = os.environ.get(LIMIT) or str(GIGABYTES)
    try:
        number = float(given)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise SettingError(f"{LIMIT} is {given!r}; give a number of gigabytes, such as 8.")
    return number


def _buffered(head: bytes, pipe: BinaryIO, said: str) -> Readable:
    most = limit()
    file = tempfile.TemporaryFile(prefix="sinet-video-")  # noqa: SIM115  who reads it closes it
    try:
        piece = head
        while piece:
            file.write(piece)
            if file.tell() > most * 10**9:
                raise InputError(
                    f"{said} is an MP4 or MOV with its index at the end, and larger than the "
                    f"{most:g} GB that are buffered; give the file by its name, pipe it with "
                    f"ffmpeg's -movflags +faststart, or set {LIMIT} to more gigabytes."
                )
            piece = pipe.read(CHUNK)
        file.flush()
    except OSError as error:
        file.close()
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"{said} is an MP4 or MOV with its index at the end, and cannot be buffered in "
            f"{tempfile.gettempdir()} ({error.strerror}); give the file by its name, or set TMPDIR "
            "to a folder with more room."
        ) from error
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file
