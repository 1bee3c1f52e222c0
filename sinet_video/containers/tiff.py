"""The tags in the first directory of a TIFF file, or of EXIF data, which have its form."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

SIZES = {3: 2, 4: 4}
"""Bytes of a value by its type, for whole numbers of 16 and 32 bits; others are taken as bytes."""


@dataclass(frozen=True)
class Tag:
    """A tag, the type and number of its values, and where in the data these or their place are."""

    number: int
    kind: int
    count: int
    place: int


def order_of(data: bytes) -> str:
    """Return the order of bytes, as `struct` has it."""
    return "<" if data[:2] == b"II" else ">"


def tags_in(data: bytes) -> Iterator[Tag]:
    """Yield the tags, as far as the data are whole."""
    order = order_of(data)
    (start,) = struct.unpack_from(f"{order}I", data, 4) if len(data) >= 8 else (len(data),)
    (count,) = struct.unpack_from(f"{order}H", data, start) if len(data) >= start + 2 else (0,)
    # A directory may say that it has more tags than there is room for.
    for place in range(start + 2, min(start + 2 + 12 * count, len(data) - 11), 12):
        tag, kind, values = struct.unpack_from(f"{order}HHI", data, place)
        yield Tag(tag, kind, values, place + 8)


def short_of(data: bytes, tag: Tag) -> int:
    """Return a tag's first value, if that has 16 bits."""
    (value,) = struct.unpack_from(f"{order_of(data)}H", data, tag.place)
    return int(value)


def bytes_of(data: bytes, tag: Tag, most: int) -> bytes:
    """Return the bytes of a tag's values, at most so many."""
    size, at = tag.count * SIZES.get(tag.kind, 1), tag.place
    if size > 4:
        (at,) = struct.unpack_from(f"{order_of(data)}I", data, at)
    return data[at : at + min(size, most)]
