"""Probing: the properties of a file, from its header and first frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from sinet_video.containers.alpha_tag import read_alpha_tag
from sinet_video.containers.demuxers import demuxer_of
from sinet_video.containers.isobmff import Sample, samples
from sinet_video.decoding.access import FileId, Source, file_id
from sinet_video.decoding.clip import (
    Attachment,
    AudioTrack,
    Chapter,
    Clip,
    OtherStream,
    SubtitleTrack,
)
from sinet_video.decoding.concealment import translate_decode_errors
from sinet_video.decoding.conform import conform
from sinet_video.decoding.decoder import ALPHA_DECODERS, alpha_mode, is_repeat
from sinet_video.decoding.demux import is_cover, open_pipe, opened, video_stream
from sinet_video.decoding.given import ArrayFrames, Readable
from sinet_video.decoding.pipe import Piped
from sinet_video.decoding.sequence import StillImages, is_still_source, still_images
from sinet_video.decoding.timeline import Timeline, origin_of, start_of
from sinet_video.decoding.timestamps import stamp_of
from sinet_video.errors import InputError
from sinet_video.media.colour import Colour
from sinet_video.media.hdr import hdr_of
from sinet_video.media.orientation import Orientation
from sinet_video.media.pixel_formats import has_alpha, working_format
from sinet_video.media.tiled_alpha import AlphaKind
from sinet_video.media.time_range import LONGEST, exact, seconds


def probe(source: Readable) -> Clip:
    """Return the properties of a video file, or of standard input for "-".

    An image, an image sequence, and the other things of `Readable` are read as well.

    Pass `Source(path, "files")` for a playlist or another file that names files, and "network" if
    it names URLs or if the path is a URL such as "https://example.com/talk.mp4". Raises
    `InputError` if it is not a video that can be decoded, or may not be read. Raises `SettingError`
    if the source's `stream` is not a video.
    """
    source = Source.of(source)
    if isinstance(source.data, ArrayFrames):
        return _probe_arrays(source, source.data)
    if is_still_source(source):
        return probe_images(source, still_images(source))
    if source.is_pipe:
        return _probe_pipe(source)
    with opened(source) as container:
        stream = video_stream(container, source)
        _check_decodable(stream, source)
        with translate_decode_errors(source.path, lambda: None):
            first = first_frame(container, stream)
        return clip_of(container, stream, source, first)


def probe_images(source: Source, images: StillImages) -> Clip:
    """Return the properties of a still image or an image sequence, by its first image."""
    head = images.head
    first, last = head.video, images.pts[-1] - images.pts[0]
    working, turned = working_format(first.format.name), head.orientation
    step = max(1, round(last / max(1, len(images.pts) - 1)))
    return Clip(
        source=replace(source, path=source.located, file_id=_file_id(source)),
        container="image2",
        codec=head.codec,
        width=first.width,
        height=first.height,
        pixel_format=first.format.name,
        time_base=images.time_base,
        start=images.pts[0],
        end=images.pts[-1] + step,
        rate=images.rate or 1 / (step * images.time_base),
        duration=float((last + step) * images.time_base),
        frames=len(images.images) + len(images.missing),
        colour=Colour.of(conform(first, first.width, first.height, working)),
        sample_aspect=head.sample_aspect,
        rotation=turned.rotation,
        mirrored=turned.mirrored,
        interlaced=False,
        hdr=None,
        audio=(), subtitles=(), chapters=(), attachments=(),
        alpha=head.alpha,
        icc=head.tags.icc,
        images=images,
    )  # fmt: skip


def _probe_arrays(source: Source, arrays: ArrayFrames) -> Clip:
    first = arrays.head()
    count, rate = arrays.count, arrays.rate
    return Clip(
        source=source,
        container="arrays",
        codec="rawvideo",
        width=first.width,
        height=first.height,
        pixel_format=first.format.name,
        time_base=arrays.time_base,
        start=first.pts or 0,
        end=None if count is None or rate is None else count,
        rate=rate,
        duration=None if count is None or rate is None else float(count / rate),
        frames=count,
        colour=Colour.of(first),
        sample_aspect=Fraction(1),
        rotation=0,
        mirrored=False,
        interlaced=False,
        hdr=None,
        audio=(), subtitles=(), chapters=(), attachments=(),
        alpha="straight" if has_alpha(first) else None,
        images=arrays,
    )  # fmt: skip


def _check_decodable(stream: VideoStream, source: Source) -> None:
    """Raise `InputError` for what libav takes for a frame and does not decode."""
    if stream.codec_context.name == "webp" and not stream.codec_context.width:
        raise InputError(
            f"{source} is an animated WebP, which FFmpeg cannot decode; convert it to a video or "
            "to PNGs with another program first."
        )


def first_frame(container: InputContainer, stream: VideoStream) -> av.VideoFrame | None:
    """Return the first frame, by the plain decoder: others do not hear of the file's colours."""
    for packet in Timeline(container, stream).packets(stream):
        if not is_repeat(packet):
            for video in stream.codec_context.decode(packet if packet.size else None):
                video.time_base = stream.time_base
                return video
    return None


