"""Settings of live video, with an option for each field.

Nothing heavy is imported here, so that the command lists its options quickly.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sinet_video.checked import check_fields
from sinet_video.errors import SettingError
from sinet_video.option import option

CAPTURE, SENDING = "Capture", "Sending"
"""Headings of these options."""

_SIZE = re.compile(r"[1-9]\d{0,4}x[1-9]\d{0,4}", re.ASCII)


@dataclass(frozen=True)
class Streaming:
    """How live video is captured and sent.

    Raises `SettingError` for values out of range.

    Attributes:
        capture_size: what a camera is asked for, such as "1280x720"; None for its own default.
        capture_rate: frames per second that a camera is asked for; None for its own default.
        capture_codec: how a camera is to send, such as "mjpeg", which many need for large frames.
        length: seconds after which to end; None to go on until the input ends or `stop` says so.
        give_up: seconds to wait for an input or a host that is lost; None to wait for ever.
        keyframe_every: seconds between key frames of a stream, which is how long those who join it
            wait for the first frame.
        max_bitrate: kilobits per second that a stream may need; None for as many as its quality
            takes.
    """

    capture_size: str | None = option(
        None,
        "Size that a camera is asked for, such as 1280x720.",
        CAPTURE,
        metavar="WxH",
        shown="the camera's own",
        brief=True,
    )
    capture_rate: float | None = option(
        None,
        "Frames per second that a camera is asked for.",
        CAPTURE,
        kind=float,
        metavar="FPS",
        shown="the camera's own",
        brief=True,
    )
    capture_codec: str | None = option(
        None,
        "How a camera is to send: mjpeg for large frames over USB.",
        CAPTURE,
        metavar="NAME",
        shown="the camera's own",
    )
    length: float | None = option(
        None,
        "End after this many seconds.",
        CAPTURE,
        kind=float,
        metavar="SECONDS",
        shown="goes on until INPUT ends, or Ctrl-C",
    )
    give_up: float | None = option(
        None,
        "How long to wait for a camera or host that is lost, before ending with an error.",
        CAPTURE,
        kind=float,
        metavar="SECONDS",
        shown="for ever",
    )
    keyframe_every: float = option(
        2.0,
        "Seconds between key frames of a stream; who joins it waits for one.",
        SENDING,
        metavar="SECONDS",
    )
    max_bitrate: float | None = option(
        None,
        "Highest bitrate of a stream, in kilobits per second.",
        SENDING,
        kind=float,
        metavar="KBPS",
        shown="what --crf takes",
    )

    def __post_init__(self) -> None:
        check_fields(self)
        if self.capture_size is not None and not _SIZE.fullmatch(self.capture_size):
            raise SettingError(
                f"Capture size is {self.capture_size!r}; give width and height such as 1280x720."
            )
        for name in ("capture_rate", "length", "keyframe_every", "max_bitrate"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                words = name.replace("_", " ").capitalize()
                raise SettingError(f"{words} is {value:g}; it must be above 0.")
        if self.give_up is not None and not self.give_up >= 0:
            raise SettingError(f"Give up is {self.give_up:g}; it must be 0 or more, in seconds.")
