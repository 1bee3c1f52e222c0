"""What goes wrong with a stream's last pictures, which libav's threads keep to themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import av
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

if TYPE_CHECKING:
    Packet = av.Packet[Any]

MOST_PACKETS, MOST_BYTES = 500, 1 << 25
"""Packets, and bytes of them, that are remembered; where it takes more, nothing is told."""


class Tail:
    """The packets of a stream from the last key frame on before the first without its picture.

    A decoder of several threads loses the error of a packet that it had in hand when the stream
    ended. So where pictures are missing then, the packets are decoded again by one.
    """

    def __init__(self) -> None:
        self._packets: list[Packet] | None = []
        self._awaited: set[int | None] = set()
        self._bytes = 0

    def sent(self, packet: Packet) -> None:
        """Take note of a packet."""
        if self._packets is None or not (self._packets or packet.is_keyframe):
            return
        self._packets.append(packet)
        self._awaited.add(packet.pts)
        self._bytes += packet.size
        if packet.is_keyframe:
            self._forget()
        if len(self._packets) > MOST_PACKETS or self._bytes > MOST_BYTES:
            self._packets = None

    def got(self, video: av.VideoFrame) -> None:
        """Take note of a picture."""
        self._awaited.discard(video.pts)

    def _forget(self) -> None:
        packets, first = self._packets or [], 0
        for index, packet in enumerate(packets):
            first = index if packet.is_keyframe else first
            if packet.pts in self._awaited:
                break
        self._bytes -= sum(packet.size for packet in packets[:first])
        self._packets = packets[first:]

    def check(self, stream: VideoStream) -> None:
        """Raise what libav says of the packets whose pictures did not come, if it says anything."""
        context = stream.codec_context
        if not self._packets or not self._awaited:
            return
        decoder = cast(VideoCodecContext, av.CodecContext.create(context.name, "r"))
        decoder.extradata, decoder.thread_count = context.extradata, 1
        for packet in [*self._packets, None]:
            decoder.decode(packet)
