"""URLs of files on other hosts."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from sinet_video.errors import InputError, Remedy

StrPath = str | Path

OBJECTS = {"s3": "s3", "gs": "gcs", "gcs": "gcs", "az": "abfs", "abfs": "abfs", "abfss": "abfs"}
"""Schemes of object storage, and what fsspec calls the protocol."""

HTTP = ("http", "https")

PLAYLISTS = (".m3u8", ".m3u", ".mpd", ".ism")
"""Extensions of what names other files, and is not a file to fetch."""


def scheme_of(name: StrPath) -> str:
    """Return the scheme of a URL, in lower case; "" for a path, also for one with a drive."""
    text = str(name)
    scheme, found, _ = text.partition("://")
    return scheme.lower() if isinstance(name, str) and found and len(scheme) > 1 else ""


def is_object(name: StrPath) -> bool:
    """Whether it is the URL of something in object storage."""
    return scheme_of(name) in OBJECTS


def is_remote(name: StrPath) -> bool:
    """Whether it is the URL of a file that can be fetched, or put, as a whole."""
    scheme = scheme_of(name)
    return scheme in OBJECTS or (scheme in HTTP and suffix_of(name) not in PLAYLISTS)


def any_remote(*names: object) -> bool:
    """Whether any of these is the URL of a file to be staged."""
    return any(isinstance(name, str) and is_remote(name) for name in names)


def name_of(url: str) -> str:
    """Return the last part of a URL's path, by which a file is called."""
    return pure_path(url).name


def suffix_of(name: StrPath) -> str:
    """Return the extension in lower case, of a path or of a URL without its query."""
    path = PurePosixPath(_path(name)) if scheme_of(name) else PurePosixPath(str(name))
    return path.suffix.lower()


def _path(url: StrPath) -> str:
    # A key in object storage may have a "?" or "#" in it.
    text = str(url)
    return text.partition("://")[2] if is_object(url) else urlsplit(text).path


def pure_path(name: StrPath) -> PurePosixPath | Path:
    """Return a path, or that of a URL within its host, to take names and extensions from."""
    if not scheme_of(name):
        return Path(name)
    # Keys in object storage are what they are; in other URLs %20 is a space.
    return PurePosixPath(_path(name) if is_object(name) else unquote(_path(name)))


def joined(folder: StrPath, name: str) -> StrPath:
    """Return what is called `name`, with forward slashes, below a folder or a URL."""
    if scheme_of(folder):
        return f"{str(folder).rstrip('/')}/{name}"
    return Path(folder) / name


def without_secrets(url: StrPath) -> str:
    """Return a URL to be shown: its query may sign it, and its user may have a password."""
    text = str(url)
    if scheme_of(url) not in HTTP:
        return text
    parts = urlsplit(text)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def check_allowed(name: StrPath, allow: str) -> None:
    """Raise `InputError` for a URL, unless the network is allowed."""
    if scheme_of(name) and allow != "network":
        raise InputError(
            f"{without_secrets(name)} is on the network, which is used only if allowed.",
            remedy=Remedy("allow", "network", "if you trust it"),
        )
