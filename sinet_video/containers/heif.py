"""What HEIC and AVIF files are made of: ISO/IEC 23008-12, in boxes of ISO/IEC 14496-12."""

from __future__ import annotations

import struct
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from sinet_video.containers.isobmff import MOST, boxes

DERIVED = frozenset({"grid", "iovl"})
"""Kinds of images that are put together of others: in tiles, and one over another."""

ALPHA = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1")
"""What an image is called, in AVIF and in HEIC, that is the alpha of another."""

EARLY = 16
"""Boxes of a file among which is the one that describes its images."""

FULL = 4
"""Bytes of a box's version and flags."""


def is_put_together(path: Path) -> bool:
    """Whether a file's picture is made of several images, each of which libav has as a video."""
    with path.open("rb") as file:
        meta = _description(file, path.stat().st_size)
        return meta is not None and _primary_kind(file, meta) in DERIVED


def has_alpha_beside(path: Path) -> bool:
    """Whether a file has alpha as an image of its own, which libav has as another video."""
    with path.open("rb") as file:
        meta = _description(file, path.stat().st_size)
        for wanted in (b"iprp", b"ipco"):
            meta = dict(islice(boxes(file, *meta), MOST)).get(wanted) if meta else None
        properties = islice(boxes(file, *meta), MOST) if meta else ()
        return any(_auxiliary_kind(file, at) in ALPHA for kind, at in properties if kind == b"auxC")


def _description(file: BinaryIO, size: int) -> tuple[int, int] | None:
    """Return where the boxes lie that describe a file's images; None for other files."""
    found = islice(boxes(file, 0, size), EARLY)
    return next(((at[0] + FULL, at[1]) for kind, at in found if kind == b"meta"), None)


def _auxiliary_kind(file: BinaryIO, content: tuple[int, int]) -> bytes:
    file.seek(content[0] + FULL)
    return file.read(max(map(len, ALPHA)) + 1).partition(b"\0")[0]


def _primary_kind(file: BinaryIO, meta: tuple[int, int]) -> str | None:
    """Return the kind of a file's primary item, such as "hvc1" or "grid", where it says one."""
    inside = dict(islice(boxes(file, *meta), MOST))
    if b"pitm" not in inside or b"iinf" not in inside:
        return None
    primary = _number(file, inside[b"pitm"][0])
    start, end = inside[b"iinf"]
    file.seek(start)
    count = 2 if file.read(1) == b"\0" else 4
    items = islice(boxes(file, start + FULL + count, end), MOST)
    kinds = (_item(file, content[0]) for kind, content in items if kind == b"infe")
    return next((kind for number, kind in kinds if number == primary), None)


def _number(file: BinaryIO, start: int) -> int | None:
    """Return the item's number that a box of version 0, in 16 bits, or a later one begins with."""
    file.seek(start)
    data = file.read(FULL + 4)
    if len(data) < FULL + 4:
        return struct.unpack_from(">H", data, FULL)[0] if len(data) == FULL + 2 else None
    return int.from_bytes(data[FULL : FULL + (4 if data[0] else 2)], "big")


def _item(file: BinaryIO, start: int) -> tuple[int, str]:
    """Return an item's number and kind; the kind is empty in versions that do not say it."""
    file.seek(start)
    data = file.read(FULL + 10).ljust(FULL + 10, b"\0")
    wide = 4 if data[0] == 3 else 2
    number = int.from_bytes(data[FULL : FULL + wide], "big")
    kind = data[FULL + wide + 2 : FULL + wide + 6] if data[0] >= 2 else b""
    return number, kind.decode("latin-1")
