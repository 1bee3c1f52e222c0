"""What photographs say of themselves: which way up they are, and their ICC profile.

Read from the file's bytes: PyAV 18 frees an ICC profile's name twice when the side data of a
decoded frame is looked at.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sinet_video.containers.tiff import bytes_of, order_of, tags_in
from sinet_video.media.orientation import Orientation

PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"

ORIENTATIONS = {
    1: Orientation(), 2: Orientation(0, True), 3: Orientation(180), 4: Orientation(180, True),
    5: Orientation(-90, True), 6: Orientation(-90), 7: Orientation(90, True), 8: Orientation(90),
}  # fmt: skip
"""By the value of EXIF's tag Orientation."""

ORIENTATION, ICC = 274, 34675
"""Tags of TIFF, and so of EXIF."""

LARGEST_ICC = 4 << 20
"""Bytes; profiles of cameras and screens have a few kilobytes."""

APP0, APP1, APP2, SCAN = 0xE0, 0xE1, 0xE2, 0xDA
ICC_BEGINS, EXIF_BEGINS = b"ICC_PROFILE\0", b"Exif\0\0"
ICC_IN_SEGMENT = 65519
"""Bytes of a profile that fit in one segment of a JPEG."""


@dataclass(frozen=True)
class PhotoTags:
    """How a photograph is turned on display, and its ICC profile, empty if it has none."""

    orientation: Orientation = Orientation()
    icc: bytes = b""


def read_photo_tags(data: bytes) -> PhotoTags:
    """Return what the bytes of a PNG, JPEG, WebP or TIFF file say; what is damaged says nothing."""
    try:
        exif, icc = _blocks(data)
        order: Literal["little", "big"] = "little" if order_of(exif) == "<" else "big"
        turned = int.from_bytes(_tiff_tag(exif, ORIENTATION)[:2], order)
    except (struct.error, zlib.error, ValueError, IndexError):
        return PhotoTags()
    return PhotoTags(ORIENTATIONS.get(turned, Orientation()), icc)


def is_for_rgb(icc: bytes) -> bool:
    """Whether an ICC profile is one of RGB colours, and not of gray or of inks."""
    return icc[16:20] == b"RGB "


def icc_name(icc: bytes) -> str:
    """Return what an ICC profile calls itself, or "unnamed"."""
    for place in range(132, 132 + 12 * min(100, int.from_bytes(icc[128:132], "big")), 12):
        if icc[place : place + 4] == b"desc":
            start, size = struct.unpack_from(">II", icc, place + 4)
            return _described(icc[start : start + size]) or "unnamed"
    return "unnamed"


def _described(block: bytes) -> str:
    if block[:4] == b"mluc":  # several languages, in UTF-16; the first will do
        size, start = struct.unpack_from(">II", block, 20)
        return block[start : start + size].decode("utf-16-be", "replace").strip("\0 ")
    return block[12:].partition(b"\0")[0].decode("latin-1")


def _blocks(data: bytes) -> tuple[bytes, bytes]:
    """Return the EXIF block and the ICC profile of a file, each empty if there is none."""
    if data.startswith(JPEG):
        return _in_jpeg(data)
    if data.startswith(PNG):
        chunks = dict(_png_chunks(data))
        _, _, packed = chunks.get(b"iCCP", b"").partition(b"\0")
        return chunks.get(b"eXIf", b""), _inflated(packed[1:])
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        chunks = dict(_riff_chunks(data))
        return chunks.get(b"EXIF", b"").removeprefix(EXIF_BEGINS), chunks.get(b"ICCP", b"")
    if data[:4] in (b"II*\0", b"MM\0*"):
        return data, _tiff_tag(data, ICC)
    return b"", b""


def _inflated(packed: bytes) -> bytes:
    return zlib.decompressobj().decompress(packed, LARGEST_ICC) if packed else b""


def _in_jpeg(data: bytes) -> tuple[bytes, bytes]:
    exif, parts = b"", []
    for kind, body in _jpeg_segments(data):
        if kind == APP1 and body.startswith(EXIF_BEGINS):
            exif = exif or body.removeprefix(EXIF_BEGINS)
        elif kind == APP2 and body.startswith(ICC_BEGINS):
            parts.append((body[12], body[14:]))
    return exif, b"".join(part for _, part in sorted(parts))


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF and data[place + 1] != SCAN:
        (size,) = struct.unpack_from(">H", data, place + 2)
        yield data[place + 1], data[place + 4 : place + 2 + size]
        place += 2 + max(size, 2)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = len(PNG)
    while place + 12 <= len(data):
        (size,) = struct.unpack_from(">I", data, place)
        yield data[place + 4 : place + 8], data[place + 8 : place + 8 + size]
        place += 12 + size


