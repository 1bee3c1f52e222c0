"""Timing of a file's audio as played: when each track starts and ends."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
from av.container import InputContainer

from sinet_video.decoding.access import Source
from sinet_video.decoding.clip import Clip
from sinet_video.decoding.decoder import is_repeat
from sinet_video.decoding.demux import opened, video_stream
from sinet_video.decoding.timeline import Timeline, may_restart, origin_of
from sinet_video.errors import reason
from sinet_video.media.time_range import TimeRange, seconds

WHOLE = TimeRange()


@dataclass(frozen=True)
class AudioTiming:
    """One audio track without its priming samples. Times are in seconds, exact.

    `step` is the longest unit in which the file stores it, about 20 ms for most codecs. `rate` is
    in samples per second.
    """

    codec: str
    rate: int
    channels: int
    start: Fraction
    end: Fraction
    step: Fraction

    @property
    def length(self) -> Fraction:
        """Seconds from its start to its end."""
        return self.end - self.start


@dataclass(frozen=True)
class AudioReport:
    """All tracks of a file that hold audio, and where they are damaged, if they are."""

    tracks: tuple[AudioTiming, ...] = ()
    damage: str | None = None


def measure_audio(source: Clip | Source) -> AudioReport:
    """Return the audio timing of a file, or of a clip's span with times from the span's start.

    Decodes all of it, in constant memory. Raises `InputError` if the file cannot be opened.
    """
    source, span = (source.source, source.span) if isinstance(source, Clip) else (source, WHOLE)
    with opened(source) as container:
        tracks = {s.index: _Track(s, span) for s in container.streams.audio if s.codec_context}
        harm = None
        try:
            if span.start and not may_restart(container):
                container.seek(int((span.start + origin_of(container)) * av.time_base))
            _measure(container, tracks, source)
        except av.FFmpegError as error:
            harm = f"The audio of {source} is damaged or cut off ({reason(error)})."
        heard = (track.heard() for track in tracks.values())
        return AudioReport(tuple(each for each in heard if each is not None), harm)


def _measure(container: InputContainer, tracks: dict[int, _Track], source: Source) -> None:
    if not tracks:
        return
    waiting = set(tracks)
    lead = video_stream(container, source)
    for packet in Timeline(container, lead).packets(*(track.stream for track in tracks.values())):
        if is_repeat(packet):
            continue
        track = tracks[packet.stream.index]
        for frame in packet.decode():
            if isinstance(frame, av.AudioFrame) and not track.note(frame):
                waiting.discard(packet.stream.index)
        if not waiting:
            return


class _Track:
    """A stream, as far as it lies in the span, from which `AudioTiming` is measured."""

    def __init__(self, stream: Any, span: TimeRange) -> None:
        self.stream, self._span = stream, span
        self._start: Fraction | None = None
        self._end = self._step = Fraction(0)

    def note(self, frame: av.AudioFrame) -> bool:
        """Add an audio frame, and return whether more may follow in the span."""
        span = self._span
        if frame.pts is None:
            return True
        length = Fraction(frame.samples, frame.sample_rate)
        start = seconds(frame.pts, frame.time_base)
        end = start + length
        if span.after(start):
            return False
        if span.start is None or end > span.start:
            self._start = max(start, span.shift) if self._start is None else self._start
            self._end = min(end, span.end) if span.end is not None else end
            self._step = max(self._step, length)
        return True

    def heard(self) -> AudioTiming | None:
        """Return the measured timing, or None if there was no audio."""
        if self._start is None:
            return None
        context, shift = self.stream.codec_context, self._span.shift
        return AudioTiming(
            codec=context.codec.canonical_name,
            rate=context.sample_rate,
            channels=context.layout.nb_channels,
            start=self._start - shift,
            end=self._end - shift,
            step=self._step,
        )
