"""The formats that are read: what is known of each beyond what libav says."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal


@dataclass(frozen=True)
class Demuxer:
    """A demuxer of libav, and what the rest of the package has to know about its format.

    Nothing else compares the name of an input's format. A format that is not in the table has the
    defaults.
    """

    length: Literal["segment", "samples", "riff"] | None = None
    """What in the file says how long it must be: the size of a Matroska segment, the place of an
    ISO-BMFF file's last sample, or the size of a RIFF file."""
    checksums: bool = False
    """Whether the file may hold checksums of its parts."""
    head: bytes | None = None
    """How such a file begins, if libav reads several that were joined to the end of the first."""
    boxes: bool = False
    """Whether it consists of ISO-BMFF boxes, with their sample tables and graphics mode."""
    any_tag: bool = True
    """Whether a tag of any name can be held; otherwise only those that the format knows."""
    decoding_times: bool = False
    """Whether frames have decoding times alone, which libav's presentation times are made up of."""
    any_origin: bool = False
    """Whether its clock begins anywhere, as that of a broadcast does."""
    steady: bool = False
    """Whether its clock does not jump although libav's flags allow that."""


_ISOBMFF = Demuxer(length="samples", boxes=True, any_tag=False)

DEMUXERS = {
    "matroska": Demuxer(length="segment", checksums=True),
    "mov": _ISOBMFF,
    "mp4": _ISOBMFF,
    "avi": Demuxer(length="riff", decoding_times=True),
    "asf": Demuxer(head=bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")),
    "flv": Demuxer(head=b"FLV\1\5\0\0\0\t"),
    "mpeg": Demuxer(any_origin=True),
    "mpegts": Demuxer(any_origin=True),
    "hls": Demuxer(any_origin=True, steady=True),
}
"""Demuxers by libav's names for them."""


@cache
def demuxer_of(names: str) -> Demuxer:
    """Return what is known of a format, by libav's names for it, such as "matroska,webm"."""
    found = (DEMUXERS[name] for name in names.split(",") if name in DEMUXERS)
    return next(found, Demuxer())


VIDEO_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts"}
    | {".wmv", ".flv", ".ogv", ".3gp", ".gif", ".mxf", ".vob", ".dv", ".asf", ".m2v", ".3g2"}
    | {".f4v", ".mod", ".tod", ".qt", ".ogm", ".mpe", ".m2p"}
)
"""What names of videos end in, where a folder holds other files as well."""
