"""The sound: carried over packet by packet, or encoded anew where the container cannot hold it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import floor
from typing import TYPE_CHECKING, Any, Literal, Protocol

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer

from sinet_video.containers.codec_delay import described, priming
from sinet_video.containers.formats import BY_MUXER
from sinet_video.encoding.settings import AudioChoice
from sinet_video.media.filter_graph import pull_frames
from sinet_video.media.time_range import TimeRange, seconds

if TYPE_CHECKING:
    Packet = av.Packet[Any]

OPUS_RATE = 48_000

LONGEST_PACKET = 2**31
"""Ticks; of Ogg's last packet more may be cut off than there is: libav's 2**32 less a little."""

# What encoders take for so many channels.
LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}


AudioResult = Literal["copied", "encoded", "none"]
"""What became of the sound."""


class Track(Protocol):
    """One stream on its way to the output."""

    source: Any
    target: Any

    def feed(self, packet: Packet) -> Iterator[Packet]:
        """Take a source packet, yield output packets."""

    def flush(self) -> Iterator[Packet]:
        """Yield what is left at the end: nothing, where packets are only carried over."""
        return iter(())


@dataclass
class Copied(Track):
    """Packets as they are, moved in time when only a stretch is wanted."""

    source: AudioStream
    target: Any
    span: TimeRange
    edits: bool
    before: Fraction = Fraction(0)
    """Seconds before 0 from which on a container without edits takes packets."""

    def __post_init__(self) -> None:
        self.first: Fraction | None = None
        self.start = seconds(self.source.start_time, self.source.time_base)
        self._dropped = False

    @property
    def lost(self) -> Fraction | None:
        """Seconds at which sound begins, of which what was before, and to be heard, is lost."""
        return self.first if self._dropped else None

    def feed(self, packet: Packet) -> Iterator[Packet]:
        """As `Track` says."""
        if packet.pts is None or packet.dts is None:
            return
        time = packet.pts * packet.time_base
        # A negative time would make the muxer move everything: better to lose half a packet.
        hidden = packet.is_discard or time < self.span.shift
        if hidden and not self._can_hide(time):
            self._dropped |= self.span.start is None and not packet.is_discard
            return
        if self.span.before(time) or self.span.after(time):
            return
        self.first = time if self.first is None else self.first
        shift = round(self.span.shift / packet.time_base)
        packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
        if (packet.duration or 0) > LONGEST_PACKET:
            packet.duration = 0
        packet.stream = self.target
        yield packet

    def _can_hide(self, time: Fraction) -> bool:
        """Whether the container can take a packet that is not to be heard, or is before 0."""
        if self.span.start is not None:
            return False
        return self.edits or 0 < _milliseconds(-time) <= _milliseconds(self.before)


def _milliseconds(time: Fraction) -> int:
    """Round as libav does."""
    return floor(time * 1000 + Fraction(1, 2))


class Encoded(Track):
    """Decoded, resampled if need be, and encoded in the container's own codec."""

    def __init__(self, source: AudioStream, target: Any, span: TimeRange) -> None:
        self.source = source
        self.target, self._span = target, span
        self._graph: av.filter.Graph | None = None

    def feed(self, packet: Packet) -> Iterator[Packet]:
        """As `Track` says."""
        yield from self._recoded(packet)

    def flush(self) -> Iterator[Packet]:
        """As `Track` says."""
        yield from self._recoded(None)
        if self._graph is not None:
            self._graph.push(None)
            yield from self._encoded()
            yield from self.target.encode(None)

    def _recoded(self, packet: Packet | None) -> Iterator[Packet]:
        for frame in self.source.codec_context.decode(packet):
            time = seconds(frame.pts, frame.time_base)
            if not self._span.before(time) and not self._span.after(time):
                self._push(frame)
                yield from self._encoded()

    def _push(self, frame: av.AudioFrame) -> None:
        if self._graph is None:
            self._graph = self._filters(frame)
        time_base = frame.time_base or Fraction(1, frame.sample_rate)
        frame.pts = (frame.pts or 0) - round(self._span.shift / time_base)
        self._graph.push(frame)

    def _filters(self, frame: av.AudioFrame) -> av.filter.Graph:
        context = self.target.codec_context
        context.open(strict=False)
        graph = av.filter.Graph()
        # A negative time would make the muxer move everything.
        trim = graph.add("atrim", "start=0")
        buffer = graph.add_abuffer(
            sample_rate=frame.sample_rate,
            format=frame.format.name,
            layout=usual_layout(frame.layout) if is_unsaid(frame.layout) else frame.layout.name,
            time_base=frame.time_base,
        )
        # async fills gaps with silence: an encoder counts samples, it does not read times.
        resample = graph.add("aresample", f"{context.sample_rate}:async=1000")
        shape = graph.add(
            "aformat",
            f"sample_fmts={context.format.name}:sample_rates={context.sample_rate}"
            f":channel_layouts={context.layout.name}",
        )
        frames = graph.add("asetnsamples", f"n={context.frame_size or 1024}:p=0")
        chain = [buffer, trim, resample, shape, frames, graph.add("abuffersink")]
        for before, after in pairwise(chain):
            before.link_to(after)
        graph.configure()
        return graph

    def _encoded(self) -> Iterator[Packet]:
        assert self._graph is not None  # made when the first frame was pushed
        for frame in pull_frames(self._graph):
            yield from self.target.encode(frame)


def is_unsaid(layout: av.AudioLayout) -> bool:
    """Whether sound does not say where its channels belong: "2 channels" is no "stereo"."""
    return layout.name.endswith("channels")


def usual_layout(layout: av.AudioLayout) -> str:
    """Return the name under which encoders take so many channels."""
    return LAYOUTS.get(layout.nb_channels, "stereo")


def can_copy(codec: str, layout: av.AudioLayout, output: OutputContainer) -> bool:
    """Whether a container holds packets of a codec as they are.

    libav names what a muxer could hold at all; `Container.no_copy` is what players then refuse.
    """
    container = BY_MUXER[output.format.name]
    if {codec, codec.partition("_")[0]} & container.no_copy:
        return False
    unsaid = is_unsaid(layout) and container.channel_layout
    return codec in output.supported_codecs and not unsaid


def audio_track(
    stream: AudioStream, output: OutputContainer, span: TimeRange, choice: AudioChoice
) -> tuple[Track, str | None]:
    """Return how an audio stream gets into a file, and a warning where that is not as asked."""
    context, container = stream.codec_context, output.format.name
    codec = context.codec.canonical_name
    if choice == "copy" and can_copy(codec, context.layout, output):
        if not BY_MUXER[container].codec_delay:
            return Copied(stream, output.add_stream_from_template(stream), span, True), None
        before = Fraction(0) if span.shift else priming(stream)
        with described(stream, before) as like:
            target: Any = output.add_stream_from_template(like)
        return Copied(stream, target, span, False, before), None
    encoder = BY_MUXER[container].audio_encoder
    rate = OPUS_RATE if encoder == "libopus" else context.sample_rate
    target = output.add_stream(encoder, rate=rate, layout=usual_layout(context.layout))
    warning = (
        f"The audio is {codec}, which a {container} file cannot hold: encoded anew as "
        f"{target.codec_context.codec.canonical_name}."
    )
    return Encoded(stream, target, span), warning if choice == "copy" else None
