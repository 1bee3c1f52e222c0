"""Writing files atomically: a file appears whole or not at all, and write errors name it."""

from __future__ import annotations

import errno
import glob
import hashlib
import os
import re
import shutil
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import av

from sinet_video.errors import InputError, OutputError, Remedy, SinetVideoError, reason
from sinet_video.file_names import usable
from sinet_video.hold import hold, is_held, let_go

LONGEST_NAME = 255
"""Bytes that a name may have in nearly all file systems."""

PARTS = ".parts"
"""What the name of a folder ends in that keeps what is finished of an output."""

_drafts: dict[Path, int | None] = {}
"""What this process has begun and has not given its name, or removed; each is held."""

DRAFT = re.compile(r"\.(.+)\.[0-9a-f]{8}\.(part|old)", re.DOTALL)
"""The hidden names of what is not whole yet, and of what is about to be replaced."""


def temporary_name(path: Path, kind: Literal["part", "old"] = "part") -> Path:
    """Return a hidden name beside a file, for it to have until it is whole; a long one is cut."""
    ending = f".{uuid.uuid4().hex[:8]}.{kind}"
    room = LONGEST_NAME - 1 - len(ending)
    return path.with_name(f".{os.fsencode(path.name)[:room].decode(errors='ignore')}{ending}")


def abandoned(path: Path) -> list[Path]:
    """Return what earlier processes left of a file when they were killed.

    That is what they began, and if the file is there, what it was to replace.
    """
    stem = temporary_name(path).name.rsplit(".", 2)[0]
    folders = [path.parent, path] if path.is_dir() else [path.parent]
    kinds = ("part", "old") if path.exists() else ("part",)
    return sorted(
        each
        for folder in folders
        for each in folder.glob(f"{glob.escape(stem)}.*")
        if (found := DRAFT.fullmatch(each.name)) and f".{found[1]}" == stem
        if found[2] in kinds and not is_held(each)
    )


def parts_name(path: Path) -> str:
    """Return the hidden name of the folder in which what is finished of an output is kept."""
    return shortened(f".{path.name}", LONGEST_NAME - len(PARTS)) + PARTS


def shortened(name: str, most: int) -> str:
    """Return a name of at most so many bytes: a longer one's beginning and its checksum."""
    whole = os.fsencode(name)
    if len(whole) <= most:
        return name
    known_by = hashlib.sha256(whole).hexdigest()[:16]
    return f"{whole[: most - 17].decode(errors='ignore')}.{known_by}"


def begin_file(target: Path) -> Path:
    """Make an empty hidden file beside a target, in which it is written until it is whole."""
    return _begun(temporary_name(target), _make_file)


def _make_file(path: Path) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))


def begin_folder(target: Path) -> Path:
    """Make a hidden folder in which one is written: in the target, which may be a mount, or beside.

    Folders that the target is to be in are made if need be.
    """
    part = temporary_name(target / target.name if target.is_dir() else target)
    part.parent.mkdir(parents=True, exist_ok=True)
    return make_folder(part)


def make_folder(part: Path) -> Path:
    """Make a folder that has such a name; return it."""
    return _begun(part, Path.mkdir)


def _begun(part: Path, make: Callable[[Path], None]) -> Path:
    """Make a draft, hold it, and only then give it its name; return that.

    Until it is held it has another, which nobody takes for abandoned. An interrupt may come at any
    time. Raises `FileExistsError` if the name is taken.
    """
    if os.path.lexists(part):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(part))
    new = part.with_suffix(".new")
    _drafts[new] = None
    try:
        make(new)
    except OSError:
        del _drafts[new]  # which is not ours
        raise
    try:
        _drafts[part] = hold(new)
        patiently(new.rename, part)
    finally:
        discard(new)
    return part


def discard(part: Path) -> None:
    """Remove what was begun, if it has not got its name."""
    if part.is_dir():
        shutil.rmtree(part, ignore_errors=True)
    else:
        part.unlink(missing_ok=True)
    let_go(_drafts.pop(part, None))


def discard_all() -> None:
    """Remove all that was begun, before a process ends that cannot wait for who began it.

    A folder gets another name first, as long as somebody may still write to it.
    """
    for part in list(_drafts):
        try:
            if part.is_dir():
                aside = temporary_name(part)
                part.rename(aside)
                shutil.rmtree(aside, ignore_errors=True)
            discard(part)
        except OSError:
            pass  # The others are still to be removed.


PAUSES = (0.05, 0.2, 0.5, 1.0)
"""Seconds between tries to rename what another program has open for a moment."""


def patiently(rename: Callable[[Path], object], target: Path) -> None:
    """Rename something to a target, on Windows again and again for a while.

    A virus scanner or an indexer may look at a new file there, which cannot be renamed meanwhile.
    """
    for pause in PAUSES if sys.platform == "win32" else ():
        try:
            rename(target)
            return
        except PermissionError:
            time.sleep(pause)
    rename(target)


def place(part: Path, target: Path) -> None:
    """Give a file or a folder a name that is free. Raises `FileExistsError` where it is not."""
    if sys.platform == "win32":
        patiently(part.rename, target)  # which replaces nothing there
    elif part.is_dir():
        target.mkdir()
        part.replace(target)  # in place of an empty folder: the one that we made
    else:
        _place_file(part, target)


