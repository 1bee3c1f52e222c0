"""Files appear whole or not at all, and errors in writing them are named."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import av

from sinet_video.errors import OutputError, SinetVideoError, reason


def store(target: Path, content: bytes, check: Callable[[Path], None] | None = None) -> None:
    """Write a file whole or not at all: not, if `check` raises for what was written."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
    try:
        partial.write_bytes(content)
        if check:
            check(partial)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def temporary_name(path: Path) -> Path:
    """Return a hidden name beside a file, for it to have until it is whole."""
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")


def check_file(path: Path, *, overwrite: bool) -> None:
    """Raise `OutputError` if a file cannot be written there, or must not."""
    if path.is_dir():
        raise OutputError(f"{path} is a folder; give the name of a file.")
    check_free(path, occupied=path.exists(), overwrite=overwrite)
    check_folder(path.parent)


def check_free(path: Path, *, occupied: bool, overwrite: bool) -> None:
    """Raise `OutputError` if what is there already must not be replaced."""
    if occupied and not overwrite:
        raise OutputError(f"{path} is there already; choose to overwrite it, or another name.")


def check_folder(folder: Path) -> None:
    """Raise `OutputError` if nothing can be written into a folder."""
    if not folder.is_dir():
        raise OutputError(f"There is no folder {folder}; make it first.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"The folder {folder} may not be written to.")


@contextmanager
def translate_write_errors(path: Path) -> Iterator[None]:
    """Turn what goes wrong while a file is written into an `OutputError` that names it."""
    try:
        yield
    except SinetVideoError:
        raise
    except BrokenPipeError as error:
        raise OutputError("The program that standard output went to has ended.") from error
    except (av.FFmpegError, OSError) as error:
        raise OutputError(f"{path} cannot be written: {reason(error)}.") from error
