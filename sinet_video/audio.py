"""The sound: carried over packet by packet, or encoded anew where the container cannot hold it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer

from sinet_video.clip import Span, seconds
from sinet_video.decoding import opened, reason
from sinet_video.editlist import HiddenStart
from sinet_video.errors import InputError

if TYPE_CHECKING:
    Packet = av.Packet[Any]

ENCODERS = {"webm": "libopus", "mp4": "aac", "mov": "aac", "matroska": "aac"}
OPUS_RATE = 48_000
NOT_IN_MOV = frozenset({"flac", "opus", "vorbis"})

# What encoders take for so many channels.
LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}

# Containers that write no edit list: what the source's edit list hides must not get into them.
WITHOUT_EDITS = frozenset({"matroska", "webm"})


Carried = Literal["copied", "encoded", "none"]
"""What became of the sound."""


class Track(Protocol):
    """One audio stream on its way to the output."""

    source: AudioStream

    def feed(self, packet: Packet) -> Iterator[Packet]:
        """Take a source packet, yield output packets."""

    def flush(self) -> Iterator[Packet]:
        """Yield what is left at the end."""


@dataclass
class Copied:
    """Packets as they are, moved in time when only a stretch is wanted."""

    source: AudioStream
    target: Any
    span: Span
    edits: bool

    def __post_init__(self) -> None:
        self.first: Fraction | None = None
        self.start = seconds(self.source.start_time, self.source.time_base)

    def feed(self, packet: Packet) -> Iterator[Packet]:
        """As `Track` says."""
        if packet.pts is None or packet.dts is None:
            return
        time = packet.pts * packet.time_base
        # A negative time would make the muxer move everything: better to lose half a packet.
        hidden = packet.is_discard or time < 0
        if hidden and (self.span.start is not None or not self.edits):
            return
        if self.span.before(time) or self.span.after(time):
            return
        self.first = time if self.first is None else self.first
        shift = round(self.span.shift / packet.time_base)
        packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
        packet.stream = self.target
        yield packet

    def flush(self) -> Iterator[Packet]:
        """As `Track` says."""
        return iter(())


class Encoded:
    """Decoded, resampled if need be, and encoded in the container's own codec."""

    def __init__(self, source: AudioStream, target: Any, span: Span) -> None:
        self.source = source
        self._target, self._span = target, span
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
            yield from self._target.encode(None)

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
        context = self._target.codec_context
        context.open(strict=False)
        graph = av.filter.Graph()
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
        chain = [buffer, resample, shape, frames, graph.add("abuffersink")]
        for before, after in pairwise(chain):
            before.link_to(after)
        graph.configure()
        return graph

    def _encoded(self) -> Iterator[Packet]:
        assert self._graph is not None  # made when the first frame was pushed
        while True:
            try:
                frame = self._graph.pull()
            except (av.BlockingIOError, av.EOFError):
                return
            yield from self._target.encode(frame)


def is_unsaid(layout: av.AudioLayout) -> bool:
    """Whether sound does not say where its channels belong: "2 channels" is no "stereo"."""
    return layout.name.endswith("channels")


def usual_layout(layout: av.AudioLayout) -> str:
    """Return the name under which encoders take so many channels."""
    return LAYOUTS.get(layout.nb_channels, "stereo")


def can_copy(codec: str, layout: av.AudioLayout, output: OutputContainer) -> bool:
    """Whether a container holds packets of a codec as they are.

    libav names what a muxer could hold at all; QuickTime files refuse some of it, and MP4 files
    sound that does not say where its channels belong.
    """
    container = output.format.name
    if container == "mov" and codec in NOT_IN_MOV:
        return False
    unsaid = is_unsaid(layout) and container in ("mp4", "mov")
    return codec in output.supported_codecs and not unsaid


class Sound:
    """All audio streams of a file, handed out in step with the pictures.

    Reads the file a second time, by itself, so that pictures never wait for it. To be closed.
    """

    def __init__(self, path: Path, output: OutputContainer, span: Span) -> None:
        self.warnings: list[str] = []
        self._path, self._span = path, span
        self._open = opened(path)
        self._input: InputContainer = self._open.__enter__()
        self.tracks = {
            stream.index: self._track(stream, output)
            for stream in self._input.streams.audio
            if stream.codec_context is not None
        }
        self._packets = self._demuxed()
        self._waiting: Packet | None = next(self._packets, None)

    @property
    def carried(self) -> Carried:
        """What becomes of the sound as a whole."""
        if not self.tracks:
            return "none"
        return "encoded" if self.warnings else "copied"

    @property
    def hidden_starts(self) -> list[HiddenStart]:
        """Copied tracks that start late, with samples before that start; known when all is read."""
        if self._span.start is not None:
            return []
        starts = []
        for number, track in enumerate(self.tracks.values(), 1):
            if isinstance(track, Copied) and track.first and 0 < track.first < track.start:
                skip = float(track.start - track.first)
                starts.append(HiddenStart(number, float(track.start), skip))
        return starts

    def close(self) -> None:
        """Close the file."""
        self._open.__exit__(None, None, None)

    def _track(self, stream: AudioStream, output: OutputContainer) -> Track:
        context, container = stream.codec_context, output.format.name
        codec = context.codec.canonical_name
        language = {"language": stream.language} if stream.language else {}
        if can_copy(codec, context.layout, output):
            target: Any = output.add_stream_from_template(stream)
            target.metadata.update(language)
            return Copied(stream, target, self._span, container not in WITHOUT_EDITS)
        encoder = ENCODERS.get(container, "aac")
        rate = OPUS_RATE if encoder == "libopus" else context.sample_rate
        target = output.add_stream(encoder, rate=rate, layout=usual_layout(context.layout))
        target.metadata.update(language)
        self.warnings.append(
            f"The audio is {codec}, which a {container} file cannot hold: encoded anew as "
            f"{target.codec_context.codec.canonical_name}."
        )
        return Encoded(stream, target, self._span)

    def _demuxed(self) -> Iterator[Packet]:
        if not self.tracks:
            return
        if self._span.start:
            self._input.seek(int(self._span.start * av.time_base))
        try:
            streams = [track.source for track in self.tracks.values()]
            # The empty packets that libav ends with name no stream; tracks are flushed by name.
            yield from (p for p in self._input.demux(streams) if p.dts is not None)
        except av.FFmpegError as error:
            raise InputError(f"{self._path}: its audio is damaged ({reason(error)}).") from error

    def until(self, time: Fraction | None) -> Iterator[Packet]:
        """Yield output packets up to a moment of the output, or all that are left."""
        while self._waiting is not None and not self._is_later(self._waiting, time):
            yield from self.tracks[self._waiting.stream_index].feed(self._waiting)
            self._waiting = next(self._packets, None)
        if time is None:
            for track in self.tracks.values():
                yield from track.flush()

    def _is_later(self, packet: Packet, time: Fraction | None) -> bool:
        now = seconds(packet.dts, packet.time_base) - self._span.shift
        return time is not None and now > time
