"""Reading and writing the elements of Matroska and WebM files (RFC 8794, RFC 9559)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import BinaryIO

SEGMENT, TRACKS, TRACK = 0x18538067, 0x1654AE6B, 0xAE

SIZE = 8
"""Bytes used for written sizes: the maximum."""


@dataclass(frozen=True)
class Element:
    """A part of the file, from the first byte of its ID to the last byte of its content."""

    name: int
    start: int
    content: int
    end: int


def elements(data: bytes, at: int, end: int) -> Iterator[Element]:
    """Yield the elements between two positions."""
    while at < end:
        name_length = _length(data[at])
        size_at = at + name_length
        size_length = _length(data[size_at])
        mask = (1 << 7 * size_length) - 1
        content = size_at + size_length
        size = int.from_bytes(data[size_at:content]) & mask
        yield Element(int.from_bytes(data[at:size_at]), at, content, content + size)
        at = content + size


def in_segment(data: bytes) -> Iterator[Element]:
    """Yield the elements in the segment of a file, or of its start."""
    (segment,) = (e for e in elements(data, 0, len(data)) if e.name == SEGMENT)
    return elements(data, segment.content, len(data))


def _length(first: int) -> int:
    """Return the length of a number in bytes, encoded in its first byte."""
    return 9 - first.bit_length()


def written(name: int, content: bytes) -> bytes:
    """Return the bytes of an element."""
    size = (1 << 7 * SIZE) | len(content)
    return name.to_bytes(ceil(name.bit_length() / 8)) + size.to_bytes(SIZE) + content


def number(name: int, value: int) -> bytes:
    """Return the bytes of an element that holds a number."""
    return written(name, value.to_bytes(max(1, ceil(value.bit_length() / 8))))


def walk(file: BinaryIO, end: int) -> Iterator[tuple[int, int]]:
    """Yield each element's name and its end, the file standing at its content.

    Begins where the file stands. One that does not say how long it is, as those of live streams do
    not, goes on to `end`.
    """
    while file.tell() < end:
        name, length = _number(file), _number(file, marked=True)
        if name is None:
            return
        after = file.tell() + length if length is not None else end
        yield name, after
        file.seek(min(after, end), os.SEEK_SET)  # no file system goes as far as sizes do


def _number(file: BinaryIO, *, marked: bool = False) -> int | None:
    """Read a number of variable length; with `marked`, without the bit that marks its length."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    length = _length(first[0])
    value = int.from_bytes(first + file.read(length - 1))
    if not marked:
        return value
    marker = 1 << 7 * length
    # All ones is "unknown".
    return None if value == 2 * marker - 1 else value - marker
