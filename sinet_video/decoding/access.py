"""What opening an input may access: the file alone, other files, or the network too."""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import av

from sinet_video.checked import check_fields
from sinet_video.containers.formats import PIPE
from sinet_video.errors import InputError, Remedy, SettingError
from sinet_video.media.time_range import Rate, exact_rate
from sinet_video.paths import check_named

if TYPE_CHECKING:
    from sinet_video.decoding.given import Readable

StrPath = str | Path

Allow = Literal["nothing", "files", "network"]
"""What an input may access: only itself, files that it names, or the network too."""

_LISTS = {
    "concat": (b"ffconcat", "a list of files (ffconcat)"),
    "dash": (b"<MPD", "a playlist (DASH)"),
    "hls": (b"#EXTM3U", "a playlist (HLS)"),
    "rtsp": (b"RTSPtext", "the address of a stream (RTSP)"),
    "sdp": (b"v=0", "the description of a stream (SDP)"),
}
"""libav's demuxers that open other files and URLs, how such files begin, and what they are."""

_BY_NAME = frozenset({"imf", "rtp", "sap", "vobsub", "webm_dash_manifest"})
"""More such demuxers, whose files have no frames of their own."""

_HOSTS = "http,https,httpproxy,tcp,tls,udp,rtp,srtp,rtmp,rtmps,rtmpt,rtmpts,rtsp,srt"
_PROTOCOLS: dict[Allow, str] = {
    "nothing": "file",
    "files": "file,crypto,data",
    "network": f"file,crypto,data,{_HOSTS}",
}

_URL = re.compile(r"[a-z][a-z0-9+.-]+://")
"""A single letter is a drive's."""

HEAD = 4096
"""Bytes to read to recognise such a file."""

PATIENCE = 30.0
"""Seconds to wait for a server."""


FileId = tuple[int, int]
"""Device and number of a file, which stay when it is renamed."""


@dataclass(frozen=True)
class Source:
    """A file or URL to read, and what else reading it may access.

    Raises `SettingError` for a value of another type, and for an unknown `allow` or `rate`.

    Attributes:
        path: the file, or a URL as text, as given.
        allow: "nothing" allows only the file itself; "files" also files that it names, as a
            playlist does; "network" also URLs, and `path` may be one.
        stream: index of the video stream to use; None for the best one.
        rate: frames per second of an image sequence, which has no times of its own; kept as an
            exact fraction, as in `Settings`.
        stacked: whether alpha is below the colours in its frames, also if the file does not say so.
        data: what is read in place of a file, which `path` then only names; see `given`.
        file_id: device and inode of the file, known once it has been opened; its name must not
            refer to another file after that.
    """

    path: StrPath
    allow: Allow = "nothing"
    stream: int | None = None
    rate: Rate | None = None
    stacked: bool = False
    data: Any = field(default=None, repr=False, compare=False)
    file_id: FileId | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.path, str | Path):
            raise SettingError(f"What is to be read is {self.path!r}; give a path or a URL.")
        check_named(input=self.path)
        if self.rate is not None:
            object.__setattr__(self, "rate", exact_rate(self.rate))
        check_fields(self)

    def __str__(self) -> str:
        return str(self.located)

    @classmethod
    def of(cls, given: Readable, allow: Allow = "nothing") -> Source:
        """Return a source as it is, and anything else that can be read as one with `allow`."""
        if isinstance(given, str | Path):
            return cls(given, allow)
        from sinet_video.decoding.given import as_source

        return as_source(given, allow)

    @property
    def located(self) -> StrPath:
        """The file as a path, or the URL as text, since paths collapse double slashes."""
        return str(self.path) if self.data is not None else located(self.path)

    @property
    def is_given(self) -> bool:
        """Whether it is an object of the caller's, and no file."""
        return self.data is not None

    @property
    def is_url(self) -> bool:
        """Whether it is a URL."""
        return not self.is_given and is_url(self.path)

    @property
    def is_pipe(self) -> bool:
        """Whether it can be read once: standard input, or a file that is a pipe, as a FIFO is."""
        if self.is_given:
            return bool(getattr(self.data, "once", False))
        return not self.is_url and (self.path in ("-", PIPE) or is_fifo(Path(self.path)))

    def open_options(self) -> dict[str, str]:
        """Return the options that let libav open the source and what is allowed, no more."""
        # A number in a file name is part of the name, not a pattern for other files.
        options = {"pattern_type": "none", "protocol_whitelist": _PROTOCOLS[self.allow]}
        if self.allow == "nothing":
            return {**options, "format_whitelist": _alone()}
        # A playlist without an end is a live one: nobody waits for ever for more of it.
        options["m3u8_hold_counters"] = "5"
        if self.is_url:  # a remote server must not make us read local files
            options["protocol_whitelist"] = f"crypto,data,{_HOSTS}"
        return {**options, "safe": "0"}  # entries of libav's file lists may be anywhere

    def check_host(self) -> None:
        """Raise `InputError` if it is a URL and the network is not allowed."""
        if self.is_url and self.allow != "network":
            raise InputError(
                f"{self} is on the network, which is read only if allowed; fetch the file first.",
                remedy=Remedy("allow", "network", "if you trust it"),
            )

    def check_list(self) -> None:
        """Raise `InputError` if a file could not be opened because it names others."""
        with Path(self.path).open("rb") as opened:
            head = opened.read(HEAD).removeprefix(b"\xef\xbb\xbf")
        # XML may have other content before its root element.
        found = (what for begin, what in _LISTS.values() if head.startswith(begin))
        kind = next(found, None) or (_LISTS["dash"][1] if _LISTS["dash"][0] in head else None)
        if kind is None or self.allow == "network":
            return
        more = "hosts" if self.allow == "files" else "files or hosts"
        wanted = "network" if self.allow == "files" else "files"
        raise InputError(
            f"{Path(self.path)} is {kind} and names other {more} to read, which are read only if "
            "allowed.",
            remedy=Remedy("allow", wanted, "if you trust it"),
        )


def is_fifo(path: Path) -> bool:
    """Whether a name is a pipe's, as those are that a shell gives for <(...)."""
    try:
        return stat.S_ISFIFO(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def is_url(source: StrPath) -> bool:
    """Whether text is a URL such as https://example.com/talk.mp4."""
    return isinstance(source, str) and _URL.match(source) is not None


def located(source: StrPath) -> StrPath:
    """Return a file as a path, or a URL as text, since paths collapse double slashes."""
    return source if is_url(source) else Path(source)


def file_id(path: StrPath) -> FileId | None:
    """Return by what a file is known; None for what is none."""
    if is_url(path) or not Path(path).is_file():
        return None
    stat = Path(path).stat()
    return stat.st_dev, stat.st_ino


def check_same(path: StrPath, found: FileId | None, known: FileId | None) -> None:
    """Raise `InputError` if a file is another than the one that was opened by its name before."""
    if known is not None and found != known:
        raise InputError(
            f"{path} was replaced by another file while it was read; run the job again when "
            "that is done."
        )


@cache
def _alone() -> str:
    nested = {*_LISTS, *_BY_NAME}
    return ",".join(sorted(name for name in av.formats_available if name not in nested))
