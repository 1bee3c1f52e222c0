"""A comparable description of a job: its source, its settings and the versions of its programs."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from numbers import Real
from pathlib import Path
from typing import Any

import av
import numpy as np

from sinet_video import native
from sinet_video._version import __version__
from sinet_video.decoding.access import Source
from sinet_video.option import OPTION, PARTS, option_name

LOOKED_AT = 1 << 20
"""Bytes at either end of a file that are hashed."""


def of_file(path: Path) -> str:
    """Return a file's size, modification time and the hash of its ends."""
    stat = path.stat()
    digest = hashlib.sha256()
    with path.open("rb") as file:
        digest.update(file.read(LOOKED_AT))
        file.seek(max(0, stat.st_size - LOOKED_AT))
        digest.update(file.read(LOOKED_AT))  # no more, as a device may have no end
    return f"{stat.st_size} {stat.st_mtime_ns} {digest.hexdigest()}"


def of_files(files: Sequence[Path]) -> str:
    """Return `of_file` of one file, and for several what tells them from others."""
    if len(files) == 1:
        return of_file(files[0])
    digest = hashlib.sha256()
    for file in files:
        stat = file.stat()
        digest.update(os.fsencode(f"{file.name} {stat.st_size} {stat.st_mtime_ns}\n"))
    return f"{len(files)} files {digest.hexdigest()}"


def of_job(source: Sequence[Path], **settings: object) -> dict[str, str]:
    """Return a job's source, settings and program versions, each by name.

    Files are described by `of_file`, and functions and other objects that are not settings by name.
    """
    # It takes long, and only jobs that can be resumed ask.
    from sinet_video.quiet_onnxruntime import onnxruntime

    versions = f"{__version__}, av {av.__version__}, {av.library_versions}"
    run = {
        "the source": of_files(source),
        "the versions": f"{versions}, onnxruntime {onnxruntime.__version__}, "
        f"numpy {np.__version__}, arithmetic in {native.described()}",
    }
    return run | described(**settings)


def described(**settings: object) -> dict[str, str]:
    """Return settings as text; files and functions as `of_job` does.

    A setting that is an option of the command has that option's name, others their own.
    """
    told: dict[str, str] = {}
    for name, value in settings.items():
        told |= _told(name, value)
    return told


def differing(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    """Return the names of the entries in which two jobs differ."""
    return [name for name in {**one, **other} if one.get(name) != other.get(name)]


def _told(name: str, value: object, within: str = "") -> dict[str, str]:
    """Return a setting under its name, or its fields under theirs if it has fields.

    Names of options are all different; other fields of a part of settings are told by its name too.
    """
    if not is_dataclass(value) or isinstance(value, type | Source):
        return {name: _text(value)}
    told: dict[str, str] = {}
    for field in fields(value):
        inner = getattr(value, field.name)
        if PARTS in field.metadata:
            told |= _told(field.name, inner, f"{field.name} ")
        else:
            told[("" if OPTION in field.metadata else within) + option_name(field)] = _text(inner)
    return told


def _text(value: Any) -> str:
    if isinstance(value, Source):
        return f"{_text(value.path)} {value.allow}"
    if isinstance(value, str | Path):
        return f"{value} {of_file(Path(value))}" if _is_file(value) else str(value)
    if value is None or is_dataclass(value) or isinstance(value, Real):
        return repr(value)
    if isinstance(value, tuple | list):
        return f"({', '.join(map(_text, value))})"
    own = value if hasattr(value, "__qualname__") else type(value)
    return f"{own.__module__}.{own.__qualname__} {getattr(value, 'name', '')}".rstrip()


def _is_file(value: str | Path) -> bool:
    """Whether a setting is the name of a file; text that is too long for a name is not."""
    try:
        return Path(value).is_file()
    except OSError:
        return False
