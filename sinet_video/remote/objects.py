"""Files in object storage, by fsspec: S3, Google Cloud Storage and Azure."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from sinet_video.errors import InputError, OutputError, SinetVideoError
from sinet_video.extras import extra_needed
from sinet_video.remote.backoff import Backoff, Permanent
from sinet_video.remote.store import Facts, Upload, Write

PART = 16 << 20
"""Bytes of a part of an upload, and of a range that is read; 10,000 parts are 160 GB."""

ONCE = Backoff(tries=1)

FINAL = (FileNotFoundError, FileExistsError, PermissionError, IsADirectoryError, ValueError)
"""Answers that stay the same however often one asks."""

VERSIONS = ("ETag", "etag", "LastModified", "last_modified", "mtime", "updated")
"""What the kinds of storage call that which changes with the content."""


PREFIXES = ("AWS_", "AZURE_", "FSSPEC_", "GOOGLE_", "GCS", "STORAGE_")
"""How the variables of the environment begin that say where storage is, and who asks."""


@lru_cache(maxsize=4)
def _files(protocol: str, settings: tuple[tuple[str, str], ...], process: int) -> Any:
    """Return fsspec's file system, which takes half a second to make.

    It is made anew where settings are others, and in a process that was forked.
    """
    import fsspec

    kind = fsspec.get_filesystem_class(protocol)
    return kind(skip_instance_cache=True, use_listings_cache=False)


@dataclass(frozen=True)
class ObjectStore:
    """Object storage; `files` is fsspec's file system."""

    files: Any
    backoff: Backoff = Backoff()

    @classmethod
    def of(cls, protocol: str) -> ObjectStore:
        """Return the store of one of fsspec's protocols.

        Credentials and endpoints are found as each provider's own tools find them.
        """
        settings = sorted((k, v) for k, v in os.environ.items() if k.startswith(PREFIXES))
        with extra_needed(f"Object storage ({protocol})"):
            return cls(_files(protocol, tuple(settings), os.getpid()))

    def facts(self, url: str) -> Facts | None:
        """Ask for the object's description; see `Store.facts`."""
        try:
            found = self._tried(url, InputError, lambda: self._info(url))
        except _Absent:
            return None
        version = next((str(found[name]) for name in VERSIONS if found.get(name)), "")
        return Facts(found["size"], version)

    def is_free(self, url: str) -> bool:
        """Ask for the object's description; see `Store.is_free`."""
        return self.facts(url) is None

    def _info(self, url: str) -> dict[str, Any]:
        found: dict[str, Any] = self.files.info(url)
        if found.get("type") == "directory":
            raise FileNotFoundError("it is a folder")
        return found

    def read(self, url: str, facts: Facts, start: int, write: Write) -> None:
        """Read range by range; see `Store.read`."""
        with _classified(), self.files.open(url, "rb", block_size=PART, cache_type="none") as file:
            while start < (facts.size or 0):
                file.seek(start)
                chunk = file.read(min(PART, (facts.size or 0) - start))
                if not chunk:
                    raise ConnectionError("it ended early")
                write(chunk)
                start += len(chunk)

    def begin(self, path: Path, url: str, *, overwrite: bool) -> Upload:
        """Send a file in parts, which are no object before `commit`; see `Store.begin`."""
        sent: Upload = self._tried(
            url, OutputError, lambda: self._sent(path, url, overwrite=overwrite)
        )
        return sent

    def _sent(self, path: Path, url: str, *, overwrite: bool) -> Upload:
        # Where a writer can, it refuses a name that was taken meanwhile.
        mode = "xb" if not overwrite and self._is_a("s3", "abfs") else "wb"
        there = self.files.open(url, mode, block_size=PART, autocommit=False)
        try:
            with path.open("rb") as file:
                while chunk := file.read(PART):
                    there.write(chunk)
            if not self._is_a("abfs"):  # whose writer commits when it is closed
                there.close()
        except BaseException:
            _abandon(there)
            raise
        return _Sent(self, url, there)

    def _is_a(self, *protocols: str) -> bool:
        own = self.files.protocol
        return any(name in ((own,) if isinstance(own, str) else own) for name in protocols)

    def find(self, url: str, *, recursive: bool) -> Iterator[str]:
        """List a folder, or match a pattern; see `Store.find`."""
        scheme = url.partition("://")[0]
        names = self._tried(url, InputError, lambda: self._names(url, recursive=recursive))
        yield from (f"{scheme}://{name}" for name in sorted(names))

    def _names(self, url: str, *, recursive: bool) -> list[str]:
        if any(letter in url for letter in "*?["):
            names: list[str] = self.files.glob(url)
        else:
            names = self.files.find(url, maxdepth=None if recursive else 1)
        return [name for name in names if not name.endswith("/")]

    def _tried(self, url: str, kind: type[SinetVideoError], attempt: Any) -> Any:
        def classified() -> Any:
            with _classified():
                return attempt()

        try:
            return self.backoff(url, classified)
        except _Absent:
            if kind is InputError:
                raise
            raise kind(f"{url} cannot be written: there is no such bucket or folder.") from None
        except SinetVideoError:
            raise
        except Exception as error:
            raise kind(f"{url} cannot be reached: {_said(error)}.") from error


@dataclass(frozen=True)
class _Sent:
    """An upload whose parts are all at the host."""

    store: ObjectStore
    url: str
    there: Any

    def commit(self) -> None:
        if not self.there.closed:
            # Once only: it counts as closed even if its last part was not sent.
            replace(self.store, backoff=ONCE)._tried(self.url, OutputError, self.there.close)
        self.store._tried(self.url, OutputError, self.there.commit)

    def discard(self) -> None:
        _abandon(self.there)


class _Absent(Permanent):
    """There is no such object."""


@contextmanager
def _classified() -> Iterator[None]:
    """Tell apart what may go well another time, and what may not."""
    try:
        yield
    except (Permanent, SinetVideoError):
        raise
    except FileNotFoundError as error:
        raise _Absent(_said(error)) from error
    except FINAL as error:
        raise Permanent(_said(error)) from error
    except Exception as error:
        if "Credentials" in type(error).__name__ or type(error).__name__ == "FileExpired":
            raise Permanent(_said(error)) from error
        raise


def _abandon(there: Any) -> None:
    try:
        there.discard()
    except Exception:
        pass  # Whoever has stopped at an error says that one.
    there.closed = True  # or its end would send what is there


def _said(error: Exception) -> str:
    return (" ".join(str(error).split()) or type(error).__name__).rstrip(".")
