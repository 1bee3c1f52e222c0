"""What a container says of its streams, as far as it can be: rate, duration, audio, chapters."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from sinet_video.containers.alpha_tag import read_alpha_tag
from sinet_video.containers.demuxers import demuxer_of
from sinet_video.containers.isobmff import Sample, samples
from sinet_video.decoding.access import Source
from sinet_video.decoding.clip import Attachment, AudioTrack, Chapter, OtherStream, SubtitleTrack
from sinet_video.decoding.decoder import ALPHA_DECODERS, alpha_mode
from sinet_video.decoding.demux import is_cover
from sinet_video.decoding.timeline import start_of
from sinet_video.media.pixel_formats import has_alpha
from sinet_video.media.tiled_alpha import AlphaKind
from sinet_video.media.time_range import LONGEST, exact, seconds

LARGEST_COUNT = 2**30
"""Frames; a header with as many was written before they were counted."""


def frame_count(container: InputContainer, stream: VideoStream) -> int | None:
    """Return the number of frames that the header gives, or None if it gives none that can be."""
    return stream.frames or None if _counts(container, stream) else None


def _counts(container: InputContainer, stream: VideoStream) -> bool:
    """Whether the header's number of frames can be true, and so the duration beside it."""
    size: int | None = container.size
    return stream.frames < (size if size and size > 0 else LARGEST_COUNT)


def duration_of(container: InputContainer, stream: VideoStream) -> Fraction | None:
    """Return the duration of a stream, or else of its file, in seconds; None if not known."""
    if not _counts(container, stream):
        return None
    duration = seconds(stream.duration, stream.time_base)
    if not duration and container.duration:
        duration = Fraction(container.duration, av.time_base)
    return duration if 0 < duration < LONGEST else None


RAW = 0x80
"""libav's flag of formats without times."""


def rate_of(
    container: InputContainer, stream: VideoStream, first: av.VideoFrame
) -> Fraction | None:
    """Return the average rate in frames per second, or libav's guess where that rate is made up.

    libav makes up 25 for a stream that has no times, and for DV the rate of its ticks.
    """
    average, guessed = exact(stream.average_rate), exact(stream.guessed_rate)
    if average is None or guessed is None:
        return average or guessed
    lasts = seconds(first.duration, stream.time_base)
    made_up = average > 2 * guessed and abs(guessed * lasts - 1) < Fraction(1, 20)
    return guessed if made_up or container.format.flags & RAW else average


def samples_of(container: InputContainer, source: Source) -> list[Sample | None]:
    """Return what MP4 and MOV files say of each stream's samples; empty for other files."""
    path = source.located
    if source.is_pipe:  # which can be read once
        return []
    return (
        samples(path) if demuxer_of(container.format.name).boxes and isinstance(path, Path) else []
    )


def sample_of(samples: list[Sample | None], stream: Any) -> Sample:
    """Return what is said of one stream's samples."""
    found = samples[stream.index] if stream.index < len(samples) else None
    return found or Sample("")


CHAPTER_NAMES = frozenset({"text", "tx3g"})


def other_streams(
    container: InputContainer, chosen: VideoStream, samples: list[Sample | None]
) -> Iterator[OtherStream]:
    """Yield the streams that no result gets: further videos, and data."""
    for stream in container.streams.video:
        if stream.index != chosen.index and not is_cover(stream):
            context = stream.codec_context
            name = context.codec.canonical_name if context else "unknown codec"
            size = f", {stream.width}x{stream.height}" if context else ""
            yield OtherStream(stream.index, "video", name + size)
    for data in container.streams.data:
        kind = sample_of(samples, data).kind or data.name or "unknown"
        # Timecode and the names of chapters go other ways.
        named = kind in CHAPTER_NAMES and container.chapters()
        if not named and kind != "tmcd" and "timecode" not in data.metadata:
            yield OtherStream(data.index, "data", kind)


def alpha_of(
    container: InputContainer, stream: VideoStream, path: Path, first: av.VideoFrame
) -> AlphaKind | None:
    """Return the kind of a video's alpha, straight if it does not say; None without alpha."""
    beside = stream.codec_context.name in ALPHA_DECODERS and alpha_mode(stream) == "1"
    if not has_alpha(first) and not beside:
        return None
    return read_alpha_tag(path, container.format.name, stream.metadata) or "straight"


def end_of(stream: VideoStream, origin: Fraction) -> int | None:
    """Return the pts at which the last frame ends, if the stream says so plausibly."""
    if stream.duration is None or stream.start_time is None or stream.time_base is None:
        return None
    end = stream.start_time + stream.duration - round(origin / stream.time_base)
    return end if seconds(end, stream.time_base) < LONGEST else None


def audio_tracks(container: InputContainer) -> Iterator[AudioTrack]:
    """Yield the audio tracks of a file."""
    for stream in container.streams.audio:
        context = stream.codec_context
        yield AudioTrack(
            index=stream.index,
            codec=context.name if context else "unknown",
            rate=context.rate if context else 0,
            channels=context.channels if context else 0,
            start=float(start_of(stream)),
            language=stream.language,
        )


def subtitle_tracks(container: InputContainer) -> Iterator[SubtitleTrack]:
    """Yield the subtitles of a file."""
    for stream in container.streams.subtitles:
        context = stream.codec_context
        yield SubtitleTrack(stream.index, context.name if context else "unknown", stream.language)


def chapters(container: InputContainer) -> Iterator[Chapter]:
    """Yield the chapters of a file, with times in seconds."""
    for each in container.chapters():
        base = each["time_base"] or Fraction(1)
        start, end = float(each["start"] * base), float(each["end"] * base)
        yield Chapter(start, end, each["metadata"].get("title"))


def attachments(container: InputContainer) -> Iterator[Attachment]:
    """Yield the attachments of a file."""
    for each in container.streams.attachments:
        names = each.metadata
        yield Attachment(names.get("filename", "unnamed"), names.get("mimetype"))