def _probe_pipe(source: Source) -> Clip:
    container = open_pipe(source)  # `decode` continues to read from it
    stream = video_stream(container, source)
    stream.thread_type = "AUTO"
    piped = Piped(container, stream, source)
    with translate_decode_errors(source.path, lambda: None):
        first = piped.first()
    return replace(clip_of(container, stream, source, first), piped=piped)


def clip_of(
    container: InputContainer, stream: VideoStream, source: Source, first: av.VideoFrame | None
) -> Clip:
    """Return the properties of what is open, by its first frame. Raises `InputError` for none."""
    if first is None:
        raise InputError(f"{source} holds no frame that can be decoded.")
    working, orientation = working_format(first.format.name), Orientation.of(first)
    origin, samples = origin_of(container), _samples(container, source)
    duration = _duration(container, stream)
    return Clip(
        source=replace(source, path=source.located, stream=stream.index, file_id=_file_id(source)),
        container=container.format.name,
        codec=stream.codec_context.name,
        width=first.width,
        height=first.height,
        pixel_format=first.format.name,
        time_base=exact(stream.time_base) or Fraction(1),
        start=stamp_of(first, container.format.name) or 0,
        end=_end(stream, origin) if duration else None,
        rate=_rate(container, stream, first),
        duration=float(duration) if duration else None,
        frames=stream.frames or None if _counts(container, stream) else None,
        colour=Colour.of(conform(first, first.width, first.height, working)),
        sample_aspect=exact(stream.sample_aspect_ratio) or Fraction(1),
        rotation=orientation.rotation,
        mirrored=orientation.mirrored,
        interlaced=bool(first.interlaced_frame),
        hdr=hdr_of(first),
        alpha=_alpha(container, stream, Path(source.path), first),
        audio=tuple(_track(s) for s in container.streams.audio),
        subtitles=tuple(_subtitles(s) for s in container.streams.subtitles),
        chapters=tuple(_chapter(c) for c in container.chapters()),
        attachments=tuple(_attachment(s.metadata) for s in container.streams.attachments),
        tags=tuple(container.metadata.items()),
        others=tuple(_others(container, stream, samples)),
        origin=origin,
        dolby_vision=_sample_of(samples, stream).dolby_vision,
    )


def _file_id(source: Source) -> FileId | None:
    return None if source.is_given else file_id(source.located)


LARGEST_COUNT = 2**30
"""Frames; a header that says as many was written before they were counted."""


def _counts(container: InputContainer, stream: VideoStream) -> bool:
    """Whether what a header says of the number of frames, and so of their length, can be."""
    size: int | None = container.size
    return stream.frames < (size if size and size > 0 else LARGEST_COUNT)


