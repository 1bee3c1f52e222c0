"""Decoding of a stream's packets, with their separate alpha and the errors at the stream's end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, cast

import av
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from sinet_video.media.colour import UNSPECIFIED

if TYPE_CHECKING:
    Packet = av.Packet[Any]

ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""libav's own decoders of these codecs ignore the alpha that is stored beside the frames."""


def alpha_mode(stream: VideoStream) -> str | None:
    """Return the container's tag of that name; in Matroska and WebM, "1" means alpha."""
    tags = {key.lower(): value for key, value in stream.metadata.items()}
    return tags.get("alpha_mode")


def alpha_decoder(stream: VideoStream, packet: Packet) -> VideoCodecContext | None:
    """Return a decoder for the alpha beside a stream's frames, or None if it has none there.

    `packet` is the first packet of the stream.
    """
    name = stream.codec_context.name
    beside = packet.has_sidedata("matroska_block_additional")
    if name not in ALPHA_DECODERS or not (beside or alpha_mode(stream)):
        return None
    return cast(VideoCodecContext, av.CodecContext.create(ALPHA_DECODERS[name], "r"))


class Decoder:
    """Decodes a stream's packets, in order, with the alpha that is stored beside them."""

    def __init__(self, stream: VideoStream) -> None:
        self._stream = stream
        self._other: VideoCodecContext | None = None
        self._started = False
        self._tail = PendingPackets()

    def decode(self, packet: Packet | None) -> list[av.VideoFrame]:
        """Return the frames that a packet completes; None or libav's last ends the stream.

        An empty packet with a time has no frame: the one before it is still shown.
        """
        if packet is not None and is_repeat(packet):
            return []
        given = packet if packet is not None and packet.size else None
        if not self._started and given is not None:
            self._started, self._other = True, alpha_decoder(self._stream, given)
        if self._other is None:
            return self._plain(given)
        videos = list(self._other.decode(given))
        for video in videos:
            self._tag(video)
        return videos

    def _plain(self, packet: Packet | None) -> list[av.VideoFrame]:
        if packet is not None:
            self._tail.add(packet)
        try:
            found = list(self._stream.codec_context.decode(packet))
        except av.FFmpegError:
            self._tail = PendingPackets()  # an error that was already reported
            raise
        for video in found:
            video.time_base = self._stream.time_base  # the last ones have none
            self._tail.remove(video)
        return found

    def check(self) -> None:
        """At the end of the stream, raise the error that was not reported, if there was one."""
        self._tail.check(self._stream)

    def _tag(self, video: av.VideoFrame) -> None:
        """Set the container's colour tags, which this decoder does not get."""
        context: Any = self._stream.codec_context
        if int(video.colorspace) == UNSPECIFIED:
            video.colorspace = context.colorspace
        video.color_range = video.color_range or context.color_range
        video.color_primaries, video.color_trc = context.color_primaries, context.color_trc


def is_repeat(packet: Packet) -> bool:
    """Whether a packet is empty and yet not the one with which libav ends a stream.

    Theora and NUT say so that a frame is like the one before it.
    """
    return not packet.size and (packet.pts, packet.dts) != (None, None)


def decoded(packets: Iterable[Packet], stream: VideoStream) -> Iterator[av.VideoFrame]:
    """Yield the frames of a stream's packets."""
    decoder = Decoder(stream)
    for packet in packets:
        yield from decoder.decode(packet)
    decoder.check()


MOST_PACKETS, MOST_BYTES = 500, 1 << 25
"""Packets, and bytes of them, that are kept; beyond either limit, errors are not reported."""


class PendingPackets:
    """A stream's packets from the last key frame before the first packet whose frame is missing.

    A decoder with several threads loses the error of a packet that is in progress when the stream
    ends. If frames are missing then, the packets are decoded again by a decoder with one thread.
    """

    def __init__(self) -> None:
        self._packets: list[Packet] | None = []
        self._awaited: set[int | None] = set()
        self._bytes = 0

    def add(self, packet: Packet) -> None:
        """Record a packet."""
        if self._packets is None or not (self._packets or packet.is_keyframe):
            return
        self._packets.append(packet)
        self._awaited.add(packet.pts)
        self._bytes += packet.size
        if packet.is_keyframe:
            self._forget()
        if len(self._packets) > MOST_PACKETS or self._bytes > MOST_BYTES:
            self._packets = None

    def remove(self, video: av.VideoFrame) -> None:
        """Record a decoded frame."""
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
        """Raise libav's error for the packets whose frames are missing, if there is one."""
        context = stream.codec_context
        if not self._packets or not self._awaited:
            return
        decoder = cast(VideoCodecContext, av.CodecContext.create(context.name, "r"))
        decoder.extradata, decoder.thread_count = context.extradata, 1
        for packet in [*self._packets, None]:
            decoder.decode(packet)
