"""Static HDR metadata, carried from source to encoder."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction

import av
from av.sidedata.sidedata import Type

from sinet_video.media.side_data import side_data_of

# AVMasteringDisplayMetadata: x and y of red, green, blue and white, minimum and maximum luminance,
# each a rational of two ints, and two flags: whether the first eight and the last two are set.
_DISPLAY = struct.Struct("=20i2i")
_LEVELS = struct.Struct("=2I")


@dataclass(frozen=True)
class Mastering:
    """SMPTE ST 2086 mastering display: CIE 1931 chromaticities, and luminance in cd/m²."""

    red: tuple[Fraction, Fraction]
    green: tuple[Fraction, Fraction]
    blue: tuple[Fraction, Fraction]
    white: tuple[Fraction, Fraction]
    least: Fraction
    most: Fraction


@dataclass(frozen=True)
class Hdr:
    """Static HDR metadata; `levels` are CTA-861.3's MaxCLL and MaxFALL in cd/m²."""

    mastering: Mastering | None = None
    levels: tuple[int, int] | None = None


def hdr_of(video: av.VideoFrame) -> Hdr | None:
    """Return the HDR metadata of a video frame, or None if it has none."""
    mastering, levels = None, None
    for data in side_data_of(video):
        if data.type == Type.MASTERING_DISPLAY_METADATA:
            mastering = _mastering(bytes(data))
        elif data.type == Type.CONTENT_LIGHT_LEVEL:
            levels = _LEVELS.unpack(bytes(data)[: _LEVELS.size])
    return Hdr(mastering, levels) if mastering or levels else None


def _mastering(data: bytes) -> Mastering | None:
    numbers = _DISPLAY.unpack(data[: _DISPLAY.size])
    *rationals, primaries, luminance = numbers
    if not (primaries and luminance and all(rationals[1::2])):
        return None
    pairs = zip(rationals[::2], rationals[1::2], strict=True)
    values = [Fraction(number, unit) for number, unit in pairs]
    red, green, blue, white = zip(values[0:8:2], values[1:8:2], strict=True)
    return Mastering(red, green, blue, white, values[8], values[9])
