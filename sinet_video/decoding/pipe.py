"""A clip that can only be read once: frames are decoded as they arrive, other packets are kept."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from sinet_video.decoding.decoder import Decoder
from sinet_video.decoding.timeline import Timeline
from sinet_video.errors import InputError

if TYPE_CHECKING:
    Packet = av.Packet[Any]

MOST_PACKETS, MOST_BYTES = 100_000, 1 << 28
"""Packets, and bytes of them, after which frames are not hoped for: they would fill the memory.
"""


class Piped:
    """An open container whose frames one thread reads, and whose other packets another may take."""

    def __init__(
        self,
        container: InputContainer,
        stream: VideoStream,
        check: Callable[[], None],
        name: object = "Standard input",
    ) -> None:
        self.container, self._check = container, check
        self._name = name if str(name) != "-" else "Standard input"
        self.others: deque[Packet] = deque()
        """Packets of the other streams, as far as the frames have been read."""
        self.claimed = False
        """Whether somebody takes these packets; set it before frames are read, or they are not
        kept.
        """
        self.timeline = Timeline(container, stream)
        self._stream = stream
        self._taken, self._bytes = False, 0
        self._decoded = self._decode()
        self._first: av.VideoFrame | None = None

    def first(self) -> av.VideoFrame | None:
        """Return the first frame; `videos` still yields it."""
        self._first = next(self._decoded, None)
        return self._first

    def videos(self) -> Iterator[av.VideoFrame]:
        """Yield all frames, once. Raises `InputError` the second time."""
        if self._taken:
            raise InputError(f"{self._name} was read already; it can be read once.")
        self._taken = True
        if not self.claimed:
            self.others.clear()
        if self._first is not None:
            yield self._first
        yield from self._decoded

    def _decode(self) -> Iterator[av.VideoFrame]:
        try:
            yield from self._decode_all()
        finally:
            self._check()

    def _decode_all(self) -> Iterator[av.VideoFrame]:
        decoder = Decoder(self._stream)
        for packet in self.timeline.packets():
            if packet.stream_index == self._stream.index:
                yield from decoder.decode(packet) if packet.size else ()
            elif packet.size:
                self._keep(packet)
        yield from decoder.decode(None)
        decoder.check()

    def _keep(self, packet: Packet) -> None:
        if self._taken and not self.claimed:
            return
        self.others.append(packet)
        self._bytes += packet.size
        if len(self.others) > MOST_PACKETS or self._bytes > MOST_BYTES:
            raise InputError(
                f"{self._name} has more than {MOST_BYTES >> 20} MiB of other streams ahead of "
                "its frames, which cannot be kept; give the file by its name."
            )

    def take(self) -> Packet | None:
        """Return the next packet of the other streams, if one has come."""
        if not self.others:
            return None
        packet = self.others.popleft()
        self._bytes -= packet.size
        return packet
