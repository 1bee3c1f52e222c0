"""The user's cache folder for this library, which nobody else may write to."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sinet_video.atomic import store
from sinet_video.errors import OutputError
from sinet_video.paths import place_of

CHECKSUM = 32
"""Bytes of the checksum that stands before what is kept."""

OWN, OTHERS = 0o700, stat.S_IWGRP | stat.S_IWOTH


def cache_folder() -> Path:
    """Return the user's cache folder for this library; `SINET_VIDEO_CACHE` overrides it."""
    chosen = os.environ.get("SINET_VIDEO_CACHE")
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "sinet_video"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "sinet_video"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sinet_video"


def keep(name: str, content: bytes) -> None:
    """Keep a file with its checksum in the cache. Raises `OSError` where that cannot be."""
    folder = own_folder(cache_folder())
    store(folder / name, hashlib.sha256(content).digest() + content)


def kept(name: str) -> bytes | None:
    """Return a file of the cache if it is whole, ours, and nobody else's to change."""
    target = cache_folder() / name
    try:
        if not all(map(_is_safe, (target.parent, target))):
            return None
        written = target.read_bytes()
    except (OSError, ValueError):
        return None
    checksum, content = written[:CHECKSUM], written[CHECKSUM:]
    return content if checksum == hashlib.sha256(content).digest() else None


def own_folder(folder: Path) -> Path:
    """Make a folder, if it is not there, that is its user's alone, whatever the umask."""
    folder.mkdir(mode=OWN, parents=True, exist_ok=True)
    return folder


def _is_safe(path: Path) -> bool:
    """Whether a file or folder is of this user, or the system's, and others cannot write to it."""
    if sys.platform == "win32":
        return True
    found = path.stat()
    return found.st_uid in (os.geteuid(), 0) and not found.st_mode & OTHERS


@contextmanager
def claimed(targets: Iterable[Path]) -> Iterator[None]:
    """Hold the names of a job's outputs, so that no other job of this user makes them meanwhile.

    Raises `OutputError` when one does. Whoever ends, or is killed, lets go of them. Where there is
    no cache, names are not held; that nothing is replaced is seen to when they are given.
    """
    with ExitStack() as stack:
        for target in targets:
            _claim(target, stack)
        yield


def _claim(target: Path, stack: ExitStack) -> None:
    from filelock import FileLock, Timeout  # takes its time, and most callers claim nothing

    name = hashlib.sha256(os.fsencode(place_of(target))).hexdigest()[:32]
    try:
        folder = own_folder(own_folder(cache_folder()) / "claims")
        lock = FileLock(folder / name, thread_local=False)
        stack.enter_context(lock.acquire(blocking=False))
    except Timeout:
        raise OutputError(
            f"{target} is being made by another job; wait for it, or give another name."
        ) from None
    except OSError:
        return
    if sys.platform != "win32":  # which refuses to remove what is open; the lock does so itself
        # While it is held: who waits for a file that is gone makes a new one.
        stack.callback(Path(lock.lock_file).unlink, missing_ok=True)
