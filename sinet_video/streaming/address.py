"""What the names of inputs and outputs of live video mean."""

from __future__ import annotations

import re
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import av

from sinet_video.containers.container import Container
from sinet_video.containers.formats import PIPE, PLAYLIST, STREAMS
from sinet_video.errors import InputError, SettingError
from sinet_video.remote.address import scheme_of, suffix_of

CAMERA = "camera"

CAMERAS = {"linux": "v4l2", "darwin": "avfoundation", "win32": "dshow"}
"""libav's format of cameras on each system."""

DEVICES = frozenset({*CAMERAS.values(), "lavfi", "x11grab", "gdigrab", "fbdev", "decklink"})
"""libav's formats that are devices."""

_VIDEO = re.compile(r"/dev/video\d+")


@dataclass(frozen=True)
class Device:
    """A capture device: libav's format, and the name that the device has there."""

    format: str
    name: str

    def __str__(self) -> str:
        return f"{self.format}:{self.name}"

    @property
    def ends(self) -> bool:
        """Whether its end is one, and no loss: that of a made picture is."""
        return self.format == "lavfi"


def device_of(name: object) -> Device | None:
    """Return the device that an input's name means, or None if it means something else.

    "camera" is the first camera and "camera:NAME" one by its name or number; "v4l2:/dev/video2" and
    the like name libav's format themselves. Raises `InputError` for a camera that is not there, and
    for a kind of device that libav does not have on this system.
    """
    text = str(name)
    if _VIDEO.fullmatch(text) and _is_device(Path(text)):
        return Device("v4l2", text)
    kind, _, rest = text.partition(":")
    if kind == CAMERA:
        return _camera(rest)
    if kind not in DEVICES or not rest:
        return None
    if not is_there(kind):
        raise InputError(f"{text}: there are no devices of the kind {kind} on this system.")
    return Device(kind, rest)


def is_there(kind: str) -> bool:
    """Whether libav has a kind of device on this system."""
    return any(kind in each.split(",") for each in av.formats_available)


def _is_device(path: Path) -> bool:
    try:
        return stat.S_ISCHR(path.stat().st_mode)
    except OSError:
        return False


def _camera(wanted: str) -> Device:
    kind = CAMERAS.get(sys.platform)
    if kind is None or not is_there(kind):
        raise InputError(f"How to reach cameras on {sys.platform} is not known; name FORMAT:NAME.")
    listed = av.enumerate_input_devices(kind)  # microphones too, but on Linux
    found = [each for each in listed if not each.media_types or "video" in each.media_types]
    for index, each in enumerate(found):
        if wanted in ("", str(index), each.name, each.description):
            return Device(kind, f"video={each.name}" if kind == "dshow" else each.name)
    there = ", ".join(f"{i} ({each.description})" for i, each in enumerate(found))
    said = f"no camera {wanted!r}; there are {there}" if found else "no camera"
    raise InputError(f"There is {said}. Name one as camera:NUMBER, camera:NAME or {kind}:DEVICE.")


Kind = Literal["file", "stream", "pipe", "camera"]


@dataclass(frozen=True)
class Target:
    """Where live video goes: a file, a pipe, a host (or a playlist in a folder), or a camera.

    `container` is for streams, and `device` for virtual cameras: None for the first.
    """

    name: str
    kind: Kind
    container: Container | None = None
    device: str | None = None


def target_of(name: str | Path) -> Target:
    """Return what an output's name means. Raises `SettingError` for an unknown kind of URL."""
    text = str(name)
    if text == CAMERA or text.startswith(f"{CAMERA}:"):
        return Target(text, "camera", device=text.partition(":")[2] or None)
    if text == str(PIPE):
        return Target(text, "pipe")
    scheme = scheme_of(name)
    if not scheme:
        is_list = suffix_of(name) == PLAYLIST
        return Target(text, "stream", STREAMS["https"]) if is_list else Target(text, "file")
    if scheme not in STREAMS:
        known = ", ".join(f"{each}://" for each in STREAMS)
        raise SettingError(f"Live video cannot be sent to {text}; use {known}.")
    if scheme.startswith("http") and suffix_of(name) != PLAYLIST:
        raise SettingError(f"{text} must end in {PLAYLIST}: over HTTP, live video is sent as HLS.")
    return Target(text, "stream", STREAMS[scheme])
