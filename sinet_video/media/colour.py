"""ITU-T H.273 colour codes: their numbers and libav's names."""

from __future__ import annotations

from dataclasses import dataclass

import av

# libav's names for the codes of ITU-T H.273.
RANGES = {"tv": 1, "pc": 2}
MATRICES = {
    "gbr": 0, "bt709": 1, "fcc": 4, "bt470bg": 5, "smpte170m": 6, "smpte240m": 7, "ycgco": 8,
    "bt2020nc": 9, "bt2020c": 10, "smpte2085": 11, "chroma-derived-nc": 12, "chroma-derived-c": 13,
    "ictcp": 14,
}  # fmt: skip
PRIMARIES = {
    "bt709": 1, "bt470m": 4, "bt470bg": 5, "smpte170m": 6, "smpte240m": 7, "film": 8, "bt2020": 9,
    "smpte428": 10, "smpte431": 11, "smpte432": 12, "ebu3213": 22,
}  # fmt: skip
TRANSFERS = {
    "bt709": 1, "bt470m": 4, "bt470bg": 5, "smpte170m": 6, "smpte240m": 7, "linear": 8,
    "log100": 9, "log316": 10, "iec61966-2-4": 11, "bt1361e": 12, "iec61966-2-1": 13,
    "bt2020-10": 14, "bt2020-12": 15, "smpte2084": 16, "smpte428": 17, "arib-std-b67": 18,
}  # fmt: skip
UNSPECIFIED, BT709 = 2, 1
"""Codes that matrices, primaries and transfer functions have in common."""

PQ, HLG = 16, 18
HDR = {PQ: "PQ", HLG: "HLG"}
"""Transfer functions of HDR and their names. All others are SDR, shown alike by most players."""

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in luma, as in BT.601."""


@dataclass(frozen=True)
class Colour:
    """ITU-T H.273 codes as libav numbers them; 2 (0 for the range) means unspecified."""

    matrix: int
    range: int
    primaries: int
    transfer: int

    @classmethod
    def of(cls, video: av.VideoFrame) -> Colour:
        """Return the colour tags of a video frame."""
        return cls(
            int(video.colorspace),
            int(video.color_range),
            int(video.color_primaries),
            int(video.color_trc),
        )


UNTAGGED = Colour(UNSPECIFIED, 0, UNSPECIFIED, UNSPECIFIED)
