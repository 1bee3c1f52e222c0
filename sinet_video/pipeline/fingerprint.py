"""What a job is, in words that can be compared: its source, its settings, the programs beneath."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np

from sinet_video import native
from sinet_video._version import __version__
from sinet_video.decoding.access import Source

LOOKED_AT = 1 << 20
"""Bytes at either end of a file that tell it from others."""


def of_file(path: Path) -> str:
    """Return a file's size, time of change and the digest of its ends."""
    stat = path.stat()
    digest = hashlib.sha256()
    with path.open("rb") as file:
        digest.update(file.read(LOOKED_AT))
        file.seek(max(0, stat.st_size - LOOKED_AT))
        digest.update(file.read())
    return f"{stat.st_size} {stat.st_mtime_ns} {digest.hexdigest()}"


def of_job(source: Path, **settings: object) -> dict[str, str]:
    """Return a job's source, its settings and the versions of what does it, each by its name.

    Files are known by `of_file`, functions and objects that are no settings by their names.
    """
    import onnxruntime  # takes long, and only jobs that can be resumed ask

    versions = f"{__version__}, av {av.__version__}, {av.library_versions}"
    run = {
        "the source": of_file(source),
        "the versions": f"{versions}, onnxruntime {onnxruntime.__version__}, "
        f"numpy {np.__version__}, arithmetic in {native.described()}",
    }
    for name, value in settings.items():
        run |= _told(name, value)
    return run


def differing(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    """Return the names of what differs between two jobs."""
    return [name for name in {**one, **other} if one.get(name) != other.get(name)]


def _told(name: str, value: object) -> dict[str, str]:
    """Return a setting under its name, and the fields of one that has fields under theirs."""
    if is_dataclass(value) and not isinstance(value, type | Source):
        told: dict[str, str] = {}
        for field in fields(value):
            inner = getattr(value, field.name)
            told[field.name] = _text(inner)
        return told
    return {name: _text(value)}


def _text(value: Any) -> str:
    if isinstance(value, Source):
        return f"{_text(value.path)} {value.allow}"
    if isinstance(value, str | Path):
        path = Path(value)
        return f"{value} {of_file(path)}" if path.is_file() else str(value)
    if value is None or is_dataclass(value) or isinstance(value, int | float):
        return repr(value)
    own = value if hasattr(value, "__qualname__") else type(value)
    return f"{own.__module__}.{own.__qualname__} {getattr(value, 'name', '')}".rstrip()
