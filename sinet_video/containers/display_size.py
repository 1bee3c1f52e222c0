"""Writing the sample aspect ratio into Matroska and WebM, which PyAV cannot tell libav's muxer.

The muxer leaves a gap in front of the elements that describe the file and its tracks. Both are
moved into it by as much as the tracks grow, and everything after them stays in place. Elements are
those of RFC 9559.
"""

from __future__ import annotations

import zlib
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import BinaryIO

from sinet_video.containers.ebml import (
    SEGMENT,
    TRACK,
    TRACKS,
    Element,
    elements,
    in_segment,
    number,
    walk,
    written,
)

SEEK_HEAD, INFO = 0x114D9B74, 0x1549A966
SEEK, SEEK_ID, SEEK_POSITION = 0x4DBB, 0x53AB, 0x53AC
VIDEO, VOID, CHECKSUM = 0xE0, 0xEC, 0xBF
DISPLAY_WIDTH, DISPLAY_HEIGHT, DISPLAY_UNIT = 0x54B0, 0x54BA, 0x54B2

PIXELS, RATIO = 0, 3
"""Units of the display size."""


def display(width: int, height: int, aspect: Fraction) -> tuple[int, int, int]:
    """Return the display width, height and unit for a coded size and sample aspect ratio.

    The result is exact: in pixels if they are whole, otherwise as a ratio. The ratio uses numbers
    no smaller than the frame, for players that take them for pixels.
    """
    if (width * aspect).denominator == 1:
        return int(width * aspect), height, PIXELS
    if (height / aspect).denominator == 1:
        return width, int(height / aspect), PIXELS
    shape = width * aspect / height
    times = ceil(width / shape.numerator)
    return shape.numerator * times, shape.denominator * times, RATIO


def write_display_size(path: Path, size: tuple[int, int], aspect: Fraction) -> bool:
    """Write the sample aspect ratio into a finished file; return False if it has no room for that.

    `size` is the coded width and height of the first track.
    """
    with path.open("r+b") as file:
        end = _end_of_tracks(file, path.stat().st_size)
        if end is None:
            return False
        file.seek(0)
        changed = _said(file.read(end), display(*size, aspect))
        if changed is not None:
            file.seek(0)
            file.write(changed)
    return changed is not None


def _end_of_tracks(file: BinaryIO, size: int) -> int | None:
    """Return where the tracks end: far back, if the title before them is a long one."""
    segment = next((end for name, end in walk(file, size) if name == SEGMENT), None)
    if segment is None:
        return None
    return next((end for name, end in walk(file, segment) if name == TRACKS), None)


def _said(head: bytes, shown: tuple[int, int, int]) -> bytes | None:
    """Return the start of a file, at the same length, with the display size in it."""
    top = {element.name: element for element in in_segment(head)}
    if not {VOID, INFO, SEEK_HEAD} <= set(top):
        return None
    void, info, tracks = top[VOID], top[INFO], top[TRACKS]
    longer = _tracks(head, tracks, shown)
    grown = len(longer) - (tracks.end - tracks.start)
    room = void.end - void.start - grown - len(written(VOID, b""))
    together = void.end == info.start and info.end == tracks.start
    if not together or room < 0:
        return None
    gap = written(VOID, bytes(room))
    seek = top[SEEK_HEAD]
    before = head[: seek.start] + _moved(head, seek, grown) + head[seek.end : void.start]
    return before + gap + head[info.start : info.end] + longer


def _tracks(head: bytes, tracks: Element, shown: tuple[int, int, int]) -> bytes:
    inside = list(elements(head, tracks.content, tracks.end))
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
        for element in elements(head, track.content, track.end)
    ]
    return written(TRACK, b"".join(parts))


def _video(head: bytes, video: Element, shown: tuple[int, int, int]) -> bytes:
    names = (DISPLAY_WIDTH, DISPLAY_HEIGHT, DISPLAY_UNIT)
    kept = [
        head[element.start : element.end]
        for element in elements(head, video.content, video.end)
        if element.name not in names
    ]
    said = [number(name, value) for name, value in zip(names, shown, strict=True)]
    return written(VIDEO, b"".join([*kept, *said]))


def _checked(name: int, content: bytes, checked: bool) -> bytes:
    """Return an element, preceded by the checksum of its content if it had one."""
    if not checked:
        return written(name, content)
    checksum = zlib.crc32(content).to_bytes(4, "little")
    return written(name, CHECKSUM.to_bytes(1) + b"\x84" + checksum + content)


def _moved(head: bytes, seek: Element, by: int) -> bytes:
    """Return the seek list, at the same length, with the positions of the moved elements."""
    data = bytearray(head[seek.start : seek.end])
    entries = list(elements(head, seek.content, seek.end))
    for entry in entries:
        if entry.name != SEEK:
            continue
        inside = {e.name: e for e in elements(head, entry.content, entry.end)}
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
