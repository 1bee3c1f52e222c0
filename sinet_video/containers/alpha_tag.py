"""Tags in video files that say whether colours are premultiplied by alpha."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, get_args

from sinet_video.containers.demuxers import demuxer_of
from sinet_video.containers.isobmff import inside
from sinet_video.media.tiled_alpha import AlphaKind

TAG = "alpha"
"""Name of the stream tag in Matroska, WebM and NUT."""

GRAPHICS_MODES: dict[AlphaKind, int] = {"straight": 0x100, "premultiplied": 0x102}
"""Graphics modes of a QuickTime video media header: "straight alpha" and "premul black alpha"."""


def write_mov_alpha_tag(path: Path, kind: AlphaKind) -> None:
    """Set the graphics mode of a QuickTime file's first video track."""
    with path.open("r+b") as file:
        if (place := _graphics_mode(file, path)) is not None:
            file.seek(place)
            file.write(struct.pack(">H", GRAPHICS_MODES[kind]))


def read_alpha_tag(path: Path, container: str, tags: Mapping[str, str]) -> AlphaKind | None:
    """Return the alpha kind from the stream tags or the graphics mode, or None if there is none."""
    lower = {key.lower(): value for key, value in tags.items()}
    if lower.get(TAG) in get_args(AlphaKind):
        return "straight" if lower[TAG] == "straight" else "premultiplied"
    return _graphics_mode_kind(path) if demuxer_of(container).boxes and path.is_file() else None


def _graphics_mode_kind(path: Path) -> AlphaKind | None:
    with path.open("rb") as file:
        if (place := _graphics_mode(file, path)) is None:
            return None
        file.seek(place)
        (mode,) = struct.unpack(">H", file.read(2))
    return next((kind for kind, value in GRAPHICS_MODES.items() if value == mode), None)


def _graphics_mode(file: BinaryIO, path: Path) -> int | None:
    """Return its position in the vmhd box, after version and flags."""
    found = inside(file, (0, path.stat().st_size), b"vmhd")
    return None if found is None else found[0] + 4
