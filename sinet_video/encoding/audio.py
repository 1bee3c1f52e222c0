"""Audio: copied packet by packet, or re-encoded if the container cannot hold it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from math import floor
from typing import TYPE_CHECKING, Any, Literal, Protocol

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer

from sinet_video.containers.codec_delay import described, priming
from sinet_video.containers.formats import BY_MUXER
from sinet_video.decoding.decoder import is_repeat
from sinet_video.decoding.timeline import start_of
from sinet_video.encoding.settings import AudioChoice
from sinet_video.media.filter_graph import pull_frames
from sinet_video.media.time_range import TimeRange, seconds

if TYPE_CHECKING:
    Packet = av.Packet[Any]

OPUS_RATE = 48_000

LONGEST_PACKET = 2**31
"""In ticks; more may be trimmed from Ogg's last packet than it holds: libav's 2**32 minus a little.
"""

LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
"""The layout that encoders accept, by number of channels."""

FIRST_TWO = "stereo|c0=c0|c1=c1"
"""The first two channels, as libav's filter pan has it."""

AudioResult = Literal["copied", "encoded", "none"]
"""What was done with the audio."""


class Track(Protocol):
    """One stream on its way to the output."""

    source: Any
    target: Any

    def feed(self, packet: Packet) -> Iterator[Packet]:
        """Take a source packet, and yield output packets."""

    def flush(self) -> Iterator[Packet]:
        """Yield what is left at the end; nothing if packets are only copied."""
        return iter(())


@dataclass
class Copied(Track):
    """Copied packets, shifted in time if only part of the clip is wanted."""

    source: AudioStream
    target: Any
    span: TimeRange
    edits: bool
    before: Fraction = Fraction(0)
    """Seconds before 0 from which a container without edit lists accepts packets."""

    def __post_init__(self) -> None:
        self.first: Fraction | None = None
        self.start = start_of(self.source)
        self._dropped = False

    @property
    def lost(self) -> Fraction | None:
        """Seconds at which audio starts, if audible audio before that is lost."""
        return self.first if self._dropped else None

    def feed(self, packet: Packet) -> Iterator[Packet]:
        """Copy a packet; see `Track.feed`."""
        if packet.pts is None or packet.dts is None:
            return
        time = packet.pts * packet.time_base
        # A negative time would make the muxer shift everything; it is better to lose half a packet.
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
        """Whether the container accepts a packet that is not played or is before 0."""
        if self.span.start is not None:
            return False
        return self.edits or 0 < _milliseconds(-time) <= _milliseconds(self.before)


def _milliseconds(time: Fraction) -> int:
    """Round as libav does."""
    return floor(time * 1000 + Fraction(1, 2))


class Encoded(Track):
    """Decoded audio, resampled if necessary, and encoded with the container's own codec."""

    def __init__(self, source: AudioStream, target: Any, span: TimeRange) -> None:
        self.source = source
        self.target, self._span = target, span
        self._shape: av.filter.Graph | None = None
        self._pieces: av.filter.Graph | None = None
        self._given: tuple[int, str, str] | None = None

    def feed(self, packet: Packet) -> Iterator[Packet]:
        """Re-encode a packet; see `Track.feed`."""
        if not is_repeat(packet):
            yield from self._recoded(packet)

    def flush(self) -> Iterator[Packet]:
        """Flush the encoder; see `Track.flush`."""
        yield from self._recoded(None)
        if self._pieces is not None:
            yield from self._drained()
            self._pieces.push(None)
            yield from self._encoded()
            yield from self.target.encode(None)

    def _recoded(self, packet: Packet | None) -> Iterator[Packet]:
        for frame in self.source.codec_context.decode(packet):
            time = seconds(frame.pts, frame.time_base)
            if not self._span.before(time) and not self._span.after(time):
                yield from self._pushed(frame)

    def _pushed(self, frame: av.AudioFrame) -> Iterator[Packet]:
        """Take audio; what follows in another layout or rate is made alike."""
        given = frame.sample_rate, frame.format.name, frame.layout.name
        if self._shape is None or given != self._given:
            yield from self._drained()
            self._given, self._shape = given, self._shaping(frame)
        time_base = frame.time_base or Fraction(1, frame.sample_rate)
        frame.pts = (frame.pts or 0) - round(self._span.shift / time_base)
        self._shape.push(frame)
        yield from self._shaped(self._shape)

    def _drained(self) -> Iterator[Packet]:
        if self._shape is not None:
            self._shape.push(None)
            yield from self._shaped(self._shape)
            self._shape = None

    def _shaped(self, graph: av.filter.Graph) -> Iterator[Packet]:
        for frame in pull_frames(graph, av.AudioFrame):
            self._pieces = self._pieces or self._cutting(frame)
            self._pieces.push(frame)
            yield from self._encoded()

    def _shaping(self, frame: av.AudioFrame) -> av.filter.Graph:
        context = self.target.codec_context
        context.open(strict=False)
        return _chain(
            frame,
            *([("pan", FIRST_TWO)] if _is_unmixable(frame.layout) else []),
            # A negative time would make the muxer shift everything.
            ("atrim", "start=0"),
            # async fills gaps with silence, as an encoder counts samples and ignores times.
            ("aresample", f"{context.sample_rate}:async=1000"),
            (
                "aformat",
                f"sample_fmts={context.format.name}:sample_rates={context.sample_rate}"
                f":channel_layouts={context.layout.name}",
            ),
        )

    def _cutting(self, frame: av.AudioFrame) -> av.filter.Graph:
        size = self.target.codec_context.frame_size or 1024
        return _chain(frame, ("asetnsamples", f"n={size}:p=0"))

    def _encoded(self) -> Iterator[Packet]:
        assert self._pieces is not None  # made when the first piece had its shape
        for frame in pull_frames(self._pieces, av.AudioFrame):
            yield from self.target.encode(frame)


