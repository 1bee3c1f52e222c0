"""What jobs that were killed have left behind, found and removed.

Only what this library made is found: hidden files and folders by the names that it gives, and the
folders of resumable jobs by the mark in them. What a process holds is not: see `hold`.
"""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sinet_video.atomic import DRAFT, translate_read_errors, translate_write_errors
from sinet_video.errors import InputError
from sinet_video.hold import is_held
from sinet_video.pipeline.resuming.job_folder import state_in
from sinet_video.pipeline.resuming.locked_folder import MARK, empty_folder, is_mine, locked_if_free

Kind = Literal["draft", "replaced", "job"]


@dataclass(frozen=True)
class Leftover:
    """A file or folder that a killed job left.

    Attributes:
        path: where it is.
        kind: "draft" for what was never finished, "replaced" for what a finished output has taken
            the place of, and "job" for the folder from which `resume` goes on.
        size: of all files in it, in bytes.
        age: seconds since anything in it was written.
        frames: how many are finished, of a job.
    """

    path: Path
    kind: Kind
    size: int
    age: float
    frames: int = 0

    def remove(self) -> bool:
        """Remove it, unless a process has begun to use it; return whether it is gone.

        Raises `OutputError`.
        """
        with translate_write_errors(self.path):
            if self.kind == "job":
                _remove_job(self.path)
            elif is_held(self.path):
                return False
            elif self.path.is_dir():
                shutil.rmtree(self.path)
            else:
                self.path.unlink()
        return not self.path.exists()


def leftovers(folders: Iterable[str | Path], *, recursive: bool = False) -> Iterator[Leftover]:
    """Yield what killed jobs left in folders, in the order of their names.

    Raises `InputError` for a folder that cannot be read.
    """
    for folder in folders:
        if not Path(folder).is_dir():
            raise InputError(f"There is no folder {folder}.")
        yield from _within(Path(folder), recursive=recursive)


def _within(folder: Path, *, recursive: bool) -> Iterator[Leftover]:
    with translate_read_errors(folder):
        paths = sorted(folder.iterdir())
    for path in paths:
        found = _kind(path)
        if found is not None:
            yield found
        elif recursive and path.is_dir() and not path.is_symlink() and os.access(path, os.R_OK):
            yield from _within(path, recursive=True)


def _kind(path: Path) -> Leftover | None:
    named = DRAFT.fullmatch(path.name)
    is_job = path.name.startswith(".") and path.name.endswith(".parts")
    if not (named or is_job) or not _is_ours(path):
        return None
    if named is not None:
        return None if is_held(path) else _draft(path, named[1], named[2])
    if not (path / MARK).is_file() or _is_at_work(path):
        return None
    state = state_in(path)
    return Leftover(path, "job", *_facts(path), 0 if state is None else state.frames)


def _draft(path: Path, name: str, ending: str) -> Leftover | None:
    """Return a draft; what was to be replaced is only one if something took its place."""
    if ending == "old" and not path.with_name(name).exists():
        return None
    return Leftover(path, "draft" if ending == "part" else "replaced", *_facts(path))


def _is_ours(path: Path) -> bool:
    """Whether it is a file or folder of this user, and no link."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return is_mine(found) and (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode))


def _facts(path: Path) -> tuple[int, float]:
    """Return the bytes in a file or folder, and the seconds since anything was written there."""
    found = [path.lstat()]
    if path.is_dir():
        found += [each.lstat() for each in path.rglob("*")]
    size = sum(each.st_size for each in found if stat.S_ISREG(each.st_mode))
    return size, max(0.0, time.time() - max(each.st_mtime for each in found))


def _is_at_work(folder: Path) -> bool:
    try:
        with locked_if_free(folder) as lock:
            return lock is None
    except OSError:
        return True


def _remove_job(folder: Path) -> None:
    with locked_if_free(folder) as lock:
        if lock is not None:
            empty_folder(folder, lock)
