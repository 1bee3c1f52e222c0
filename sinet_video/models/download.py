"""Files that are not in the package: fetched once, checked, and kept in the user's cache."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sinet_video.atomic import store
from sinet_video.errors import WeightsError

TIMEOUT = 30.0


@dataclass(frozen=True)
class Remote:
    """A public file, pinned: where it is, its size in bytes and its sha256 in hexadecimal."""

    name: str
    url: str
    size: int
    sha256: str


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


def fetch(remote: Remote) -> Path:
    """Return the cached copy of a remote file, fetching it the first time.

    Raises `WeightsError` when it cannot be had or is not the pinned file; a file that failed its
    check is not kept.
    """
    target = cache_folder() / remote.name
    if target.is_file() and _complaint(target.read_bytes(), remote) is None:
        return target
    content = _download(remote, target)
    complaint = _complaint(content, remote)
    if complaint:
        raise WeightsError(
            f"What {remote.url} sent is not the file that was expected: {complaint}. Try again; or "
            f"put the right file at {target} yourself."
        )
    try:
        store(target, content)
    except OSError as error:
        raise WeightsError(
            f"{target} cannot be written ({error.strerror}); set SINET_VIDEO_CACHE to a folder "
            "that can."
        ) from error
    return target


def cached(name: str, make: Callable[[], bytes]) -> bytes:
    """Return the cache's file of this name, or make it and keep it there if that can be done."""
    target = cache_folder() / name
    if target.is_file():
        return target.read_bytes()
    content = make()
    try:
        store(target, content)
    except OSError:
        pass  # A cache that cannot be written costs the time to make the file again, nothing else.
    return content


def _download(remote: Remote, target: Path) -> bytes:
    # Here, as they take longer to import than the rest of this package's start.
    import urllib.error
    import urllib.request
    from http.client import HTTPException

    try:
        with urllib.request.urlopen(remote.url, timeout=TIMEOUT) as answer:
            # One byte more than expected is enough to know that it is the wrong file.
            content: bytes = answer.read(remote.size + 1)
            return content
    except (urllib.error.URLError, HTTPException, OSError) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()
        said = " ".join(str(error).split())
        raise WeightsError(
            f"{remote.url} cannot be fetched ({said}). Without a network, put the file "
            f"({remote.size} bytes, sha256 {remote.sha256[:12]}...) at {target}."
        ) from error


def _complaint(content: bytes, remote: Remote) -> str | None:
    if len(content) < remote.size:
        return f"it broke off after {len(content)} of {remote.size} bytes"
    if len(content) > remote.size:
        return f"it is longer than {remote.size} bytes"
    digest = hashlib.sha256(content).hexdigest()
    if digest != remote.sha256:
        return f"its sha256 is {digest[:12]}... and not {remote.sha256[:12]}..."
    return None