def _chain(frame: av.AudioFrame, *filters: tuple[str, str]) -> av.filter.Graph:
    """Return a graph for frames like one, of filters one after the other."""
    graph = av.filter.Graph()
    buffer = graph.add_abuffer(
        sample_rate=frame.sample_rate,
        format=frame.format.name,
        layout=_given_layout(frame.layout),
        time_base=frame.time_base,
    )
    chain = (graph.add(*each) for each in filters)
    graph.link_nodes(buffer, *chain, graph.add("abuffersink")).configure()
    return graph


def _given_layout(layout: av.AudioLayout) -> str:
    named = not is_unspecified(layout) or _is_unmixable(layout)
    return layout.name if named else usual_layout(layout)


def _is_unmixable(layout: av.AudioLayout) -> bool:
    """Whether its channels have no names by which they could be mixed, and no usual ones either."""
    return is_unspecified(layout) and layout.nb_channels not in LAYOUTS


def is_unspecified(layout: av.AudioLayout) -> bool:
    """Whether audio has no channel layout: "2 channels" is not "stereo"."""
    return layout.name.endswith("channels")


def usual_layout(layout: av.AudioLayout) -> str:
    """Return the layout that encoders accept for this number of channels."""
    return LAYOUTS.get(layout.nb_channels, "stereo")


def can_copy(codec: str, layout: av.AudioLayout, output: OutputContainer) -> bool:
    """Whether a container can hold packets of a codec as they are.

    libav knows what a muxer accepts; `Container.no_copy` is what players then reject.
    """
    container = BY_MUXER[output.format.name]
    if container.audio_codecs is not None:
        return codec in container.audio_codecs
    if {codec, codec.partition("_")[0]} & container.no_copy:
        return False
    unspecified = is_unspecified(layout) and container.channel_layout
    return codec in output.supported_codecs and not unspecified


def is_muxed(stream: AudioStream, container: str) -> bool:
    """Whether a muxer takes a stream, which only trying tells: some it calls experimental."""
    try:
        with av.open(BytesIO(), "w", format=container) as trial:
            trial.add_stream_from_template(stream)
            trial.start_encoding()
    except (av.FFmpegError, ValueError):
        return False
    return True


def _is_copyable(stream: AudioStream, output: OutputContainer) -> bool:
    context, form = stream.codec_context, output.format
    if BY_MUXER[form.name].audio_headers and not context.extradata:
        return False
    fits = can_copy(context.codec.canonical_name, context.layout, output)
    # A muxer that writes to a host or into a folder cannot be tried in memory.
    return fits and (form.no_file or is_muxed(stream, form.name))


def audio_track(
    stream: AudioStream, output: OutputContainer, span: TimeRange, choice: AudioChoice
) -> tuple[Track | None, str | None]:
    """Return how an audio stream gets into a file, if it can, and a warning if not as asked."""
    context, container = stream.codec_context, output.format.name
    codec = context.codec.canonical_name
    if choice == "copy" and _is_copyable(stream, output):
        return _copied(stream, output, span), None
    what = "file" if BY_MUXER[container].audio_codecs is None else "stream"
    problem = f"The audio is {codec}, which a {container} {what} cannot hold"
    encoder = BY_MUXER[container].audio_encoder
    shape = _encodable(encoder, context)
    if shape is None:
        return None, f"{problem}, nor can it be re-encoded: left out."
    rate, layout = shape
    target: Any = output.add_stream(encoder, rate=rate, layout=layout)
    name = target.codec_context.codec.canonical_name
    other = "" if rate in (context.sample_rate, OPUS_RATE) else f" at {rate} Hz"
    warning = f"{problem}: re-encoded as {name}{other}{_fewer(context.layout, target)}."
    return Encoded(stream, target, span), warning if choice == "copy" else None


def _fewer(layout: av.AudioLayout, target: Any) -> str:
    """Say what became of the channels if there are fewer."""
    if target.codec_context.layout.nb_channels >= layout.nb_channels:
        return ""
    if _is_unmixable(layout):
        return f", the first two of its {layout.nb_channels} channels"
    return f", its {layout.nb_channels} channels mixed down to {target.codec_context.layout.name}"


def _copied(stream: AudioStream, output: OutputContainer, span: TimeRange) -> Copied:
    if not BY_MUXER[output.format.name].codec_delay:
        return Copied(stream, output.add_stream_from_template(stream), span, True)
    before = Fraction(0) if span.shift else priming(stream)
    with described(stream, before) as like:
        target: Any = output.add_stream_from_template(like)
    return Copied(stream, target, span, False, before)


def _encodable(encoder: str, context: Any) -> tuple[int, str] | None:
    """Return the rate and layout nearest to a stream's in which it can be encoded."""
    rates = av.Codec(encoder, "w").audio_rates or ()
    opus = encoder == "libopus"  # which is of one rate, whatever it is given
    rate = OPUS_RATE if opus else nearest_rate(context.sample_rate, rates)
    for layout in (usual_layout(context.layout), "stereo"):
        trial: Any = av.CodecContext.create(encoder, "w")
        trial.sample_rate, trial.layout = rate, layout
        trial.format = trial.codec.audio_formats[0]
        try:
            trial.open(strict=False)
        except (av.FFmpegError, ValueError):
            continue
        return rate, layout
    return None


def nearest_rate(rate: int, rates: Sequence[int]) -> int:
    """Return the least of an encoder's rates that holds all of a signal, or its largest."""
    return min((each for each in rates if each >= rate), default=max(rates, default=rate))
