"""Where live frames come from: a camera or a stream that may go away and come back, or a file."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av

from sinet_video.decoding.access import Source
from sinet_video.decoding.clip import Clip
from sinet_video.decoding.decode import decode
from sinet_video.decoding.probe import probe
from sinet_video.errors import SinetVideoError
from sinet_video.media.frame import Frame
from sinet_video.media.time_range import RATE_IF_UNKNOWN, TimeRange
from sinet_video.pipeline.settings import Settings
from sinet_video.remote.address import without_secrets
from sinet_video.remote.backoff import pauses
from sinet_video.streaming.address import device_of
from sinet_video.streaming.audio_queue import AudioFormat, AudioQueue
from sinet_video.streaming.clock import LiveClock
from sinet_video.streaming.connection import Connection
from sinet_video.streaming.file_audio import FileAudio, file_format
from sinet_video.streaming.settings import Streaming

if TYPE_CHECKING:
    Packet = av.Packet[Any]

LOGGER = logging.getLogger("sinet_video")

TICK = Fraction(1, 90_000)
"""The unit of live times, as in MPEG-TS."""

LONGEST_PAUSE = 5.0
"""Seconds between two tries to open what was lost, at most."""

AUDIO_STEP = 0.1
"""Seconds of a file's audio that are read at a time while its next frame is not due."""


@dataclass(frozen=True)
class Captured:
    """A frame, its time counted from the first one's, and when it came, by `monotonic`."""

    frame: Frame
    arrived: float


