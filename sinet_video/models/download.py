"""Files that are not in the package: fetched once, checked, and kept in the user's cache."""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from sinet_video.atomic import store
from sinet_video.cache import cache_folder, keep, kept, own_folder
from sinet_video.errors import WeightsError

TIMEOUT = 30.0


@dataclass(frozen=True)
class Remote:
    """A public file, pinned: where it is, its size in bytes and its sha256 in hexadecimal."""

    name: str
    url: str
    size: int
    sha256: str


def fetch(remote: Remote) -> Path:
    """Return the cached copy of a remote file, fetching it the first time.

    Raises `WeightsError` when it cannot be had or is not the pinned file; a file that failed its
    check is not kept.
    """
    target = cache_folder() / remote.name
    if _is_right(target, remote):
        return target
    content = _download(remote, target)
    complaint = _complaint(content, remote)
    if complaint:
        raise WeightsError(
            f"What {remote.url} sent is not the file that was expected: {complaint}. Try again; or "
            f"put the right file at {target} yourself."
        )
    try:
        store(own_folder(target.parent) / target.name, content)
    except OSError as error:
        raise WeightsError(
            f"{target} cannot be written ({error.strerror}); set SINET_VIDEO_CACHE to a folder "
            "that can."
        ) from error
    return target


def _is_right(target: Path, remote: Remote) -> bool:
    """Whether the file is there, whole; one that cannot be read is not."""
    try:
        return target.is_file() and _complaint(target.read_bytes(), remote) is None
    except OSError:
        return False


def cached(name: str, make: Callable[[], bytes]) -> bytes:
    """Return the cache's file of this name, or make it and keep it there if that can be done.

    One that is not whole, or that somebody else could have written, is made anew.
    """
    found = kept(name)
    if found is not None:
        return found
    content = make()
    try:
        keep(name, content)
    except OSError:
        pass  # A cache that cannot be written costs the time to make the file again, nothing else.
    return content


def _download(remote: Remote, target: Path) -> bytes:
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
