"""Corrections to MP4 edit lists that libav's muxer cannot be told.

A copied track that starts late, and whose first samples only prime the decoder, needs two edits:
wait until the start, and skip the priming samples. The muxer writes only the first. Its edit list
has room for both, so it is corrected in place. Boxes are those of ISO/IEC 14496-12.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

CONTAINERS = frozenset({b"moov", b"trak", b"edts", b"mdia", b"minf", b"stbl"})

SHORT, LONG = 8, 16
"""Bytes in front of a box's content: its size and kind, and where that is not enough another size.
"""

DEEPEST, MOST = 8, 10_000
"""How deep boxes are looked for, and how many next to each other."""


@dataclass(frozen=True)
class HiddenStart:
    """A track, counted from 0 in file order, that starts late and has samples to skip.

    It starts at `start`, and the first `skip` of it is not played, both in seconds.
    """

    track: int
    start: float
    skip: float


def hide_starts(path: Path, starts: list[HiddenStart]) -> None:
    """Rewrite the edit lists of these tracks; a list without two entries is left unchanged."""
    if not starts:
        return
    with path.open("r+b") as file:
        (moov,) = (span for kind, span in boxes(file, 0, path.stat().st_size) if kind == b"moov")
        timescale = _timescale(file, moov, b"mvhd")
        tracks = [span for kind, span in boxes(file, *moov) if kind == b"trak"]
        for start in starts:
            _rewrite(file, tracks[start.track], start, timescale)


def boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, tuple[int, int]]]:
    """Yield the kind of each box between two offsets, and where its content lies.

    No content reaches past `end`, whatever its box says; what is no box ends it.
    """
    while start + SHORT <= end:
        file.seek(start)
        data = file.read(LONG)
        if len(data) < SHORT:
            return
        size, kind = struct.unpack_from(">I4s", data)
        head = SHORT
        if size == 1 and len(data) == LONG:
            (size,), head = struct.unpack_from(">Q", data, SHORT), LONG
        size = size or end - start
        if size < head:
            return
        yield kind, (start + head, min(start + size, end))
        start += size


def inside(file: BinaryIO, span: tuple[int, int], wanted: bytes) -> tuple[int, int] | None:
    """Find a box at any depth that a whole file has boxes in."""
    found = (content for kind, content in _walk(file, span, DEEPEST) if kind == wanted)
    return next(found, None)


def _walk(
    file: BinaryIO, span: tuple[int, int], depth: int
) -> Iterator[tuple[bytes, tuple[int, int]]]:
    """Yield boxes and those in them, up to `MOST` side by side: files may be made to be endless."""
    for kind, content in islice(boxes(file, *span), MOST):
        yield kind, content
        if kind in CONTAINERS and depth:
            yield from _walk(file, content, depth - 1)


def _timescale(file: BinaryIO, span: tuple[int, int], header: bytes) -> int:
    """Return the units per second from an mvhd or mdhd box."""
    found = inside(file, span, header)
    assert found is not None  # the muxer always writes it
    file.seek(found[0])
    version = file.read(1)[0]
    file.seek(found[0] + (20 if version else 12))
    (timescale,) = struct.unpack(">I", file.read(4))
    return int(timescale)


def _rewrite(file: BinaryIO, track: tuple[int, int], start: HiddenStart, timescale: int) -> None:
    found = inside(file, track, b"elst")
    if found is None:
        return
    file.seek(found[0])
    version, count = struct.unpack(">B3xI", file.read(8))
    layout = struct.Struct(">QqI" if version else ">IiI")
    entries = [layout.unpack(file.read(layout.size)) for _ in range(count)]
    if count != 2 or entries[0][1] != -1:
        return
    (_, empty, rate), (length, _, _) = entries
    samples = round(start.skip * _timescale(file, track, b"mdhd"))
    file.seek(found[0] + 8)
    file.write(layout.pack(round(start.start * timescale), empty, rate))
    file.write(layout.pack(length - round(start.skip * timescale), samples, rate))


@dataclass(frozen=True)
class Sample:
    """What a track's samples are.

    Attributes:
        kind: four letters, such as "gpmd".
        dolby_vision: the profile of Dolby Vision.
        clean_aperture: width and height of the part of the frame that is meant to be seen.
    """

    kind: str
    dolby_vision: int | None = None
    clean_aperture: tuple[int, int] | None = None


VISUAL, DOLBY, CLEAN_APERTURE = 78, (b"dvcC", b"dvvC", b"dvwC"), b"clap"
"""Bytes before the boxes in a visual sample entry, and the boxes of it that are read."""


def samples(path: Path) -> list[Sample | None]:
    """Return what each track of a file has, in the file's order; None where it does not say."""
    with path.open("rb") as file:
        found = boxes(file, 0, path.stat().st_size)
        moov = next((content for kind, content in found if kind == b"moov"), (0, 0))
        tracks = [content for kind, content in islice(boxes(file, *moov), MOST) if kind == b"trak"]
        return [_sample(file, track) for track in tracks]


def _sample(file: BinaryIO, track: tuple[int, int]) -> Sample | None:
    found = inside(file, track, b"stsd")
    if found is None:
        return None
    for kind, (start, end) in boxes(file, found[0] + SHORT, found[1]):
        parts = dict(islice(boxes(file, start + VISUAL, end), MOST))
        return Sample(
            kind.decode("latin-1"), _dolby_vision(file, parts), _clean_aperture(file, parts)
        )
    return None


Boxes = dict[bytes, tuple[int, int]]


def _dolby_vision(file: BinaryIO, parts: Boxes) -> int | None:
    found = next((parts[kind] for kind in DOLBY if kind in parts), None)
    data = _read(file, found, 3)
    return data[2] >> 1 if data else None


def _clean_aperture(file: BinaryIO, parts: Boxes) -> tuple[int, int] | None:
    """Return the sides, which are fractions in the file, to whole samples."""
    data = _read(file, parts.get(CLEAN_APERTURE), 16)
    width, of, height, by = struct.unpack(">4I", data) if data else (0, 0, 0, 0)
    return (round(width / of), round(height / by)) if of and by else None


def _read(file: BinaryIO, content: tuple[int, int] | None, count: int) -> bytes:
    """Return the first bytes of a box; none if it is not there, or shorter."""
    if content is None or content[1] - content[0] < count:
        return b""
    file.seek(content[0])
    return file.read(count)
