"""Companions of the video in a file: audio, subtitles, covers, attachments and tags."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
from av import VideoStream
from av.container import OutputContainer

from sinet_video.containers.formats import BY_MUXER
from sinet_video.containers.isobmff import HiddenStart
from sinet_video.decoding.clip import Clip
from sinet_video.decoding.concealment import OnError
from sinet_video.decoding.demux import covers, opened, video_stream
from sinet_video.decoding.timeline import Timeline, may_restart
from sinet_video.encoding.audio import AudioResult, Copied, Encoded, Track, audio_track
from sinet_video.encoding.losses import late_audio, left_out, not_written
from sinet_video.encoding.metadata import moved_chapter, portable_tags, timecode_in, track_names
from sinet_video.encoding.settings import AudioChoice
from sinet_video.encoding.sink import Companions
from sinet_video.encoding.subtitles import text_track
from sinet_video.errors import InputError, Remedy, reason
from sinet_video.media.time_range import TimeRange, seconds

if TYPE_CHECKING:
    Packet = av.Packet[Any]

LOOK_BACK = 30
"""Seconds before a span in which a subtitle may start that is still visible in it."""

COVER_TYPES = {"png": "png", "mjpeg": "jpeg"}


@dataclass
class Cover(Track):
    """A cover image of the file, in one packet."""

    source: Any
    target: Any

    def feed(self, packet: Packet) -> Iterator[Packet]:
        """Copy the packet; see `Track.feed`."""
        packet.pts = packet.dts = 0
        packet.stream = self.target
        yield packet


class SideStreams(Companions):
    """All streams except the video, delivered in step with it.

    Reads the file a second time, so that the video never has to wait for it. Create it when the
    output has its video stream and no other, and close it at the end.
    """

    def __init__(
        self,
        clip: Clip,
        output: OutputContainer,
        video: Any,
        span: TimeRange,
        audio: AudioChoice,
        on_error: OnError,
    ) -> None:
        self.warnings: list[str] = []
        self.carried: AudioResult = "none"
        """What was done with the audio as a whole."""
        self._source, self._output, self._span, self._audio = clip.source, output, span, audio
        self._format = BY_MUXER[output.format.name]
        self._on_error = on_error
        self._piped, self._opened = clip.piped, ExitStack()
        if clip.piped:
            clip.piped.claimed = True
        self._input = (
            clip.piped.container if clip.piped else self._opened.enter_context(opened(clip.source))
        )
        self._clip = clip
        self.tracks: dict[int, Track] = {}
        self._add_audio()
        self._add_subtitles()
        self._add_covers()
        self._add_attachments()
        self._add_names(video)
        self.warnings += left_out(clip)
        source = video_stream(self._input, clip.source)
        self._timeline = Timeline(self._input, source)
        self._demuxed = self._demux()
        self._waiting: Packet | None = None

    @property
    def hidden_starts(self) -> list[HiddenStart]:
        """Copied audio that starts late, with samples before that; known once all is read."""
        if self._span.start is not None:
            return []
        starts, late = [], self._span.late
        for number, track in enumerate(self.tracks.values(), 1):
            if not isinstance(track, Copied) or track.first is None:
                continue
            if 0 < track.first + late < track.start + late:
                skip = float(track.start - track.first)
                starts.append(HiddenStart(number, float(track.start + late), skip))
        return starts

    def close(self) -> None:
        """Close the file."""
        self._opened.close()

    def until(self, time: Fraction | None) -> Iterator[Packet]:
        """Yield output packets up to a time of the output, or all that are left."""
        while (packet := self._waiting or self._next()) is not None:
            self._waiting = packet if self._is_later(packet, time) else None
            if self._waiting is not None:
                break
            yield from self.usable(self.tracks[packet.stream_index].feed(packet))
        if time is None:
            for track in self.tracks.values():
                yield from self.usable(track.flush())
            self.warnings += late_audio(self.tracks.values(), self._span, self._output.format.name)

    def harmed(self, error: av.FFmpegError, what: str) -> None:
        """Report an unusable packet: raise `InputError`, or warn once and continue."""
        problem = f"{self._source}: its audio or subtitles are damaged ({reason(error)})"
        if self._on_error == "stop":
            raise InputError(f"{problem}; repair it, or conceal errors.") from error
        self._warn(f"{problem}: {what}.")

    def check_headers(self, error: av.FFmpegError) -> None:
        """Raise `InputError` for what a muxer refuses at its end, if audio was copied."""
        if any(isinstance(track, Copied) for track in self.tracks.values()):
            raise InputError(
                f"{self._source}: the headers of its audio are damaged ({reason(error)}).",
                remedy=Remedy("audio", "encode", "to re-encode it"),
            ) from error

    def lost(self, written: Path) -> list[str]:
        """Return warnings about what a finished file does not hold."""
        kind = self._output.format.name
        return not_written(written, self._input, self.tracks.values(), len(self._chapters()), kind)

    def _add_audio(self) -> None:
        if self._audio == "none":
            return
        for stream in self._input.streams.audio:
            if stream.codec_context is None or not stream.codec_context.sample_rate:
                self.warnings.append("An audio track is in an unknown codec: left out.")
                continue
            track, warning = audio_track(stream, self._output, self._span, self._audio)
            self._add(track, warning)
            if isinstance(track, Encoded):
                self.carried = "encoded"
            elif self.carried == "none":
                self.carried = "copied"

    def _add_subtitles(self) -> None:
        for stream in self._input.streams.subtitles:
            if stream.codec_context is None:
                self.warnings.append("Subtitles are in an unknown codec: left out.")
                continue
            track, warning = text_track(stream, self._output, self._span)
            self._add(track, warning)

    def _add(self, track: Track | None, warning: str | None) -> None:
        if warning is not None:
            self._warn(warning)
        if track is None:
            return
        names = track_names(track.source.metadata, self._format)
        track.target.metadata.update(names)
        track.target.disposition = track.source.disposition
        self.tracks[track.source.index] = track

    def _add_covers(self) -> None:
        """Add covers if possible; otherwise `lost` reports them."""
        for stream in covers(self._input):
            codec = stream.codec_context.codec.canonical_name if stream.codec_context else ""
            if self._format.attachments and codec in COVER_TYPES:
                self._attach_cover(stream, COVER_TYPES[codec])
            elif codec in self._output.supported_codecs:
                target = self._output.add_stream_from_template(stream, opaque=True)
                self._add(Cover(stream, target), None)

    def _attach_cover(self, stream: Any, kind: str) -> None:
        if self._piped is not None:  # its packet is still in the pipe, so `lost` cannot report it
            self.warnings.append("Cover art is left out.")
            return
        with opened(self._source) as again:
            packet = next(iter(again.demux(again.streams[stream.index])))
        name = stream.metadata.get("filename", f"cover.{kind}")
        self._output.add_attachment(name, f"image/{kind}", bytes(packet))

    def _add_attachments(self) -> None:
        attachments = self._input.streams.attachments
        if self._format.attachments:
            for stream in attachments:
                self._output.add_stream_from_template(stream)
        elif attachments:
            names = ", ".join(s.metadata.get("filename", "unnamed") for s in attachments)
            kind = self._output.format.name
            self.warnings.append(f"A {kind} file cannot hold attachments: {names} left out.")

    def _add_names(self, video: Any) -> None:
        self._output.metadata.update(portable_tags(self._input.metadata))
        if chapters := self._chapters():
            self._output.set_chapters(chapters)
        source = video_stream(self._input, self._source)
        names = track_names(source.metadata, self._format)
        if self._span.start:
            for tags in (self._output.metadata, names):
                self._move_timecode(tags, source)
        video.metadata.update(names)

    def _move_timecode(self, tags: MutableMapping[str, str], source: VideoStream) -> None:
        """Let timecode begin where the span does."""
        first = tags.pop("timecode", None)
        if first is None:
            return
        if (moved := timecode_in(first, source, self._clip, self._span)) is not None:
            tags["timecode"] = moved
            return
        self._warn(
            f"The timecode is left out: frames come at no constant rate, so that after {first} it "
            "cannot be counted."
        )

    def _warn(self, warning: str) -> None:
        """Say it once, of however many tracks it is true."""
        if warning not in self.warnings:
            self.warnings.append(warning)

    def _chapters(self) -> Any:
        """Return the chapters of the span, as libav has them, shifted with it."""
        cut = [moved_chapter(chapter, self._span) for chapter in self._input.chapters()]
        return [chapter for chapter in cut if chapter["start"] < chapter["end"]]

    def _demux(self) -> Iterator[Packet]:
        if not self.tracks:
            return
        if self._span.start and not may_restart(self._input):
            back = LOOK_BACK if self._input.streams.subtitles else 0
            start = max(Fraction(0), self._span.start - back) + self._clip.origin
            self._input.seek(int(start * av.time_base))
        try:
            streams = [track.source for track in self.tracks.values()]
            # The empty packets at libav's end name no stream; tracks are flushed by name.
            packets = self._timeline.packets(*streams)
            yield from (p for p in packets if p.dts is not None or p.size)
        except av.FFmpegError as error:
            self.harmed(error, "what comes after is lost")

    def _next(self) -> Packet | None:
        """Return the next packet of the tracks, or of those that have come through a pipe."""
        if self._piped is None:
            return next(self._demuxed, None)
        while (packet := self._piped.take()) is not None:
            if packet.stream_index in self.tracks:
                return packet
        return None

    def _is_later(self, packet: Packet, time: Fraction | None) -> bool:
        now = seconds(packet.dts, packet.time_base) - self._span.shift
        return time is not None and now > time
