"""Files appear whole or not at all, and errors in writing them are named."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import av

from sinet_video.errors import OutputError, Remedy, SinetVideoError, reason


@contextmanager
def whole_file(target: Path, *, durable: bool = False) -> Iterator[Path]:
    """Yield a hidden path beside `target`, which becomes `target` when the block ends well.

    When it does not, the file goes. A `durable` file is on the disk before the block's end, so that
    not even a power cut leaves a part of it. Raises `OSError`.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = temporary_name(target)
    try:
        yield part
        if durable:
            sync(part)
        part.replace(target)
        if durable:
            sync(target.parent)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Yield a hidden folder beside `target`, which becomes `target` when the block ends well.

    When it does not, the folder goes. `target` may exist if it is empty. Raises `OSError`.
    """
    target = target.absolute()
    part = temporary_name(target)
    try:
        part.mkdir(parents=True)
        yield part
        if target.exists():
            target.rmdir()
        part.replace(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def store(
    target: Path,
    content: bytes,
    check: Callable[[Path], None] | None = None,
    *,
    durable: bool = False,
) -> None:
    """Write a file whole or not at all: not, if `check` raises for what was written.

    `durable` is as for `whole_file`. Raises `OSError`.
    """
    with whole_file(target, durable=durable) as part:
        part.write_bytes(content)
        if check:
            check(part)


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk and not only on their way."""
    if os.name == "nt" and path.is_dir():
        return  # names are on the disk there when they are given, and folders cannot be opened
    handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def temporary_name(path: Path) -> Path:
    """Return a hidden name beside a file, for it to have until it is whole."""
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")


def check_file(path: Path, *, overwrite: bool) -> None:
    """Raise `OutputError` if a file cannot be written there, or must not."""
    if path.is_dir():
        raise OutputError(f"{path} is a folder; give the name of a file.")
    check_free(path, occupied=path.exists(), overwrite=overwrite)
    check_folder(path.parent)


OVERWRITE = Remedy("overwrite", True, "to replace it, or give another name")


def check_free(path: Path, *, occupied: bool, overwrite: bool) -> None:
    """Raise `OutputError` if what is there already must not be replaced."""
    if occupied and not overwrite:
        raise OutputError(f"{path} is there already.", remedy=OVERWRITE)


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
