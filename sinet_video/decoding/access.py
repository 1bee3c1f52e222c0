"""What opening an input may read besides it: nothing, other files, or other hosts as well."""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, get_args

import av

from sinet_video.containers.formats import PIPE
from sinet_video.errors import InputError, SettingError
from sinet_video.paths import check_named

StrPath = str | Path

Allow = Literal["nothing", "files", "network"]
"""What an input may make us read: only itself, also files that it names, or hosts as well."""

_LISTS = {
    "concat": (b"ffconcat", "a list of files (ffconcat)"),
    "dash": (b"<MPD", "a playlist (DASH)"),
    "hls": (b"#EXTM3U", "a playlist (HLS)"),
    "rtsp": (b"RTSPtext", "the address of a stream (RTSP)"),
    "sdp": (b"v=0", "the description of a stream (SDP)"),
}
"""libav's demuxers that read other files and hosts, how such files begin, and what they are."""

_BY_NAME = frozenset({"imf", "rtp", "sap", "vobsub", "webm_dash_manifest"})
"""Others that do, and show no pictures by themselves."""

_HOSTS = "http,https,httpproxy,tcp,tls,udp,rtp,srtp,rtmp,rtmps,rtmpt,rtmpts,rtsp,srt"
_PROTOCOLS: dict[Allow, str] = {
    "nothing": "file",
    "files": "file,crypto,data",
    "network": f"file,crypto,data,{_HOSTS}",
}

_URL = re.compile(r"[a-z][a-z0-9+.-]*://")

HEAD = 4096
"""Bytes in which a list's kind shows."""

PATIENCE = 30.0
"""Seconds to wait for a host."""


@dataclass(frozen=True)
class Source:
    """A file or URL to read, and what reading it may make us read besides.

    Attributes:
        path: the file, or its URL as text, as it was given.
        allow: "nothing", only the file itself; "files", also files that it names, such as a
            playlist does; "network", hosts as well, and `path` may be a URL.
    """

    path: StrPath
    allow: Allow = "nothing"

    def __post_init__(self) -> None:
        if not isinstance(self.path, str | Path):
            raise SettingError(f"What is to be read is {self.path!r}; give a path or a URL.")
        check_named(input=self.path)
        if "\0" in str(self.path):
            raise InputError(f"{self.path!r} has a NUL in it, which no file's name can have.")
        if self.allow not in get_args(Allow):
            allowed = ", ".join(get_args(Allow))
            raise SettingError(f"Allow is {self.allow!r}; it must be one of {allowed}.")

    def __str__(self) -> str:
        return str(self.located)

    @classmethod
    def of(cls, given: StrPath | Source, allow: Allow = "nothing") -> Source:
        """Return a source as it is, and a path or URL with what it may read."""
        return given if isinstance(given, Source) else cls(given, allow)

    @property
    def located(self) -> StrPath:
        """A file as a path, and a URL as it is: paths know no double slashes."""
        return located(self.path)

    @property
    def is_url(self) -> bool:
        """Whether it is on a host."""
        return is_url(self.path)

    @property
    def is_pipe(self) -> bool:
        """Whether it can be read once: standard input, or a file that is a pipe, as a FIFO is."""
        return not self.is_url and (self.path in ("-", PIPE) or is_fifo(Path(self.path)))

    def open_options(self) -> dict[str, str]:
        """Return the options by which libav reads it and what else is allowed, and no more."""
        # A number in a file's name is part of the name, not the place of others' numbers.
        options = {"pattern_type": "none", "protocol_whitelist": _PROTOCOLS[self.allow]}
        if self.allow == "nothing":
            return {**options, "format_whitelist": _alone()}
        if self.is_url:  # a host must not make us read the files of this machine
            options["protocol_whitelist"] = f"crypto,data,{_HOSTS}"
        return {**options, "safe": "0"}  # libav's list of files may name those elsewhere

    def check_host(self) -> None:
        """Raise `InputError` if it is on a host and that is not allowed."""
        if self.is_url and self.allow != "network":
            raise InputError(
                f'{self} is on the network, which is read only if allowed; allow "network" if you '
                "trust it, or fetch the file first."
            )

    def check_list(self) -> None:
        """Raise `InputError` for a file that could not be opened if that is as it names others."""
        with Path(self.path).open("rb") as opened:
            head = opened.read(HEAD).removeprefix(b"\xef\xbb\xbf")
        # XML may have more before its first element.
        found = (what for begin, what in _LISTS.values() if head.startswith(begin))
        kind = next(found, None) or (_LISTS["dash"][1] if _LISTS["dash"][0] in head else None)
        if kind is None or self.allow == "network":
            return
        more = "hosts" if self.allow == "files" else "files or hosts"
        wanted = '"network"' if self.allow == "files" else '"files" or "network"'
        raise InputError(
            f"{Path(self.path)} is {kind} and names other {more} to read, which are read only if "
            f"allowed; allow {wanted} if you trust it."
        )


def is_fifo(path: Path) -> bool:
    """Whether a name is a pipe's, as those are that a shell gives for <(...)."""
    try:
        return stat.S_ISFIFO(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def is_url(source: StrPath) -> bool:
    """Whether text names something on a host, such as https://example.com/talk.mp4."""
    return isinstance(source, str) and _URL.match(source) is not None


def located(source: StrPath) -> StrPath:
    """Return a file as a path, and a URL as it is: paths know no double slashes."""
    return source if is_url(source) else Path(source)


@cache
def _alone() -> str:
    nested = {*_LISTS, *_BY_NAME}
    return ",".join(sorted(name for name in av.formats_available if name not in nested))