class Capture:
    """An input of live video. Raises `InputError` if it cannot be opened to begin with.

    Attributes:
        clip: its properties, with the times that its frames have here.
        audio: the packets of its audio as they come; None if none are wanted.
        tracks: how many audio tracks it has; of several, one is taken.
        lost: how often it was lost.
        gave_up: whether it was not waited for any longer.
        damaged: how many frames could not be decoded.
    """

    def __init__(
        self, source: Source, settings: Settings, streaming: Streaming, *, audio: bool = False
    ) -> None:
        self.lost, self.gave_up, self.damaged = 0, False, 0
        self._skipped = 0
        self._source, self._settings, self._streaming = source, settings, streaming
        self._device = device_of(source.path)
        self._closing = threading.Event()
        self._clock, self._begun, self._taken = LiveClock(), 0.0, False
        self._connection: Connection | None = None
        self.audio = AudioQueue(self._clock) if audio else None
        file = self._file()
        if file is None:
            self._connection = self._connected()
        found = self._connection.clip if self._connection is not None else file
        assert found is not None  # it is one or the other
        if file is None and found.duration is not None and source.is_url:
            self.close()
            file, self._connection = found, None
            self._closing.clear()
        self._played, self.tracks = file, len(found.audio)
        if self.audio is not None:
            there = self._connection
            self.audio.format = there.audio if there is not None else file_format(found)
        self.clip = _as_live(settings.sized(found))

    def _connected(self) -> Connection:
        hear = self._hear if self.audio is not None else None
        return Connection(self._source, self._device, self._streaming, hear)

    def _hear(self, packet: Packet, form: AudioFormat) -> None:
        """Take a packet of audio while a connection reads frames."""
        assert self.audio is not None  # who does not want any, hears none
        passed = time.monotonic() - self._begun if self._begun else 0.0
        self.audio.put(packet, passed, form)

    def _file(self) -> Clip | None:
        """Return the clip of an input that is at hand as a whole; others are read as they come."""
        if self._device is not None or self._source.is_url or self._source.is_pipe:
            return None
        return probe(self._source)

    @property
    def name(self) -> str:
        """What messages call it."""
        return without_secrets(str(self._device or self._source))

    @property
    def skipped(self) -> int:
        """How many frames were not even decoded, as there was no time."""
        there = self._connection
        return self._skipped + (0 if there is None else there.backlog.skipped)

    def frames(self) -> Iterator[Captured]:
        """Yield frames as they come, until the end; what is lost is waited for.

        What is open belongs to whoever takes them, from this call on.
        """
        self._taken = True
        return self._all()

    def _all(self) -> Iterator[Captured]:
        if self._played is not None:
            yield from self._in_real_time(self._settings.sized(self._played))
            return
        while self._connection is not None:
            yield from self._coming(self._connection)
            self.damaged += self._connection.tally.lost
            self._skipped, self._connection.backlog.skipped = self.skipped, 0
            self._connection.close()
            self._connection = None if self._is_over(self._connection) else self._again()

    def close(self) -> None:
        """Let `frames` end; close what is open if nobody has asked for them."""
        self._closing.set()
        if self._connection is not None and not self._taken:
            self._connection.close()

    def _in_real_time(self, clip: Clip) -> Iterator[Captured]:
        settings, first = self._settings, None
        with ExitStack() as stack:
            heard = self._file_audio(clip, stack)
            for frame in decode(clip, deinterlace=settings.deinterlace, on_error=settings.on_error):
                if first is None:
                    first, self._begun = frame.time, time.monotonic()
                passed = frame.time - first
                if self._wait(passed, first, heard):
                    return
                timed = self._timed(frame, float(passed))
                yield Captured(timed, self._begun + float(passed))
            if heard is not None and first is not None:
                self._play_out(heard, passed + timed.duration * TICK, first)

    def _file_audio(self, clip: Clip, stack: ExitStack) -> FileAudio | None:
        if self.audio is None or self.audio.format is None:
            return None
        return stack.enter_context(closing(FileAudio(clip, self.audio)))

    def _wait(self, passed: Fraction, first: Fraction, heard: FileAudio | None) -> bool:
        """Wait until a frame is due, while audio goes on; return whether to end instead."""
        due = self._begun + float(passed)
        while (left := due - time.monotonic()) > AUDIO_STEP and heard is not None:
            gone = Fraction(time.monotonic() - self._begun + AUDIO_STEP)
            heard.until(first + min(gone, passed), first)
            if self._closing.wait(AUDIO_STEP):
                return True
        if heard is not None:
            heard.until(first + passed, first)
        return self._closing.wait(max(0.0, left))

    def _play_out(self, heard: FileAudio, passed: Fraction, first: Fraction) -> None:
        """Play the audio that is left when the last frame has been shown, in real time too."""
        while heard.until(first + passed, first) and not self._closing.wait(AUDIO_STEP):
            gone = Fraction(time.monotonic() - self._begun + AUDIO_STEP)
            passed = max(passed, gone)

    def _coming(self, connection: Connection) -> Iterator[Captured]:
        for frame in connection.frames(self.clip, deinterlace=self._settings.deinterlace):
            if self._closing.is_set():
                return
            arrived = connection.arrived
            self._begun = self._begun or arrived
            passed = self._clock.placed(float(frame.time), arrived - self._begun)
            if self.audio is not None:
                self.audio.place()
            yield Captured(self._timed(frame, passed), arrived)

    def _timed(self, frame: Frame, seconds: float) -> Frame:
        lasts = round(1 / ((self.clip.rate or RATE_IF_UNKNOWN) * TICK))
        return replace(frame, pts=round(seconds / TICK), time_base=TICK, duration=lasts)

    def _is_over(self, connection: Connection) -> bool:
        """Whether an input that has ended is no loss."""
        if self._closing.is_set():
            return True
        if self._source.is_pipe:
            return True
        if connection.failed:
            return False
        return connection.clip.duration is not None or (
            self._device is not None and self._device.ends
        )

    def _again(self) -> Connection | None:
        """Return a new connection to what was lost; None if it is not waited for any longer."""
        self.lost += 1
        self._clock.restart()
        if self.audio is not None:
            self.audio.restart()
        since, most = time.monotonic(), self._streaming.give_up
        LOGGER.warning("%s is lost; waiting for it to come back.", self.name)
        for pause in pauses(0.5, LONGEST_PAUSE):
            left = float("inf") if most is None else since + most - time.monotonic()
            if left <= 0:
                self.gave_up = True
                return None
            if self._closing.wait(min(pause, left)):
                return None
            try:
                found = self._connected()
            except SinetVideoError as error:
                LOGGER.info("%s", error)
                continue
            LOGGER.warning("%s is back after %.1f s.", self.name, time.monotonic() - since)
            self._note_size(found.clip)
            return found
        return None

    def _note_size(self, found: Clip) -> None:
        """Say that an input that is back sends frames of another size than at first."""
        first = self.clip.coded or (self.clip.width, self.clip.height)
        if (found.width, found.height) != first:
            LOGGER.warning(
                "It sends %dx%d now; the output stays %dx%d.",
                found.width, found.height, self.clip.width, self.clip.height,
            )  # fmt: skip


def _as_live(clip: Clip) -> Clip:
    """Return a clip as it is from now on: without an end, and alone."""
    return replace(
        clip, time_base=TICK, start=0, end=None, duration=None, frames=None, origin=Fraction(0),
        audio=(), subtitles=(), chapters=(), attachments=(), others=(), span=TimeRange(),
        images=None, piped=None,
    )  # fmt: skip