def _duration(container: InputContainer, stream: VideoStream) -> Fraction | None:
    if not _counts(container, stream):
        return None
    duration = seconds(stream.duration, stream.time_base)
    if not duration and container.duration:
        duration = Fraction(container.duration, av.time_base)
    return duration if 0 < duration < LONGEST else None


RAW = 0x80
"""libav's flag of formats without times."""


def _rate(container: InputContainer, stream: VideoStream, first: av.VideoFrame) -> Fraction | None:
    """Return the average rate, but where it is made up: that of streams without times, and such.

    libav takes 25 for a stream that does not say, and for DV the rate of its ticks.
    """
    average, guessed = exact(stream.average_rate), exact(stream.guessed_rate)
    if average is None or guessed is None:
        return average or guessed
    lasts = seconds(first.duration, stream.time_base)
    made_up = average > 2 * guessed and abs(guessed * lasts - 1) < Fraction(1, 20)
    return guessed if made_up or container.format.flags & RAW else average


def _samples(container: InputContainer, source: Source) -> list[Sample | None]:
    path = source.located
    if source.is_pipe:  # which can be read once
        return []
    return (
        samples(path) if demuxer_of(container.format.name).boxes and isinstance(path, Path) else []
    )


def _sample_of(samples: list[Sample | None], stream: Any) -> Sample:
    found = samples[stream.index] if stream.index < len(samples) else None
    return found or Sample("")


CHAPTER_NAMES = frozenset({"text", "tx3g"})


def _others(
    container: InputContainer, chosen: VideoStream, samples: list[Sample | None]
) -> Iterator[OtherStream]:
    for stream in container.streams.video:
        if stream.index != chosen.index and not is_cover(stream):
            context = stream.codec_context
            name = context.codec.canonical_name if context else "unknown codec"
            size = f", {stream.width}x{stream.height}" if context else ""
            yield OtherStream(stream.index, "video", name + size)
    for data in container.streams.data:
        kind = _sample_of(samples, data).kind or data.name or "unknown"
        # Timecode and the names of chapters go other ways.
        named = kind in CHAPTER_NAMES and container.chapters()
        if not named and kind != "tmcd" and "timecode" not in data.metadata:
            yield OtherStream(data.index, "data", kind)


def _alpha(
    container: InputContainer, stream: VideoStream, path: Path, first: av.VideoFrame
) -> AlphaKind | None:
    beside = stream.codec_context.name in ALPHA_DECODERS and alpha_mode(stream) == "1"
    if not has_alpha(first) and not beside:
        return None
    return read_alpha_tag(path, container.format.name, stream.metadata) or "straight"


def _end(stream: VideoStream, origin: Fraction) -> int | None:
    """Return the pts at which the last frame ends, if the stream says so plausibly."""
    if stream.duration is None or stream.start_time is None or stream.time_base is None:
        return None
    end = stream.start_time + stream.duration - round(origin / stream.time_base)
    return end if seconds(end, stream.time_base) < LONGEST else None


def _track(stream: Any) -> AudioTrack:
    context = stream.codec_context
    return AudioTrack(
        index=stream.index,
        codec=context.name if context else "unknown",
        rate=context.rate if context else 0,
        channels=context.channels if context else 0,
        start=float(start_of(stream)),
        language=stream.language,
    )


def _subtitles(stream: Any) -> SubtitleTrack:
    context = stream.codec_context
    return SubtitleTrack(stream.index, context.name if context else "unknown", stream.language)


def _chapter(chapter: Any) -> Chapter:
    start, end = (float(chapter[name] * chapter["time_base"]) for name in ("start", "end"))
    return Chapter(start, end, chapter["metadata"].get("title"))


def _attachment(names: Mapping[str, str]) -> Attachment:
    return Attachment(names.get("filename", "unnamed"), names.get("mimetype"))
