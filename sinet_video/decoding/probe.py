"""What a file is: its header, and its first picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from sinet_video.containers.alpha_tag import read_alpha_tag
from sinet_video.decoding.access import Source, StrPath
from sinet_video.decoding.clip import Attachment, AudioTrack, Chapter, Clip, SubtitleTrack
from sinet_video.decoding.concealment import translate_decode_errors
from sinet_video.decoding.conform import conform
from sinet_video.decoding.decoder import ALPHA_DECODERS, alpha_mode
from sinet_video.decoding.demux import open_pipe, opened, video_stream
from sinet_video.decoding.pipe import Piped
from sinet_video.decoding.timestamps import stamp_of
from sinet_video.errors import InputError
from sinet_video.media.colour import Colour
from sinet_video.media.hdr import hdr_of
from sinet_video.media.orientation import Orientation
from sinet_video.media.pixel_formats import has_alpha, working_format
from sinet_video.media.tiled_alpha import AlphaKind
from sinet_video.media.time_range import LONGEST, seconds


def probe(source: StrPath | Source) -> Clip:
    """Return what a file is, or with "-" what comes through standard input.

    A playlist or other file that names files to read is read as `Source(path, "files")`; with
    "network" so is one that names hosts, and the path may be a URL, such as
    "https://example.com/talk.mp4". Raises `InputError` when it is not a video that can be decoded,
    or may not be read.
    """
    source = Source.of(source)
    if source.is_pipe:
        return _probe_pipe(source)
    with opened(source) as container:
        stream = video_stream(container, source)
        _check_decodable(stream, source)
        with translate_decode_errors(source.path, lambda: None):
            first = next(container.decode(stream), None)
        return _clip(container, stream, source, first)


def _check_decodable(stream: VideoStream, source: Source) -> None:
    """Raise `InputError` for what libav takes for a picture and does not decode."""
    if stream.codec_context.name == "webp" and not stream.codec_context.width:
        raise InputError(
            f"{source} is an animated WebP, which FFmpeg cannot decode; convert it to a video or "
            "to PNGs with another program first."
        )


def _probe_pipe(source: Source) -> Clip:
    container = open_pipe(source)  # read on by whoever decodes the clip
    stream = video_stream(container, source)
    stream.thread_type = "AUTO"
    piped = Piped(container, stream)
    with translate_decode_errors(source.path, lambda: None):
        first = piped.first()
    return replace(_clip(container, stream, source, first), piped=piped)


def _clip(
    container: InputContainer, stream: VideoStream, source: Source, first: av.VideoFrame | None
) -> Clip:
    if first is None:
        raise InputError(f"{source} holds no picture that can be decoded.")
    working, orientation = working_format(first.format.name), Orientation.of(first)
    duration = seconds(stream.duration, stream.time_base) or None
    if duration is None and container.duration:
        duration = Fraction(container.duration, av.time_base)
    return Clip(
        source=Source(source.located, source.allow),
        container=container.format.name,
        codec=stream.codec_context.name,
        width=first.width,
        height=first.height,
        pixel_format=first.format.name,
        time_base=stream.time_base or Fraction(1),
        start=stamp_of(first, container.format.name) or 0,
        end=_end(stream),
        rate=stream.average_rate or stream.guessed_rate,
        duration=float(duration) if duration else None,
        frames=stream.frames or None,
        colour=Colour.of(conform(first, first.width, first.height, working)),
        sample_aspect=Fraction(stream.sample_aspect_ratio or 1) or Fraction(1),
        rotation=orientation.rotation,
        mirrored=orientation.mirrored,
        interlaced=bool(first.interlaced_frame),
        hdr=hdr_of(first),
        alpha=_alpha(container, stream, Path(source.path), first),
        audio=tuple(_track(s) for s in container.streams.audio),
        subtitles=tuple(_subtitles(s) for s in container.streams.subtitles),
        chapters=tuple(_chapter(c) for c in container.chapters()),
        attachments=tuple(_attachment(s.metadata) for s in container.streams.attachments),
    )


def _alpha(
    container: InputContainer, stream: VideoStream, path: Path, first: av.VideoFrame
) -> AlphaKind | None:
    beside = stream.codec_context.name in ALPHA_DECODERS and alpha_mode(stream) == "1"
    if not has_alpha(first) and not beside:
        return None
    return read_alpha_tag(path, container.format.name, stream.metadata) or "straight"


def _end(stream: VideoStream) -> int | None:
    """Return the pts at which the last picture ends, if the stream itself says, and can mean it."""
    if stream.duration is None or stream.start_time is None:
        return None
    end = stream.start_time + stream.duration
    return end if seconds(end, stream.time_base) < LONGEST else None


def _track(stream: Any) -> AudioTrack:
    context = stream.codec_context
    return AudioTrack(
        index=stream.index,
        codec=context.name if context else "unknown",
        rate=context.rate if context else 0,
        channels=context.channels if context else 0,
        start=float(seconds(stream.start_time, stream.time_base)),
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
