"""The folder of a job as such: made, marked as ours, locked by one process, and emptied."""

from __future__ import annotations

import logging
import os
import re
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sinet_video.errors import OutputError

LOGGER = logging.getLogger("sinet_video")

MANIFEST, LOCK = "manifest.json", "lock"
MARK = "made-by-sinet-video"
"""The file by which a folder is known to be ours."""

OURS = re.compile(
    r"(output|matte|plate)(-\d{6})?(\.\w+)?|alphas-\d{6}\.npz|warmup-\d{6}\.json|manifest\.json|\..*\.part"
)
"""The names that we give in it, but for those of the lock and the mark."""

PATIENCE = 0.2
"""Seconds to wait for a lock, whose last holder may be removing it at this moment."""


def empty_folder(folder: Path, lock: ExitStack) -> None:
    """Remove a job's folder, or what is ours in it; what says whose it is goes last."""
    for path in folder.iterdir():
        if OURS.fullmatch(path.name) and path.name != MANIFEST:
            remove(path)
    (folder / MANIFEST).unlink(missing_ok=True)
    if sys.platform == "win32":  # Windows cannot remove an open file
        lock.close()
    for name in (LOCK, MARK):
        (folder / name).unlink(missing_ok=True)
    if any(folder.iterdir()):
        LOGGER.warning("%s stays, as there are files in it that are not ours.", folder)
    else:
        folder.rmdir()


def remove(path: Path) -> None:
    """Remove a file, a link, or a folder with all in it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _make(folder: Path) -> None:
    """Make the folder of a job, or see that it is one. Raises `OutputError` for what is not."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found, mark = folder.lstat(), folder / MARK
    made = mark.is_file() or not any(folder.iterdir())
    if not stat.S_ISDIR(found.st_mode) or not is_mine(found) or not made:
        raise OutputError(
            f"{folder} is in the way: it is where a job keeps what is finished, and no job made "
            "it. Move it, or give the output another name."
        )
    mark.touch()


def is_mine(found: os.stat_result) -> bool:
    """Whether a file or folder is this user's."""
    return sys.platform == "win32" or found.st_uid == os.geteuid()


@contextmanager
def locked_if_free(folder: Path) -> Iterator[ExitStack | None]:
    """Lock a folder that is there; yield what holds the lock, or None if a process has it."""
    from filelock import FileLock, Timeout

    with ExitStack() as stack:
        try:
            stack.enter_context(FileLock(folder / LOCK, timeout=0, fallback_to_soft=False))
        except Timeout:
            yield None
        else:
            yield stack


@contextmanager
def locked(folder: Path, output: Path) -> Iterator[None]:
    """Create a folder if necessary and lock it; the lock is released even if the process is killed.

    Raises `OutputError` if another process holds the lock.
    """
    from filelock import FileLock, Timeout  # only resumable jobs pay for this import

    lock = FileLock(folder / LOCK, timeout=PATIENCE, fallback_to_soft=False)
    while not lock.is_locked:
        _make(folder)
        try:
            lock.acquire()
        except FileNotFoundError:
            continue  # the last holder has just removed the folder
        except Timeout:
            raise OutputError(
                f"{output} is being made by another process; wait for it, or give another name."
            ) from None
    try:
        yield
    finally:
        lock.release()
