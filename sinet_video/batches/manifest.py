"""The manifest of a batch: the outcome of every clip, as JSON lines beside the results."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from sinet_video._version import __version__
from sinet_video.atomic import translate_write_errors
from sinet_video.errors import InputError, reason
from sinet_video.paths import check_paths

LOGGER = logging.getLogger("sinet_video")

FILE_NAME = "manifest.jsonl"


@dataclass(frozen=True)
class Entry:
    """The latest outcome of one clip.

    Attributes:
        name: the path of its output within the batch's folder, with forward slashes.
        source: the file that it was made of.
        identity: that file's size, time of change and a digest of its two ends; "" if it could not
            be read.
        options: the settings that it was made with, as text, by their names.
        outcome: "done" or "failed".
        reason: why it failed; "" if it is done.
        written: the output's size and time of change, so that later changes by hand are seen; ""
            for a folder.
        finished: when, as ISO 8601 in UTC.
        report: the figures of `Report`; empty if it failed.
        version: the version of this library that made it.
    """

    name: str
    source: str
    identity: str
    options: dict[str, str]
    outcome: Literal["done", "failed"]
    reason: str = ""
    written: str = ""
    finished: str = ""
    report: dict[str, Any] = field(default_factory=dict)
    version: str = __version__

    def line(self) -> bytes:
        """Return it as one line of JSON."""
        # With escapes, so that names that are not UTF-8 stay what they are.
        return json.dumps(asdict(self)).encode("ascii") + b"\n"

    @classmethod
    def parse(cls, line: bytes) -> Entry:
        """Parse the result of `line`. Raises `ValueError` or `TypeError` for anything else."""
        entry = cls(**json.loads(line))
        if not (isinstance(entry.name, str) and isinstance(entry.options, dict)):
            raise TypeError("fields of other types")
        return entry


class Manifest:
    """The manifest of a folder of results; several processes and machines may write to it at once.

    A line is added for every clip that is worked on, so the last one of a name counts. It is on the
    disk when `add` returns. A line that was cut off when a machine stopped is passed over.
    """

    def __init__(self, folder: str | Path) -> None:
        check_paths(folder=folder)
        self.path = Path(folder) / FILE_NAME

    def entries(self) -> dict[str, Entry]:
        """Return the last entry of every name. Raises `InputError` if it cannot be read."""
        return {entry.name: entry for entry in self}

    def __iter__(self) -> Iterator[Entry]:
        try:
            content = self.path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise InputError(f"{self.path} cannot be read: {reason(error)}.") from error
        for number, line in enumerate(content.split(b"\n"), 1):
            if line.strip():
                try:
                    yield Entry.parse(line)
                except (ValueError, TypeError):
                    LOGGER.warning("%s: line %d is damaged and is passed over.", self.path, number)

    def add(self, entry: Entry) -> None:
        """Add a line. Raises `OutputError`."""
        with translate_write_errors(self.path), self._held(), self.path.open("ab+") as file:
            start = file.seek(0, os.SEEK_END)
            if start and _last_byte(file) != b"\n":
                file.write(b"\n")
            file.write(entry.line())
            file.flush()
            os.fsync(file.fileno())

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Hold the file, so that lines come one after another."""
        from filelock import FileLock  # whoever only reads has not to wait for its import

        with FileLock(self.path.with_name(f".{self.path.name}.lock"), fallback_to_soft=False):
            yield


def _last_byte(file: Any) -> bytes:
    file.seek(-1, os.SEEK_END)
    last: bytes = file.read(1)
    return last
