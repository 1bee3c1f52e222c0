"""Audio on its way from a live input to the output: each packet on the clock of the frames."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from io import BytesIO
from typing import TYPE_CHECKING, Any

import av
from av.audio.stream import AudioStream

from sinet_video.media.time_range import seconds
from sinet_video.streaming.clock import LiveClock

if TYPE_CHECKING:
    Packet = av.Packet[Any]

MOST_EARLY = 2000
"""Packets that may come before their time is known; of more, the oldest are dropped."""


@dataclass(frozen=True)
class AudioFormat:
    """What audio is like, without the input that it came from, which may be closed by now.

    Two inputs of the same format are equal. It is kept as a small NUT file without audio, as PyAV
    copies the properties of a stream only from an open file.
    """

    codec: str
    header: bytes = field(repr=False)

    @classmethod
    def of(cls, stream: AudioStream) -> AudioFormat:
        """Return the format of a stream."""
        made = BytesIO()
        with av.open(made, "w", format="nut", options={"fflags": "+bitexact"}) as container:
            target = container.add_stream_from_template(stream)
            packet: Packet = av.Packet(bytes(8))  # without any, no file is recognised
            packet.pts = packet.dts = 0
            packet.time_base, packet.stream = Fraction(1, 1000), target
            container.mux(packet)
        return cls(stream.codec_context.codec.canonical_name, made.getvalue())

    @contextmanager
    def opened(self) -> Iterator[AudioStream]:
        """Open it as a stream, with a decoder of its own."""
        with av.open(BytesIO(self.header), format="nut", options={"probesize": "32"}) as container:
            yield container.streams.audio[0]


@dataclass(frozen=True)
class AudioPacket:
    """A packet whose times count from the first frame, in its own time base."""

    packet: Packet
    form: AudioFormat


class AudioQueue:
    """Audio packets that came and nobody has taken yet.

    Packets are put in by the thread that reads the input, and taken by the one that writes.

    Attributes:
        format: of the input as it was first; None if it had no audio.
    """

    def __init__(self, clock: LiveClock) -> None:
        self.format: AudioFormat | None = None
        self._clock = clock
        self._early: deque[tuple[Packet, float, AudioFormat]] = deque(maxlen=MOST_EARLY)
        self._ready: deque[AudioPacket] = deque()
        self._end = 0.0

    def put(self, packet: Packet, elapsed: float, form: AudioFormat) -> None:
        """Take a packet, and the seconds from the first frame until it came."""
        if packet.pts is None:
            return
        self._early.append((packet, elapsed, form))
        self.place()

    def place(self) -> None:
        """Let go of what came before frames said what its times mean, once they have.

        Of what a host has kept and sends at once, that is after its last frame: each of them may
        say another time.
        """
        while self._early and self._clock.is_settled(self._early[-1][1]):
            packet, elapsed, form = self._early.popleft()
            stamp = float(seconds(packet.pts, packet.time_base))
            time = self._clock.beside(stamp, elapsed)
            if time is not None:
                self.add(packet, time, form)

    def add(self, packet: Packet, time: float, form: AudioFormat) -> None:
        """Queue a packet, unless it is from before the first frame or overlaps the last one."""
        length = float(seconds(packet.duration, packet.time_base))
        if time < max(0.0, self._end - length / 2):
            return
        self._end = time + length
        packet.pts = packet.dts = round(time / packet.time_base)
        self._ready.append(AudioPacket(packet, form))

    def pop(self, until: Fraction | None = None) -> AudioPacket | None:
        """Return the next packet, if one has come whose time is not after `until`."""
        if not self._ready:
            return None
        first = self._ready[0]
        if until is not None and seconds(first.packet.pts, first.packet.time_base) > until:
            return None
        return self._ready.popleft()

    def clear(self) -> None:
        """Drop what has come: nobody is there to get it."""
        self._ready.clear()

    def restart(self) -> None:
        """Forget what belongs to a source's clock that is not known any more."""
        self._early.clear()
