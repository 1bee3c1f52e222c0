"""The server's own folder, and what is known of the clips in it.

Every file in it has a name that the server chose: a client's is only ever shown.
"""

from __future__ import annotations

import asyncio
import errno
import os
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from sinet_video.containers.demuxers import VIDEO_SUFFIXES
from sinet_video.errors import SinetVideoError
from sinet_video.pipeline.resuming.locked_folder import is_mine
from sinet_video.serve.edits import Edits
from sinet_video.serve.limits import MEGABYTE, SPARE_DISK, Limits
from sinet_video.serve.painting.strokes import Painting
from sinet_video.words import counted

PREFIX = "sinet-video-serve-"

SUFFIXES = VIDEO_SUFFIXES | {".y4m", ".jpg", ".jpeg", ".png"}
"""Endings that a stored file may have; others get none, as readers go by what is inside."""

LONGEST_NAME = 200
"""Bytes of a name that is shown; names of files have up to 255, and results' are longer."""

GARBAGE, CORE = "garbage.mkv", "core.mkv"
MATTES = {"garbage": GARBAGE, "core": CORE}
"""The files of painted mattes, by the options that take them."""


class NotThereError(SinetVideoError):
    """What a client asked for does not exist."""


class FullError(SinetVideoError):
    """There is no room for more."""


def is_full(error: OSError) -> bool:
    """Whether something could not be written because there is no room for it."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def disk_error(error: OSError) -> FullError:
    """Return what is to be said when a file cannot be written."""
    return FullError(
        "The disk is full; make room on it, or delete clips and results." if is_full(error)
        else f"The file cannot be written: {error.strerror}."
    )  # fmt: skip


def new_id() -> str:
    """Return a name that nobody can guess."""
    return secrets.token_hex(8)


def shown_name(given: str) -> str:
    """Return a client's name of a file as it is shown: its last part, without odd characters.

    One that is too long keeps its ending.
    """
    last = given[-2000:].replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(letter for letter in last if letter.isprintable()).strip(" .")
    while len(kept.encode()) > LONGEST_NAME:
        stem, suffix = Path(kept).stem, Path(kept).suffix
        kept = f"{stem[:-1]}{suffix}" if len(suffix) < len(stem) else kept[:-1]
    return kept or "clip"


@dataclass
class StoredClip:
    """One clip that was uploaded.

    Attributes:
        id: its name in addresses and on the disk.
        name: what the client called it; it is shown, and never a path.
        folder: where all of its files are.
        file: its own file.
        size: of that, in bytes.
        facts: what it is.
        edits: what was changed about its matte.
        painting: what was painted over it.
        painted: held while that is being changed.
        drawn: the painted mattes that exist: option to file name.
        background: what was uploaded to be put behind it: its file and its shown name.
        touched: when somebody last asked for it.
    """

    id: str
    name: str
    folder: Path
    file: Path
    size: int = 0
    facts: dict[str, Any] = field(default_factory=dict)
    edits: Edits = field(default_factory=Edits)
    painting: Painting = field(default_factory=Painting)
    painted: asyncio.Lock = field(default_factory=asyncio.Lock)
    drawn: dict[str, str] = field(default_factory=dict)
    background: tuple[Path, str] | None = None
    touched: float = field(default_factory=time.monotonic)

    @property
    def is_still(self) -> bool:
        """Whether it is one image."""
        return bool(self.facts.get("frames") == 1)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {
            "id": self.id,
            "name": self.name,
            "size": self.size,
            **self.facts,
            "edits": self.edits.to_dict(),
            "strokes": self.painting.to_list(),
            "drawn": sorted(self.drawn),
            "background": self.background and self.background[1],
        }


class Workplace:
    """A new folder for one run of the server, removed with all in it at the end."""

    def __init__(self, limits: Limits, parent: Path | None = None) -> None:
        parent = parent or Path(tempfile.gettempdir())
        remove_abandoned(parent)
        self.limits = limits
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        self._lock = FileLock(self.folder / "lock")
        self._lock.acquire()
        self.clips: dict[str, StoredClip] = {}
        self._expected = 0

    def close(self) -> None:
        """Remove everything."""
        self._lock.release()
        for _ in range(50):  # a process that is ending may still write
            shutil.rmtree(self.folder, ignore_errors=True)
            if not self.folder.exists():
                return
            time.sleep(0.1)

    def clip(self, name: str) -> StoredClip:
        """Return a clip. Raises `NotThereError`."""
        if name not in self.clips:
            raise NotThereError("There is no such clip; it may have been deleted.")
        self.clips[name].touched = time.monotonic()
        return self.clips[name]

    def begin(self, given: str) -> StoredClip:
        """Make room for a clip that is about to come. Raises `FullError`."""
        if len(self.clips) >= self.limits.clips:
            raise FullError(
                f"{counted(len(self.clips), 'clip is', 'clips are')} here already, as many as "
                "--max-clips allows; delete one."
            )
        name = shown_name(given)
        clip = new_id()
        folder = self.folder / clip
        folder.mkdir(mode=0o700)
        return StoredClip(clip, name, folder, folder / f"clip{known_suffix(name)}")

    def keep(self, clip: StoredClip) -> None:
        """Let a clip be found."""
        self.clips[clip.id] = clip

    def delete(self, clip: StoredClip) -> None:
        """Remove a clip and all that was made of it."""
        self.clips.pop(clip.id, None)
        shutil.rmtree(clip.folder, ignore_errors=True)

    def used(self) -> int:
        """Return how many bytes all files take."""
        return sum(entry.stat(follow_symlinks=False).st_size for entry in _files(self.folder))

    def check_room(self, more: int = 0) -> None:
        """Raise `FullError` if there is no room for so many bytes more."""
        allowed = self.limits.disk * MEGABYTE
        if self.used() + more > allowed:
            raise FullError(
                f"Clips and results would take more than {self.limits.disk} MB, as --max-disk "
                "says; delete some."
            )
        if shutil.disk_usage(self.folder).free < more + SPARE_DISK:
            raise FullError(
                "The disk is nearly full; make room on it, or delete clips and results."
            )

    def forgotten(self) -> list[StoredClip]:
        """Return the clips that nobody asked for in a long time."""
        before = time.monotonic() - self.limits.keep_hours * 3600
        return [clip for clip in self.clips.values() if clip.touched < before]


def known_suffix(name: str) -> str:
    """Return the ending of a shown name, if it is one that is known."""
    suffix = Path(name).suffix.lower()
    return suffix if suffix in SUFFIXES else ""


def own_file(path: Path, folder: Path) -> Path:
    """Return a file of a folder, if it is there and no link. Raises `NotThereError`."""
    try:
        mode = path.lstat().st_mode
    except OSError as error:
        raise NotThereError("There is no such file yet.") from error
    if not stat.S_ISREG(mode) or path.resolve().parent != folder.resolve():
        raise NotThereError("There is no such file.")
    return path


def remove_abandoned(parent: Path) -> None:
    """Remove folders of servers that were killed: nobody holds their locks."""
    for folder in parent.glob(f"{PREFIX}*"):
        if folder.is_symlink() or not is_mine(folder.stat()):
            continue
        try:
            with FileLock(folder / "lock", timeout=0):
                pass
        except (Timeout, OSError):
            continue
        shutil.rmtree(folder, ignore_errors=True)


def _files(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield from _files(Path(entry.path))
                else:
                    yield entry
    except FileNotFoundError:
        return  # deleted meanwhile
