"""A clip that can be read once: pictures decoded as they come, all else kept until asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from sinet_video.decoding.decoder import Decoder
from sinet_video.errors import InputError

if TYPE_CHECKING:
    Packet = av.Packet[Any]

MOST_KEPT = 100_000
"""Packets after which pictures are no longer hoped for: others would fill the memory."""


class Piped:
    """An open container whose pictures one thread takes, and whose other packets another may."""

    def __init__(self, container: InputContainer, stream: VideoStream) -> None:
        self.container = container
        self.others: deque[Packet] = deque()
        """Packets of the other streams, as far as the pictures were read."""
        self.claimed = False
        """Whether somebody takes these; to be said before pictures are, or they are not kept."""
        self._stream = stream
        self._taken = False
        self._decoded = self._decode()
        self._first: av.VideoFrame | None = None

    def first(self) -> av.VideoFrame | None:
        """Return the first picture, which `videos` yields all the same."""
        self._first = next(self._decoded, None)
        return self._first

    def videos(self) -> Iterator[av.VideoFrame]:
        """Yield all pictures; once. Raises `InputError` the second time."""
        if self._taken:
            raise InputError("Standard input was read already; it can be read once.")
        self._taken = True
        if not self.claimed:
            self.others.clear()
        if self._first is not None:
            yield self._first
        yield from self._decoded

    def _decode(self) -> Iterator[av.VideoFrame]:
        decoder = Decoder(self._stream)
        for packet in self.container.demux():
            if packet.stream_index == self._stream.index:
                yield from decoder.decode(packet) if packet.size else ()
            elif packet.size:
                self._keep(packet)
        yield from decoder.decode(None)
        decoder.check()

    def _keep(self, packet: Packet) -> None:
        if self._taken and not self.claimed:
            return
        if len(self.others) >= MOST_KEPT:
            raise InputError("Standard input has sound without end and no pictures with it.")
        self.others.append(packet)
