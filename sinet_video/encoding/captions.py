"""Inserts closed captions into encoded video, because PyAV cannot pass them to an encoder.

CEA-608 and CEA-708 captions are written as in ATSC A/53, in SEI messages of H.264 and HEVC. The
message comes before the slices of a frame, in the byte stream format of ITU-T H.264, Annex B.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import av

if TYPE_CHECKING:
    Packet = av.Packet[Any]

START = b"\0\0\0\1"

T35, UNITED_STATES, ATSC = 4, b"\xb5", b"\x00\x31"
"""Type of the SEI message, country code (ITU-T T.35) and provider code (A/53)."""

CAPTIONS = b"GA94\x03"

_UNIT = re.compile(rb"\x00?\x00\x00\x01(.)", re.DOTALL)
_FORBIDDEN = re.compile(rb"\x00\x00(?=[\x00-\x03])")


def with_captions(data: bytes, captions: bytes, codec: str) -> bytes:
    """Return an encoded frame of "h264" or "hevc" with captions, triplets of bytes as in A/53."""
    header, is_frame = HEADERS[codec]
    place = next((u.start() for u in _UNIT.finditer(data) if is_frame(u[1][0])), None)
    if place is None:
        return data
    return data[:place] + START + header + _message(captions) + data[place:]


def _message(captions: bytes) -> bytes:
    """Return a NAL unit's payload, with emulation prevention bytes."""
    count = min(31, len(captions) // 3)
    said = UNITED_STATES + ATSC + CAPTIONS + bytes((0xC0 | count, 0xFF))
    content = said + captions[: 3 * count] + b"\xff"
    whole = bytes((T35, len(content))) + content + b"\x80"
    return _FORBIDDEN.sub(b"\0\0\3", whole)


def _is_h264_frame(first: int) -> bool:
    return first & 31 in (1, 5)


def _is_hevc_frame(first: int) -> bool:
    return first >> 1 & 63 < 32


HEADERS: Mapping[str, tuple[bytes, Callable[[int], bool]]] = {
    "h264": (b"\x06", _is_h264_frame),
    "hevc": (b"\x4e\x01", _is_hevc_frame),
}
"""Header of an SEI unit, and whether a unit, by its first byte, is a slice of a frame."""


class Captions:
    """Holds the captions of frames that are inside an encoder."""

    def __init__(self, codec: str) -> None:
        self._codec = codec
        self._waiting: dict[int, bytes] = {}

    def note(self, pts: int, captions: bytes) -> None:
        """Keep a frame's captions, if the codec can carry any."""
        if captions and self._codec in HEADERS:
            self._waiting[pts] = captions

    def put(self, packet: Packet) -> Packet:
        """Return a packet with the captions of its frame, or unchanged if there are none."""
        captions = self._waiting.pop(packet.pts, b"") if packet.pts is not None else b""
        if not captions:
            return packet
        new: Packet = av.Packet(with_captions(bytes(packet), captions, self._codec))
        new.pts, new.dts, new.duration = packet.pts, packet.dts, packet.duration
        new.time_base, new.is_keyframe, new.stream = (
            packet.time_base,
            packet.is_keyframe,
            packet.stream,
        )
        return new
