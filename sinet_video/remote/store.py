"""What every kind of host can do: say what a file is, give it in ranges, and take a new one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sinet_video.remote.address import HTTP, OBJECTS, scheme_of


@dataclass(frozen=True)
class Facts:
    """What a host says about a file.

    Attributes:
        size: bytes; None where the host does not say.
        version: changes when the content does: an ETag or a time of change; "" if there is neither.
    """

    size: int | None
    version: str = ""

    def __str__(self) -> str:
        return f"{self.size} {self.version}"


Write = Callable[[bytes], object]
"""Takes the next bytes of a file."""


class Upload(Protocol):
    """A file that is on its way to a host, where nobody sees it before `commit`."""

    def commit(self) -> None:
        """Let the file appear under its name. Raises `OutputError`."""

    def discard(self) -> None:
        """Leave nothing of it at the host."""


class Store(Protocol):
    """A kind of host. All methods raise `InputError` or `OutputError`, after trying again."""

    def facts(self, url: str) -> Facts | None:
        """Return what the host says about a file, or None if there is none."""

    def is_free(self, url: str) -> bool:
        """Whether no file has this URL, as far as one may ask."""

    def read(self, url: str, facts: Facts, start: int, write: Write) -> None:
        """Hand over the bytes of a file from `start` on; may stop early, with an exception."""

    def begin(self, path: Path, url: str, *, overwrite: bool) -> Upload:
        """Begin to put a local file at a URL."""

    def find(self, url: str, *, recursive: bool) -> Iterator[str]:
        """Yield the URLs of the files that a folder or a pattern stands for, sorted."""


def store_of(url: str) -> Store:
    """Return the store of a URL. Raises `MissingPackageError` where an extra is needed."""
    scheme = scheme_of(url)
    if scheme in HTTP:
        from sinet_video.remote.http import HttpStore

        return HttpStore()
    from sinet_video.remote.objects import ObjectStore

    return ObjectStore.of(OBJECTS[scheme])