def _riff_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 12
    while place + 8 <= len(data):
        (size,) = struct.unpack_from("<I", data, place + 4)
        yield data[place : place + 4], data[place + 8 : place + 8 + size]
        place += 8 + size + size % 2


def _tiff_tag(tiff: bytes, wanted: int) -> bytes:
    """Return the bytes of a tag in a TIFF's first directory; empty if it is not there."""
    if tiff[:2] not in (b"II", b"MM"):
        return b""
    found = next((each for each in tags_in(tiff) if each.number == wanted), None)
    return b"" if found is None else bytes_of(tiff, found, LARGEST_ICC)


def with_icc(data: bytes, icc: bytes) -> bytes:
    """Return an encoded PNG, JPEG, WebP or little-endian TIFF file with an ICC profile in it."""
    if not icc:
        return data
    if data.startswith(PNG):
        header = len(PNG) + 25  # IHDR is the first chunk, and has this size
        return data[:header] + _png_chunk(b"iCCP", b"ICC\0\0" + zlib.compress(icc)) + data[header:]
    if data.startswith(JPEG):
        return _jpeg_with_icc(data, icc)
    if data[:4] == b"RIFF":
        return _webp_with_icc(data, icc)
    return _tiff_with_icc(data, icc) if data[:4] == b"II*\0" else data


def _png_chunk(kind: bytes, body: bytes) -> bytes:
    check = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)


def _jpeg_with_icc(data: bytes, icc: bytes) -> bytes:
    parts = [icc[at : at + ICC_IN_SEGMENT] for at in range(0, len(icc), ICC_IN_SEGMENT)]
    segments = b"".join(
        struct.pack(">BBH", 0xFF, APP2, 16 + len(part))
        + ICC_BEGINS
        + bytes([number, len(parts)])
        + part
        for number, part in enumerate(parts, 1)
    )
    # After JFIF's own segment, which must be the first.
    first = 4 + int.from_bytes(data[4:6], "big") if data[3] == APP0 else 2
    return data[:first] + segments + data[first:]


VP8X_ICC, VP8X_ALPHA = 0x20, 0x10


def _webp_with_icc(data: bytes, icc: bytes) -> bytes:
    """Add the profile to a WebP; one in the simple form gets the header of the extended form."""
    chunks = list(_riff_chunks(data))
    if chunks[0][0] != b"VP8X":
        chunks.insert(0, (b"VP8X", _vp8x(chunks[0])))
    kind, header = chunks[0]
    chunks[0] = (kind, bytes([header[0] | VP8X_ICC]) + header[1:])
    chunks.insert(1, (b"ICCP", icc))
    body = b"".join(
        name + struct.pack("<I", len(part)) + part + b"\0" * (len(part) % 2)
        for name, part in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def _vp8x(image: tuple[bytes, bytes]) -> bytes:
    """Return the extended header for an image in the simple form."""
    kind, body = image
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", body, 1)
        width, height, alpha = bits & 0x3FFF, bits >> 14 & 0x3FFF, bits >> 28 & 1
    else:
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", body, 6))
        width, height, alpha = width - 1, height - 1, 0
    flags = bytes([VP8X_ALPHA if alpha else 0, 0, 0, 0])
    return flags + int(width).to_bytes(3, "little") + int(height).to_bytes(3, "little")


def _tiff_with_icc(data: bytes, icc: bytes) -> bytes:
    """Add the profile at the end, and after it the directory with one more entry."""
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    entries = [data[at : at + 12] for at in range(start + 2, start + 2 + 12 * count, 12)]
    following = data[start + 2 + 12 * count :][:4]
    padded = data + b"\0" * (len(data) % 2)
    entries.append(struct.pack("<HHII", ICC, 7, len(icc), len(padded)))
    entries.sort(key=lambda entry: struct.unpack_from("<H", entry))
    body = padded + icc + b"\0" * (len(icc) % 2)
    directory: bytes = struct.pack("<H", len(entries)) + b"".join(entries) + following
    whole: bytes = body[:4] + struct.pack("<I", len(body)) + body[8:] + directory
    return whole
