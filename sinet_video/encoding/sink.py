"""The interface of all sinks: they leave a complete output, or none."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from warnings import warn

import av
from av.container import OutputContainer

from sinet_video.containers.codecs import Content
from sinet_video.containers.isobmff import HiddenStart
from sinet_video.decoding.clip import Clip
from sinet_video.encoding.audio import AudioResult
from sinet_video.encoding.plan import Plan
from sinet_video.errors import OutputError, SettingError
from sinet_video.media.frame import Matte
from sinet_video.publish import Publication

if TYPE_CHECKING:
    Packet = av.Packet[Any]


class Companions(ABC):
    """What is in a file beside its frames, written in step with them.

    Attributes:
        carried: what is done with the audio.
        warnings: what there is to say of all this, complete once all is written.
    """

    carried: AudioResult
    warnings: list[str]

    @abstractmethod
    def until(self, time: Fraction | None) -> Iterator[Packet]:
        """Yield output packets up to a time of the output, or all that are left."""

    @abstractmethod
    def harmed(self, error: av.FFmpegError, what: str) -> None:
        """Report a packet that cannot be used, and what follows from that."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what is read."""

    def usable(self, packets: Iterator[Packet]) -> Iterator[Packet]:
        """Yield a track's output packets as long as it can be used."""
        try:
            yield from packets
        except av.FFmpegError as error:
            self.harmed(error, "some of it is lost")

    @property
    def hidden_starts(self) -> list[HiddenStart]:
        """Tracks that start late, with samples before that; known once all is written."""
        return []

    def check_headers(self, error: av.FFmpegError) -> None:
        """Raise `InputError` if what a muxer refuses at its end is the fault of the source."""
        del error

    def lost(self, written: Path) -> list[str]:
        """Return warnings about what a finished file does not hold."""
        del written
        return []


Beside = Callable[[OutputContainer, Any], Companions]
"""Makes the companions of an output that has its video stream, the second argument, and no other.
"""


class Incoming:
    """Checks what a caller hands to a sink that is named `path` and made for a `clip`."""

    def __init__(self, path: Path, clip: Clip) -> None:
        self._path, self._size = path, (clip.width, clip.height)
        self._last: Fraction | None = None
        self._ended = False

    def check(self, matte: Matte) -> None:
        """Raise `SettingError` for what is no matte of the clip's size, later than the last one.

        Raises `OutputError` after the end.
        """
        if self._ended:
            raise OutputError(f"{self._path} is finished; what is written comes before that.")
        if not isinstance(matte, Matte):
            raise SettingError(
                f"What is written is of the type {type(matte).__name__}; it must be a Matte, as "
                "matte() and the stages yield."
            )
        frame, last = matte.frame, self._last
        if (frame.width, frame.height) != self._size:
            raise SettingError(
                f"The frame at {float(matte.time):.3f} s is {frame.width}x{frame.height}, and "
                f"{self._path} was opened for {self._size[0]}x{self._size[1]}; open it with the "
                "clip that frames are of."
            )
        if last is not None and matte.time <= last:
            raise SettingError(
                f"A frame at {float(matte.time):.3f} s comes after one at {float(last):.3f} s; "
                "write them in the order of their times."
            )
        self._last = matte.time

    def end(self) -> None:
        """Let nothing more come."""
        self._ended = True


class Sink(ABC):
    """Where mattes are written. A context manager.

    On a normal exit the complete output appears under its name; after an error nothing is left. One
    that is dropped unfinished leaves nothing either, and warns of that. `content` says what is
    written of each matte: its frame ("rgb"), its frame with alpha ("rgba"), or its alpha as gray
    ("alpha"). Errors in writing raise `OutputError`.
    """

    content: Content
    plan: Plan
    warnings: list[str]
    audio: AudioResult = "none"
    _begun_by: int | None = None
    """The process that is to publish or abandon what was begun. A fork of it is not."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self.abandon()
            return
        try:
            self.finish()
            with Publication() as publication:
                self.publish(publication)
        except BaseException:
            self.abandon()
            raise

    def __del__(self) -> None:
        if self._begun_by == os.getpid():
            self.abandon()
            warn(
                "A sink was dropped unfinished, so nothing was written; use it in a with "
                "statement, at whose end the output appears.",
                RuntimeWarning,  # which is shown, as what somebody wrote is lost
                stacklevel=2,
            )

    @abstractmethod
    def write(self, matte: Matte) -> None:
        """Write one matte; its pts must be later than the last one's.

        Alpha must be at the frame's size, (H, W) in [0, 1]. Raises `OutputError`, and
        `SettingError` for a frame of another size or out of order.
        """

    @abstractmethod
    def finish(self) -> None:
        """Write what is left; the output is whole then, and hidden."""

    def publish(self, publication: Publication) -> None:
        """Give the output its name."""
        self._publish(publication)
        self._begun_by = None

    def abandon(self) -> None:
        """Leave nothing."""
        self._begun_by = None
        self._abandon()

    @abstractmethod
    def _publish(self, publication: Publication) -> None:
        """Give the output its name; it is finished."""

    @abstractmethod
    def _abandon(self) -> None:
        """Leave nothing, as far as it was begun."""
