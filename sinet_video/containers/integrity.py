"""Whether a file is complete, according to the sizes and checksums in its container."""

from __future__ import annotations

import mmap
import os
import zlib
from collections.abc import Sequence
from typing import BinaryIO

from av.container import InputContainer

from sinet_video.containers.demuxers import demuxer_of
from sinet_video.containers.ebml import SEGMENT, walk
from sinet_video.containers.isobmff import boxes

CRC = 0xBF
"""The checksum of what comes after it in an element of Matroska and WebM files, RFC 9559."""

CRC_SIZE = 6
CHUNK = 1 << 20

UNKNOWN = frozenset({0, 0xFFFFFFFF})
"""Lengths of a RIFF file that was written to where nobody could go back and say it."""


def cut_off(file: BinaryIO, container: InputContainer) -> str | None:
    """Return what is missing or too much at a file's end, as the rest of "It ...", or None.

    Reads headers only. In MP4 and MOV files the samples must lie within the file; Matroska, WebM
    and AVI files must be as long as they say, if they do. Other kinds do not say.

    `file` is the same one as the container's, opened before it was read: by then its name may be
    another's.
    """
    demuxer, size = demuxer_of(container.format.name), os.fstat(file.fileno()).st_size
    file.seek(0)
    if demuxer.length == "segment":
        ends = [end for element, end in walk(file, size) if element == SEGMENT]
        return _missing(ends[0], size) or _joined(ends) if ends else "has no segment"
    if demuxer.length == "samples":
        heads = [content for kind, content in boxes(file, 0, size) if kind == b"moov"]
        return _missing(_end_of_samples(container), size) or _joined(heads)
    if demuxer.length == "riff":
        return _missing(_end_of_riff(file), size)
    return _joined(_starts(file, demuxer.head)) if demuxer.head else None


def _starts(file: BinaryIO, head: bytes) -> list[int]:
    """Return where a file's head comes in it, at most two places."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        second = data.find(head, 1)
    return [0] if second < 0 else [0, second]


def _joined(parts: Sequence[object]) -> str | None:
    """Say that there are several files in one, as `cat` makes; libav reads the first rightly."""
    if len(parts) < 2:
        return None
    return f"is {len(parts)} files end to end, of which only the first can be read"


def damage(file: BinaryIO, container: InputContainer) -> str | None:
    """Return what is missing or wrong in a file that was read, as `cut_off` does.

    Reads all of a Matroska or WebM file, whose checksums must agree.
    """
    missing = cut_off(file, container)
    if missing or not demuxer_of(container.format.name).checksums:
        return missing
    size = os.fstat(file.fileno()).st_size
    file.seek(0)
    end = _segment(file, size)
    return _wrong_checksum(file, end) if end is not None else None


def _segment(file: BinaryIO, size: int) -> int | None:
    """Return where a Matroska file's segment ends, the file standing at its content."""
    return next((end for element, end in walk(file, size) if element == SEGMENT), None)


def _missing(end: int, size: int) -> str | None:
    return f"is cut off: {end - size} of its bytes are missing" if end > size else None


def _end_of_samples(container: InputContainer) -> int:
    indices = [stream.index_entries for stream in container.streams]
    return max((index[-1].pos + index[-1].size for index in indices if len(index)), default=0)


def _end_of_riff(file: BinaryIO) -> int:
    length = int.from_bytes(file.read(8)[4:], "little")
    return 0 if length in UNKNOWN else length + 8


def _wrong_checksum(file: BinaryIO, end: int) -> str | None:
    for _, after in walk(file, end):
        start = file.tell()
        if after > end:
            return f"is damaged at byte {start}"
        head = file.read(CRC_SIZE) if after - start > CRC_SIZE else b""
        if head[:1] == CRC.to_bytes() and _crc(file, after) != int.from_bytes(head[2:], "little"):
            return f"is damaged between bytes {start} and {after}, where a checksum does not agree"
    return None


def _crc(file: BinaryIO, end: int) -> int:
    crc = 0
    while chunk := file.read(min(CHUNK, end - file.tell())):
        crc = zlib.crc32(chunk, crc)
    return crc
