"""The timeline of a clip whose timestamps may start anywhere and may jump within the file.

The timestamps of a broadcast have nothing to do with the recording, so the start of the recording
is 0 here. Where recordings were joined end to end, the timestamps jump; the packets after a jump
are shifted so that they follow those before it. Every reader looks at all packets in file order, so
video, audio and subtitles are placed alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
from av.container import InputContainer

from sinet_video.containers.demuxers import demuxer_of
from sinet_video.media.time_range import seconds

if TYPE_CHECKING:
    Packet = av.Packet[Any]

TS_DISCONT = 0x200
"""libav's flag of formats whose clocks may jump."""

FORWARD, BACK = Fraction(10), Fraction(1, 10)
"""Largest gap to all other packets, and largest step back within a stream, in seconds; FFmpeg's."""

MOST_HELD = 2000
"""Most packets to hold back until the video shows where the timeline continues."""


def origin_of(container: InputContainer) -> Fraction:
    """Return the timestamp, in seconds, that is 0 on the timeline."""
    if not demuxer_of(container.format.name).any_origin or container.start_time is None:
        return Fraction(0)
    return Fraction(container.start_time, av.time_base)


def start_of(stream: Any) -> Fraction:
    """Return when a stream starts, in seconds on the file's timeline."""
    return seconds(stream.start_time, stream.time_base) - origin_of(stream.container)


def may_restart(container: InputContainer) -> bool:
    """Whether timestamps may jump, so that a file has to be read from its start to know times."""
    return (
        bool(container.format.flags & TS_DISCONT) and not demuxer_of(container.format.name).steady
    )


class Timeline:
    """Moves a file's packets onto its timeline; `video` is the stream that gets no gaps.

    `restarts` counts the jumps so far.
    """

    def __init__(self, container: InputContainer, video: Any) -> None:
        self.video = video
        self._container = container
        self._shifts = [-origin_of(container)]
        self._parts: dict[int, int] = {}
        self._last: dict[int, Fraction] = {}
        self._ends: dict[int, Fraction] = {}
        self._latest: Fraction | None = None
        self._entering: set[int] = set()
        self._held: list[Packet] = []

    @property
    def restarts(self) -> int:
        """Number of jumps so far."""
        return len(self._shifts) - 1

    def packets(self, *streams: Any) -> Iterator[Packet]:
        """Yield the packets of these streams, or of all, with times on the timeline.

        The empty packets that end a file come last.
        """
        if not may_restart(self._container):
            yield from self._moved(self._container.demux(*streams))
            return
        wanted = {stream.index for stream in streams or self._container.streams}
        # The empty packets of the end say their stream only here.
        yield from (packet for packet in self._all(streams) if packet.stream.index in wanted)

    def _moved(self, packets: Iterator[Packet]) -> Iterator[Packet]:
        for packet in packets:
            _move(packet, self._shifts[0])
            yield packet

    def _all(self, streams: tuple[Any, ...]) -> Iterator[Packet]:
        beside = [*self._container.streams.video, *self._container.streams.audio]
        watched = {stream.index: stream for stream in (*beside, *streams)}
        ends = []
        for packet in self._container.demux(*watched.values() if streams else ()):
            if packet.dts is None and not packet.size:
                ends.append(packet)
                continue
            yield from self._placed(packet)
            if len(self._held) > MOST_HELD:
                yield from self._released()
        yield from self._released()
        yield from ends

    def _placed(self, packet: Packet) -> Iterator[Packet]:
        """Yield a packet with its new time, or hold it back if its stream has to wait."""
        index, stamp = packet.stream_index, packet.dts if packet.dts is not None else packet.pts
        if stamp is None or packet.time_base is None:
            yield packet
            return
        time = stamp * packet.time_base
        waits = any(held.stream_index == index for held in self._held)
        if waits or (self._jumps(index, time) and not self._fits(index, time)):
            if waits or index != self.video.index:
                self._held.append(packet)
                return
            self._begin(index, time, self._ends[index])
        yield from self._at(packet, index, time)
        if index == self.video.index and self._held:
            held, self._held = self._held, []
            for each in held:
                yield from self._placed(each)

    def _jumps(self, index: int, time: Fraction) -> bool:
        part = self._parts.setdefault(index, self.restarts)
        if index in self._last and time < self._last[index] - BACK:
            return True
        return self._latest is not None and time + self._shifts[part] > self._latest + FORWARD

    def _fits(self, index: int, time: Fraction) -> bool:
        """Whether a stream that jumps continues in a later part that other streams have reached."""
        assert self._latest is not None  # something came before a jump
        for part in range(self.restarts, self._parts[index], -1):
            if abs(time + self._shifts[part] - self._latest) <= FORWARD:
                self._parts[index] = part
                self._entering.add(index)
                return True
        return False

    def _begin(self, index: int, time: Fraction, at: Fraction) -> None:
        self._shifts.append(at - time)
        self._parts[index] = self.restarts

    def _at(self, packet: Packet, index: int, time: Fraction) -> Iterator[Packet]:
        shift = self._shifts[self._parts[index]]
        length = (packet.duration or 0) * packet.time_base
        self._last[index] = time
        if index in self._entering and time + shift < self._ends.get(index, time + shift):
            return  # it overlaps what came before the jump
        self._entering.discard(index)
        self._ends[index] = time + shift + length
        self._latest = max(self._latest or self._ends[index], self._ends[index])
        _move(packet, shift)
        yield packet

    def _released(self) -> Iterator[Packet]:
        """Yield packets that were held back in vain, placed after everything before them."""
        while self._held:
            (first, *held), self._held = self._held, []
            stamp = first.dts if first.dts is not None else first.pts
            assert stamp is not None  # else it was not held
            assert self._latest is not None
            index, time = first.stream_index, stamp * first.time_base
            self._begin(index, time, self._latest)
            yield from self._at(first, index, time)
            for packet in held:
                yield from self._placed(packet)


def _move(packet: Packet, by: Fraction) -> None:
    """Shift the times of a packet by seconds."""
    if not by or packet.time_base is None:
        return
    ticks = round(by / packet.time_base)
    packet.pts = packet.pts + ticks if packet.pts is not None else None
    packet.dts = packet.dts + ticks if packet.dts is not None else None
