"""Tags of still images: how their alpha is stored, and their colour primaries.

libav's encoders do not write them, so they are added to the encoder's output: TIFF's ExtraSamples,
and attributes in OpenEXR's header.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from sinet_video.containers.tiff import short_of, tags_in
from sinet_video.media.tiled_alpha import AlphaKind

TIFF_KINDS: dict[int, AlphaKind] = {1: "premultiplied", 2: "straight"}
"""TIFF 6.0: associated and unassociated alpha."""

COMPRESSION, TILE_OFFSETS, EXTRA_SAMPLES = 259, 324, 338

TIFFS, BIG_TIFFS = (b"II*\0", b"MM\0*"), (b"II+\0", b"MM\0+")
"""How TIFFs begin, in either byte order, and those whose places have 64 bits."""

DECODED = frozenset({1, 2, 3, 4, 5, 8, 32773, 32946})
"""Compressions of TIFF that libav decodes: none, CCITT, LZW, ZIP and PackBits."""

COMPRESSIONS = {6: "JPEG", 7: "JPEG", 34925: "LZMA", 50000: "Zstandard", 50001: "WebP"}

MAGIC = b"\x76\x2f\x31\x01"

Chromaticities = tuple[float, float, float, float, float, float, float, float]

CHROMATICITIES: dict[int, Chromaticities] = {
    5: (0.64, 0.33, 0.29, 0.60, 0.15, 0.06, 0.3127, 0.3290),
    6: (0.63, 0.34, 0.31, 0.595, 0.155, 0.07, 0.3127, 0.3290),
    7: (0.63, 0.34, 0.31, 0.595, 0.155, 0.07, 0.3127, 0.3290),
    9: (0.708, 0.292, 0.17, 0.797, 0.131, 0.046, 0.3127, 0.3290),
    11: (0.68, 0.32, 0.265, 0.69, 0.15, 0.06, 0.314, 0.351),
    12: (0.68, 0.32, 0.265, 0.69, 0.15, 0.06, 0.3127, 0.3290),
}
"""Red, green, blue and white, x and y, by H.273 code; without them, readers assume BT.709."""


def write_alpha_tag(data: bytes, kind: AlphaKind | None, primaries: int) -> bytes:
    """Return an encoded image with tags for its alpha (None for none) and its primaries."""
    if data[:4] == MAGIC:
        return _tell_exr(data, kind, primaries)
    if data[:4] == b"II*\0" and kind is not None:
        return _tell_tiff(data, kind)
    return data


def read_alpha_tag(path: Path) -> AlphaKind | None:
    """Return an image file's kind of alpha, as `alpha_kind` does."""
    return alpha_kind(path.read_bytes())


def alpha_kind(data: bytes) -> AlphaKind | None:
    """Return an image's kind of alpha: PNG is straight, and EXR premultiplied unless tagged."""
    if data[:4] in TIFFS:
        extra = (each for each in tags_in(data) if each.number == EXTRA_SAMPLES)
        return next((TIFF_KINDS.get(short_of(data, each)) for each in extra), None)
    if data[:4] != MAGIC:
        return "straight"
    attributes = dict(_attributes(data))
    return "straight" if attributes.get("alpha") == b"straight" else "premultiplied"


def unread_tiff(data: bytes) -> str | None:
    """Return what keeps a TIFF from being decoded, such as "in tiles"; None for any other image.

    libav decodes some of these without an error, to a blank image.
    """
    if data[:4] in BIG_TIFFS:
        return "with places of 64 bits (BigTIFF)"
    if data[:4] not in TIFFS:
        return None
    tags = {each.number: short_of(data, each) for each in tags_in(data)}
    if TILE_OFFSETS in tags:
        return "in tiles"
    method = tags.get(COMPRESSION, 1)
    if method in DECODED:
        return None
    return f"compressed with {COMPRESSIONS.get(method, f'method {method}')}"


def _tell_tiff(data: bytes, kind: AlphaKind) -> bytes:
    (place,) = (each.place for each in tags_in(data) if each.number == EXTRA_SAMPLES)
    value = next(value for value, name in TIFF_KINDS.items() if name == kind)
    return data[:place] + struct.pack("<H", value) + data[place + 2 :]


def _attributes(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the names and values of the attributes in an OpenEXR header."""
    for _, name, value in _header(data):
        yield name, value


def _header(data: bytes) -> Iterator[tuple[int, str, bytes]]:
    """Yield where each attribute begins, its name, and its value; as far as it is whole."""
    place = 8
    while place < len(data) and data[place]:
        start = place
        name_end = data.find(b"\0", start)
        kind_end = data.find(b"\0", name_end + 1)
        if name_end < 0 or kind_end < 0 or kind_end + 5 > len(data):
            return
        (size,) = struct.unpack_from("<i", data, kind_end + 1)
        if size < 0:
            return
        place = kind_end + 5 + size
        yield start, data[start:name_end].decode("latin-1"), data[kind_end + 5 : place]


def _tell_exr(data: bytes, kind: AlphaKind | None, primaries: int) -> bytes:
    start, name, value = list(_header(data))[-1]
    type_end = data.index(b"\0", start + len(name) + 1)
    end = type_end + 5 + len(value)
    more = b""
    if kind is not None:
        more += _attribute("alpha", "string", kind.encode())
    if primaries in CHROMATICITIES:
        points = struct.pack("<8f", *CHROMATICITIES[primaries])
        more += _attribute("chromaticities", "chromaticities", points)
    (first,) = struct.unpack_from("<Q", data, end + 1)
    count = (first - end - 1) // 8
    chunks = struct.unpack_from(f"<{count}Q", data, end + 1)
    table = struct.pack(f"<{count}Q", *(chunk + len(more) for chunk in chunks))
    return data[:end] + more + b"\0" + table + data[end + 1 + 8 * count :]


def _attribute(name: str, kind: str, value: bytes) -> bytes:
    return b"\0".join([name.encode(), kind.encode(), struct.pack("<i", len(value))]) + value