def _place_file(part: Path, target: Path) -> None:
    try:
        os.link(part, target, follow_symlinks=False)
    except FileExistsError:
        if not os.path.samestat(part.lstat(), target.lstat()):
            raise
        part.unlink()  # it has had its name, and was interrupted before it lost the other
    except OSError:  # a file system without links
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        part.replace(target)
    else:
        part.unlink()


@contextmanager
def whole_file(target: Path, *, durable: bool = False, overwrite: bool = True) -> Iterator[Path]:
    """Yield a hidden file beside `target`, which becomes `target` when the block ends well.

    When it does not, the file goes. A `durable` file is on the disk before the block's end, so that
    not even a power cut leaves a part of it. Raises `OSError`, and `FileExistsError` for a target
    that is there by then, unless it may be replaced.
    """
    check_replaceable(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = begin_file(target)
    try:
        yield part
        if durable:
            sync(part)
        if overwrite:
            patiently(part.replace, target)
        else:
            place(part, target)
        if durable:
            sync(target.parent)
    finally:
        discard(part)


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Yield a hidden folder beside `target`, which becomes `target` when the block succeeds.

    If the block fails, the hidden folder is removed. `target` may exist if it is empty. Raises
    `OSError`.
    """
    target = target.absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    part = make_folder(temporary_name(target))
    try:
        yield part
        if target.exists():
            target.rmdir()
        patiently(part.replace, target)
    finally:
        discard(part)


def store(
    target: Path,
    content: bytes,
    check: Callable[[Path], None] | None = None,
    *,
    durable: bool = False,
    overwrite: bool = True,
) -> None:
    """Write a file whole or not at all: not, if `check` raises for what was written.

    `durable` and `overwrite` are as for `whole_file`. Raises `OSError`.
    """
    with whole_file(target, durable=durable, overwrite=overwrite) as part:
        part.write_bytes(content)
        if check:
            check(part)


def sync(path: Path) -> None:
    """Flush a file, or the names in a folder, to disk."""
    if sys.platform == "win32" and path.is_dir():
        return  # there, names are on disk at once, and folders cannot be opened
    handle = os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
    try:
        _flush(handle)
    finally:
        os.close(handle)


def _flush(handle: int) -> None:
    """Flush an open file to disk; on macOS out of the disk's own memory too, as elsewhere."""
    if sys.platform == "darwin":
        import fcntl

        try:
            fcntl.fcntl(handle, fcntl.F_FULLFSYNC)
            return
        except OSError:
            pass  # A file system that does not know it.
    os.fsync(handle)


def check_file(path: Path, *, overwrite: bool) -> None:
    """Raise `OutputError` if a file cannot or must not be written at a path."""
    with translate_write_errors(path):
        if path.is_dir():
            raise OutputError(f"{path} is a folder; give the name of a file.")
        check_free(path, occupied=os.path.lexists(path), overwrite=overwrite)
        check_folder(path.parent)


OVERWRITE = Remedy("overwrite", True, "to replace it, or give another name")


def check_free(path: Path, *, occupied: bool, overwrite: bool) -> None:
    """Raise `OutputError` if an existing output must not be replaced, or cannot be so called."""
    if (name := usable(path.name)) != path.name:
        raise OutputError(f"{path.name} cannot be a name on Windows; {name} can.")
    check_replaceable(path)
    if occupied and not overwrite:
        raise OutputError(f"{path} is there already.", remedy=OVERWRITE)


def check_replaceable(path: Path) -> None:
    """Raise `OutputError` for what no file may take the place of."""
    if is_special(path):
        raise OutputError(
            f"{path} is a pipe or a device, which a finished file cannot replace; write to "
            "standard output, -, or to a file."
        )


def is_special(path: Path) -> bool:
    """Whether it is a pipe or a device, or a name that the system has for an open file.

    Such as /dev/stdout, also where that is a file at present.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        return True
    folder = Path(os.path.realpath(path.parent))  # Path.resolve raises where links form a loop
    # On Linux /dev/fd is a link to a folder of /proc, on macOS a folder of its own.
    return folder in (DEVICES, DEVICES / "fd") or PROCESSES in (folder, *folder.parents)


DEVICES, PROCESSES = Path("/dev"), Path("/proc")


def check_folder(folder: Path) -> None:
    """Raise `OutputError` if a folder is missing or not writable."""
    if not folder.is_dir():
        raise OutputError(f"There is no folder {folder}; make it first.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"The folder {folder} may not be written to.")


@contextmanager
def translate_write_errors(path: Path | str) -> Iterator[None]:
    """Turn errors from writing a file into an `OutputError` that names the file."""
    try:
        yield
    except (SinetVideoError, MemoryError):
        raise
    except BrokenPipeError as error:
        raise OutputError("The program that standard output went to has ended.") from error
    except (av.FFmpegError, OSError) as error:
        raise OutputError(f"{path} cannot be written: {reason(error)}.") from error


@contextmanager
def translate_read_errors(path: str | Path) -> Iterator[None]:
    """Turn what the system refuses while a file is read into an `InputError` that names it."""
    try:
        yield
    except (SinetVideoError, MemoryError):
        raise
    except (OSError, ValueError) as error:  # the latter for a NUL in a name
        raise InputError(f"{path} cannot be read: {reason(error)}.") from error
