"""The audio track of a live output."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
from av.container import OutputContainer

from sinet_video.encoding.audio import AudioResult, Copied, Encoded, Track, audio_track
from sinet_video.encoding.settings import AudioChoice
from sinet_video.encoding.sink import Companions
from sinet_video.media.time_range import TimeRange
from sinet_video.streaming.audio_queue import AudioFormat, AudioPacket, AudioQueue

if TYPE_CHECKING:
    Packet = av.Packet[Any]


class AudioOutput(Companions):
    """The audio of a live output: copied, or re-encoded where the output cannot hold it.

    Create it when the output has its video stream and no other. It takes packets from a queue,
    whose format must be known.
    """

    def __init__(self, queue: AudioQueue, output: OutputContainer, choice: AudioChoice) -> None:
        assert queue.format is not None  # as is said above
        self._queue, self._format, self._opened = queue, queue.format, ExitStack()
        stream = self._opened.enter_context(queue.format.opened())
        self._track, warning = audio_track(stream, output, TimeRange(), choice)
        self.warnings = [] if warning is None else [warning]
        self.carried: AudioResult = "none"
        if self._track is not None:
            self.carried = "encoded" if isinstance(self._track, Encoded) else "copied"

    def until(self, time: Fraction | None) -> Iterator[Packet]:
        """As `Companions` says; the end of the track too if there is no time."""
        while (given := self._queue.pop(time)) is not None:
            yield from self._fed(given)
        if time is None and self._track is not None:
            yield from self.usable(self._track.flush())

    def one_more(self) -> Iterator[Packet]:
        """Yield what the next packet gives, if it has come."""
        given = self._queue.pop()
        if given is not None:
            yield from self._fed(given)

    def harmed(self, error: av.FFmpegError, what: str) -> None:
        """As `Companions` says."""
        del error
        self._say(f"The audio is damaged: {what}.")

    def close(self) -> None:
        """As `Companions` says."""
        self._opened.close()

    def _fed(self, given: AudioPacket) -> Iterator[Packet]:
        track = self._track_for(given.form)
        if track is not None:
            yield from self.usable(track.feed(given.packet))

    def _track_for(self, form: AudioFormat) -> Track | None:
        """Return the track for audio of a format, which an input that comes back may change."""
        if form == self._format:
            return self._track
        if isinstance(self._track, Copied):
            self._say(f"The audio came back in another format ({form.codec}): left out.")
            return None
        if isinstance(self._track, Encoded):
            self._track.source = self._opened.enter_context(form.opened())
            self._format = form
        return self._track

    def _say(self, warning: str) -> None:
        if warning not in self.warnings:
            self.warnings.append(warning)
