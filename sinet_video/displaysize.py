"""Saying how wide pixels are in Matroska and WebM, which libav's muxer cannot be told through PyAV.

The muxer leaves a gap before what describes the file and its tracks. Both are moved into it by as
much as is added to the tracks, and everything after them stays where it is. Elements are those of
RFC 9559.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path

SEGMENT, SEEK_HEAD, INFO, TRACKS = 0x18538067, 0x114D9B74, 0x1549A966, 0x1654AE6B
SEEK, SEEK_ID, SEEK_POSITION = 0x4DBB, 0x53AB, 0x53AC
TRACK, VIDEO, VOID, CHECKSUM = 0xAE, 0xE0, 0xEC, 0xBF
DISPLAY_WIDTH, DISPLAY_HEIGHT, DISPLAY_UNIT = 0x54B0, 0x54BA, 0x54B2

PIXELS, RATIO = 0, 3
"""Units of what is said of the display."""

SIZE = 8
"""Bytes in which sizes are written: the most there can be."""


@dataclass(frozen=True)
class Element:
    """A piece of the file, from the first byte of its name to the last of its content."""

    name: int
    start: int
    content: int
    end: int


def display(width: int, height: int, aspect: Fraction) -> tuple[int, int, int]:
    """Return the width, height and unit to say for coded pixels that are `aspect` as wide as high.

    Exactly: in pixels, where these are whole, and else as a ratio, in numbers no smaller than the
    picture for players that take them for pixels.
    """
    if (width * aspect).denominator == 1:
        return int(width * aspect), height, PIXELS
    if (height / aspect).denominator == 1:
        return width, int(height / aspect), PIXELS
    shape = width * aspect / height
    times = ceil(width / shape.numerator)
    return shape.numerator * times, shape.denominator * times, RATIO


def say_aspect(path: Path, size: tuple[int, int], aspect: Fraction) -> bool:
    """Write into a finished file how wide its pixels are; False where it has no room for that.

    `size` is the first track's coded width and height.
    """
    with path.open("r+b") as file:
        head = file.read(_end_of_tracks(path))
        changed = _said(head, display(*size, aspect))
        if changed is not None:
            file.seek(0)
            file.write(changed)
    return changed is not None


def _end_of_tracks(path: Path) -> int:
    with path.open("rb") as file:
        start = file.read(
            2**20
        )  # all before the pictures but for fonts and covers, after the tracks
    return next(e.end for e in _top(start) if e.name == TRACKS)


def _top(data: bytes) -> Iterator[Element]:
    """Yield what is in the segment."""
    (segment,) = (e for e in _elements(data, 0, len(data)) if e.name == SEGMENT)
    return _elements(data, segment.content, len(data))


def _elements(data: bytes, at: int, end: int) -> Iterator[Element]:
    while at < end:
        name_length = _length(data[at])
        size_at = at + name_length
        size_length = _length(data[size_at])
        mask = (1 << 7 * size_length) - 1
        content = size_at + size_length
        size = int.from_bytes(data[size_at:content]) & mask
        yield Element(int.from_bytes(data[at:size_at]), at, content, content + size)
        at = content + size


def _length(first: int) -> int:
    """Return how many bytes a number has, which its first says."""
    return 9 - first.bit_length()


def _said(head: bytes, shown: tuple[int, int, int]) -> bytes | None:
    """Return the beginning of a file, as long as it was, with the display's size in it."""
    top = {element.name: element for element in _top(head)}
    if not {VOID, INFO, SEEK_HEAD} <= set(top):
        return None
    void, info, tracks = top[VOID], top[INFO], top[TRACKS]
    longer = _tracks(head, tracks, shown)
    grown = len(longer) - (tracks.end - tracks.start)
    room = void.end - void.start - grown - len(_element(VOID, b""))
    together = void.end == info.start and info.end == tracks.start
    if not together or room < 0:
        return None
    gap = _element(VOID, bytes(room))
    seek = top[SEEK_HEAD]
    before = head[: seek.start] + _moved(head, seek, grown) + head[seek.end : void.start]
    return before + gap + head[info.start : info.end] + longer


def _element(name: int, content: bytes) -> bytes:
    size = (1 << 7 * SIZE) | len(content)
    return name.to_bytes(ceil(name.bit_length() / 8)) + size.to_bytes(SIZE) + content


def _number(name: int, value: int) -> bytes:
    return _element(name, value.to_bytes(max(1, ceil(value.bit_length() / 8))))


def _tracks(head: bytes, tracks: Element, shown: tuple[int, int, int]) -> bytes:
    inside = list(_elements(head, tracks.content, tracks.end))
    first = next(element for element in inside if element.name == TRACK)
    parts = [
        _track(head, element, shown) if element == first else head[element.start : element.end]
        for element in inside
        if element.name != CHECKSUM
    ]
    return _checked(TRACKS, b"".join(parts), any(e.name == CHECKSUM for e in inside))


def _track(head: bytes, track: Element, shown: tuple[int, int, int]) -> bytes:
    parts = [
        _video(head, element, shown) if element.name == VIDEO else head[element.start : element.end]
        for element in _elements(head, track.content, track.end)
    ]
    return _element(TRACK, b"".join(parts))


def _video(head: bytes, video: Element, shown: tuple[int, int, int]) -> bytes:
    names = (DISPLAY_WIDTH, DISPLAY_HEIGHT, DISPLAY_UNIT)
    kept = [
        head[element.start : element.end]
        for element in _elements(head, video.content, video.end)
        if element.name not in names
    ]
    said = [_number(name, value) for name, value in zip(names, shown, strict=True)]
    return _element(VIDEO, b"".join([*kept, *said]))


def _checked(name: int, content: bytes, checked: bool) -> bytes:
    """Return an element, with the checksum of its content in front if it had one."""
    if not checked:
        return _element(name, content)
    checksum = zlib.crc32(content).to_bytes(4, "little")
    return _element(name, CHECKSUM.to_bytes(1) + b"\x84" + checksum + content)


def _moved(head: bytes, seek: Element, by: int) -> bytes:
    """Return the list of places, as long as it was, with those of the moved elements."""
    data = bytearray(head[seek.start : seek.end])
    entries = list(_elements(head, seek.content, seek.end))
    for entry in entries:
        if entry.name != SEEK:
            continue
        inside = {e.name: e for e in _elements(head, entry.content, entry.end)}
        name, place = inside[SEEK_ID], inside[SEEK_POSITION]
        if int.from_bytes(head[name.content : name.end]) in (INFO, TRACKS):
            value = int.from_bytes(head[place.content : place.end]) - by
            at = slice(place.content - seek.start, place.end - seek.start)
            data[at] = value.to_bytes(place.end - place.content)
    first = entries[0]
    if first.name == CHECKSUM:
        checksum = zlib.crc32(data[first.end - seek.start :]).to_bytes(4, "little")
        data[first.content - seek.start : first.end - seek.start] = checksum
    return bytes(data)
