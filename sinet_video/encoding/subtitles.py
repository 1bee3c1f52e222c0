"""Subtitles: copied packets, or text converted to a format that the file can hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import av
from av.container import OutputContainer

from sinet_video.containers.formats import BY_MUXER
from sinet_video.encoding.audio import Track
from sinet_video.media.time_range import TimeRange

if TYPE_CHECKING:
    Packet = av.Packet[Any]

TEXT = frozenset({"subrip", "ass", "ssa", "mov_text", "webvtt", "text"})


@dataclass
class CopiedText(Track):
    """Copied packets, cut to the wanted span and shifted with it."""

    source: Any
    target: Any
    span: TimeRange

    def feed(self, packet: Packet) -> Iterator[Packet]:
        """Copy a packet; see `Track.feed`."""
        if packet.pts is None or not self._cut(packet):
            return
        packet.stream = self.target
        yield packet

    def _cut(self, packet: Packet) -> bool:
        """Shift a packet's time, clip its start to the span's, and return whether it is visible.

        Without a duration it is visible until the next one, so its start decides.
        """
        pts, length = packet.pts or 0, packet.duration or 0
        start, end = pts * packet.time_base, (pts + length) * packet.time_base
        if self.span.after(start) or (self.span.before(start) and end <= self.span.shift):
            return False
        lost = max(0, round((self.span.shift - start) / packet.time_base))
        shift = round(self.span.shift / packet.time_base)
        packet.pts = packet.dts = pts + lost - shift
        packet.duration = max(0, length - lost)
        return True


class ConvertedText(CopiedText):
    """Text in another format; italics and the like are kept if both formats have them."""

    def __init__(self, source: Any, target: Any, span: TimeRange) -> None:
        super().__init__(source, target, span)
        source.codec_context.open(strict=False)
        target.codec_context.subtitle_header = source.codec_context.subtitle_header

    def feed(self, packet: Packet) -> Iterator[Packet]:
        """Convert a packet; see `Track.feed`."""
        if packet.pts is None:
            return
        shown = self.source.codec_context.decode2(packet)
        if shown is None or not len(shown) or not self._cut(packet):
            return
        converted = self.target.codec_context.encode_subtitle(shown)
        converted.pts = converted.dts = packet.pts
        converted.duration, converted.time_base = packet.duration, packet.time_base
        converted.stream = self.target
        yield converted


def text_track(
    stream: Any, output: OutputContainer, span: TimeRange
) -> tuple[Track | None, str | None]:
    """Return the track for a subtitle stream, if possible, and a warning if it is changed."""
    codec, container = stream.codec_context.codec.canonical_name, output.format.name
    # libav lists a muxer's codecs by codec or by coder, which differ for image subtitles.
    if {codec, stream.codec_context.name} & output.supported_codecs:
        return CopiedText(stream, output.add_stream_from_template(stream), span), None
    problem = f"Subtitles are {codec}, which a {container} file cannot hold"
    encoder = BY_MUXER[container].text_encoder
    if codec not in TEXT or encoder is None:
        return None, f"{problem}, and bitmap subtitles cannot become text: left out."
    target: Any = output.add_stream(encoder)
    return ConvertedText(stream, target, span), f"{problem}: written as {encoder}."
