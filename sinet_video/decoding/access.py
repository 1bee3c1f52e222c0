"""What opening an input may read besides it: nothing, other files, or other hosts as well."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Literal, get_args

import av

from sinet_video.errors import InputError, SettingError

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


def is_url(source: StrPath) -> bool:
    """Whether text names something on a host, such as https://example.com/talk.mp4."""
    return isinstance(source, str) and _URL.match(source) is not None


def located(source: StrPath) -> StrPath:
    """Return a file as a path, and a URL as it is: paths know no double slashes."""
    return source if is_url(source) else Path(source)


def checked_allow(allow: Allow) -> Allow:
    """Return what is allowed, or raise `SettingError`."""
    if allow not in get_args(Allow):
        raise SettingError(f"Allow is {allow!r}; it must be one of {', '.join(get_args(Allow))}.")
    return allow


def open_options(source: StrPath, allow: Allow) -> dict[str, str]:
    """Return the options by which libav reads a source and what else is allowed, and no more."""
    # A number in a file's name is part of the name, not the place of others' numbers.
    options = {"pattern_type": "none", "protocol_whitelist": _PROTOCOLS[checked_allow(allow)]}
    if allow == "nothing":
        return {**options, "format_whitelist": _alone()}
    if is_url(source):  # a host must not make us read the files of this machine
        options["protocol_whitelist"] = f"crypto,data,{_HOSTS}"
    return {**options, "safe": "0"}  # libav's list of files may name those elsewhere


@cache
def _alone() -> str:
    nested = {*_LISTS, *_BY_NAME}
    return ",".join(sorted(name for name in av.formats_available if name not in nested))


def check_reach(source: StrPath, allow: Allow) -> None:
    """Raise `InputError` for a source that is on a host, if that is not allowed."""
    if is_url(source) and allow != "network":
        raise InputError(
            f'{source} is on the network, which is read only if allowed; allow "network" if you '
            "trust it, or fetch the file first."
        )


def check_list(file: Path, allow: Allow) -> None:
    """Raise `InputError` for a file that could not be opened if that is as it names others."""
    with file.open("rb") as opened:
        head = opened.read(HEAD).removeprefix(b"\xef\xbb\xbf")
    # XML may have more before its first element.
    found = (what for begin, what in _LISTS.values() if head.startswith(begin))
    kind = next(found, None) or (_LISTS["dash"][1] if _LISTS["dash"][0] in head else None)
    if kind is None or allow == "network":
        return
    more = "hosts" if allow == "files" else "files or hosts"
    wanted = '"network"' if allow == "files" else '"files" or "network"'
    raise InputError(
        f"{file} is {kind} and names other {more} to read, which are read only if allowed; allow "
        f"{wanted} if you trust it."
    )
