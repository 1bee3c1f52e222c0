"""Whether a file is all there: what its container says of its own size, and its checksums."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from av.container import InputContainer

EBML, SEGMENT, CRC = 0x1A45DFA3, 0x18538067, 0xBF
"""Elements of Matroska and WebM files, RFC 9559; a checksum's one covers what comes after it."""

CRC_SIZE = 6
CHUNK = 1 << 20


def damage(file: BinaryIO, container: InputContainer) -> str | None:
    """Return what is missing or wrong in a file, as the rest of "It ...", or None if nothing is.

    In MP4 and MOV files the samples must lie within the file; Matroska, WebM and AVI files must be
    as long as they say, and Matroska's checksums must agree. Other kinds do not say.

    `file` is the same one as the container's, opened before it was read: by then its name may be
    another's.
    """
    kind, size = container.format.name, os.fstat(file.fileno()).st_size
    file.seek(0)
    if "matroska" in kind:
        return _matroska_damage(file, size)
    if "mp4" in kind:
        return _missing(_end_of_samples(container), size)
    if kind == "avi":
        return _missing(_end_of_riff(file), size)
    return None


def _missing(end: int, size: int) -> str | None:
    return f"is cut off: {end - size} of its bytes are missing" if end > size else None


def _end_of_samples(container: InputContainer) -> int:
    indices = [stream.index_entries for stream in container.streams]
    return max((index[-1].pos + index[-1].size for index in indices if len(index)), default=0)


def _end_of_riff(file: BinaryIO) -> int:
    return int.from_bytes(file.read(8)[4:], "little") + 8


def _matroska_damage(file: BinaryIO, size: int) -> str | None:
    for element, end in _elements(file, size):
        if element == SEGMENT:
            return _missing(end, size) or _wrong_checksum(file, end)
    return "has no segment"


def _wrong_checksum(file: BinaryIO, end: int) -> str | None:
    for _, after in _elements(file, end):
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


def _elements(file: BinaryIO, end: int) -> Iterator[tuple[int, int]]:
    """Yield each element's name and its end, the file standing at its content.

    One that does not say how long it is, as those of live streams do not, goes on to `end`.
    """
    while file.tell() < end:
        name, length = _number(file), _number(file, marked=True)
        if name is None:
            return
        after = file.tell() + length if length is not None else end
        yield name, after
        file.seek(after, os.SEEK_SET)


def _number(file: BinaryIO, *, marked: bool = False) -> int | None:
    """Read a number of variable length; with `marked`, without the bit that marks its length."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    length = 9 - first[0].bit_length()
    value = int.from_bytes(first + file.read(length - 1))
    if not marked:
        return value
    marker = 1 << 7 * length
    # All ones is "unknown".
    return None if value == 2 * marker - 1 else value - marker
