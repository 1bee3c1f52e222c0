"""Subtitles: packets carried over, or text written anew in what the file can hold."""

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
    """Packets as they are, cut to the stretch that is wanted and moved with it."""

    source: Any
    target: Any
    span: TimeRange

    def feed(self, packet: Packet) -> Iterator[Packet]:
        """As `Track` says."""
        if packet.pts is None or not self._cut(packet):
            return
        packet.stream = self.target
        yield packet

    def _cut(self, packet: Packet) -> bool:
        """Move a packet's time, its beginning to no earlier than the stretch's; whether it shows.

        One that says no duration shows until the next, so its beginning decides.
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
    """Text in another form: italics and the like are kept where both forms have them."""

    def __init__(self, source: Any, target: Any, span: TimeRange) -> None:
        super().__init__(source, target, span)
        source.codec_context.open(strict=False)
        target.codec_context.subtitle_header = source.codec_context.subtitle_header

    def feed(self, packet: Packet) -> Iterator[Packet]:
        """As `Track` says."""
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
    """Return how a subtitle stream gets into a file, if it can, and a warning if not as it is."""
    codec, container = stream.codec_context.codec.canonical_name, output.format.name
    # libav names what a muxer can hold by codec or by coder, which differ for pictures.
    if {codec, stream.codec_context.name} & output.supported_codecs:
        return CopiedText(stream, output.add_stream_from_template(stream), span), None
    problem = f"Subtitles are {codec}, which a {container} file cannot hold"
    encoder = BY_MUXER[container].text_encoder
    if codec not in TEXT or encoder is None:
        return None, f"{problem}, nor can pictures be made text: left out."
    target: Any = output.add_stream(encoder)
    return ConvertedText(stream, target, span), f"{problem}: written as {encoder}."
