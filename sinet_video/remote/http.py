"""Files on web servers: read by GET, from where a broken connection stopped, and written by PUT."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import Any

from sinet_video.errors import InputError, OutputError
from sinet_video.remote.address import without_secrets
from sinet_video.remote.backoff import Backoff, Permanent
from sinet_video.remote.store import Facts, Upload, Write

PATIENCE = 30.0
"""Seconds without a byte after which a connection is given up."""

CHUNK = 1 << 20
"""Bytes that are read at a time."""

ABSENT = frozenset({404, 410})
"""Statuses that say that there is no such file."""

REFUSED = frozenset({401, 403, 405, 501})
"""Statuses that refuse a method, and perhaps not another."""

TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses that may be others in a moment."""


@dataclass(frozen=True)
class HttpStore:
    """Web servers."""

    backoff: Backoff = Backoff()
    patience: float = PATIENCE

    def facts(self, url: str) -> Facts | None:
        """Ask by HEAD; see `Store.facts`."""
        try:
            found: Facts = self._tried(url, "HEAD", InputError, self._head)
        except _Absent:
            return None
        return found

    def _head(self, url: str) -> Facts:
        try:
            with self._opened(url, "HEAD") as answer:
                return _facts(answer.headers)
        except _Refused:  # as of a URL that is signed for GET alone
            with self._opened(url, "GET", {"Range": "bytes=0-0"}) as answer:
                return _facts(answer.headers)

    def is_free(self, url: str) -> bool:
        """Ask by HEAD; where that is refused, it is PUT that finds out; see `Store.is_free`."""
        try:
            self._tried(url, "HEAD", OutputError, self._asked)
        except _Absent:
            return True
        return False

    def _asked(self, url: str) -> None:
        try:
            self._opened(url, "HEAD").close()
        except _Refused:
            raise _Absent from None

    def read(self, url: str, facts: Facts, start: int, write: Write) -> None:
        """Read by GET, with Range where some of it is there; see `Store.read`."""
        headers = {"Accept-Encoding": "identity"}
        if start:
            headers |= {"Range": f"bytes={start}-"}
            # So that a file that has changed meanwhile is not put together of two.
            headers |= {"If-Range": facts.version} if facts.version.startswith('"') else {}
        with self._opened(url, "GET", headers) as answer:
            skip = start if answer.status != 206 else 0  # it sends all of it
            now = _facts(answer.headers).version
            if facts.version not in ("", now):
                raise Permanent(
                    f"it changed while it was read, from {facts.version} to {now or 'no version'}"
                )
            while chunk := answer.read(CHUNK):
                write(chunk[skip:])
                skip = max(0, skip - len(chunk))

    def begin(self, path: Path, url: str, *, overwrite: bool) -> Upload:
        """Return what is sent in one go; see `Store.begin`."""
        return _Put(self, path, url, overwrite)

    def find(self, url: str, *, recursive: bool) -> Iterator[str]:
        """Yield the URL itself, as web servers have no folders."""
        yield url

    def put(self, path: Path, url: str, *, overwrite: bool) -> None:
        """Send a file, whose end the server knows from its length."""
        headers = {"Content-Type": "application/octet-stream"}
        headers |= {"Content-Length": str(path.stat().st_size)}
        headers |= {} if overwrite else {"If-None-Match": "*"}

        def attempt(url: str) -> None:
            with path.open("rb") as file, self._opened(url, "PUT", headers, file):
                pass

        self._tried(url, "PUT", OutputError, attempt)

    def _tried(self, url: str, what: str, kind: type[Exception], attempt: Any) -> Any:
        shown = without_secrets(url)
        try:
            return self.backoff(f"{what} {shown}", lambda: attempt(url))
        except _Absent:
            raise
        except (Permanent, OSError, HTTPException, ValueError) as error:
            raise kind(f"{shown} cannot be reached: {error}.") from error

    def _opened(
        self, url: str, method: str, headers: dict[str, str] | None = None, body: Any = None
    ) -> Any:
        request = urllib.request.Request(url, data=body, headers=headers or {}, method=method)
        try:
            return urllib.request.urlopen(request, timeout=self.patience)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in ABSENT:
                raise _Absent("there is no such file") from None
            said = f"the server answers {error.code} {error.reason}"
            raise _kind(error.code)(said) from None


class _Absent(Permanent):
    """The server says that there is no such file."""


class _Refused(Permanent):
    """The server does not answer this kind of question, perhaps another."""


def _kind(status: int) -> type[Exception]:
    if status in REFUSED:
        return _Refused
    return ConnectionError if status in TRANSIENT else Permanent


def _facts(headers: HTTPMessage) -> Facts:
    size = headers.get("Content-Length")
    if whole := headers.get("Content-Range", "").rpartition("/")[2]:
        size = whole
    encoded = headers.get("Content-Encoding", "identity") != "identity"
    version = headers.get("ETag") or headers.get("Last-Modified") or ""
    return Facts(int(size) if size and size.isdigit() and not encoded else None, version)


@dataclass(frozen=True)
class _Put:
    store: HttpStore
    path: Path
    url: str
    overwrite: bool

    def commit(self) -> None:
        self.store.put(self.path, self.url, overwrite=self.overwrite)

    def discard(self) -> None:
        """Nothing was sent."""
