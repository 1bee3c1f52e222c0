"""Probing: the properties of a file, from its header and first frame."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from sinet_video.decoding.access import FileId, Source, file_id
from sinet_video.decoding.clip import Clip
from sinet_video.decoding.concealment import translate_decode_errors
from sinet_video.decoding.conform import conform
from sinet_video.decoding.decoder import is_repeat
from sinet_video.decoding.demux import open_pipe, opened, video_stream
from sinet_video.decoding.given import ArrayFrames, Readable
from sinet_video.decoding.pipe import Piped
from sinet_video.decoding.sequence import StillImages, is_still_source, still_images
from sinet_video.decoding.stream_properties import (
    alpha_of,
    attachments,
    audio_tracks,
    chapters,
    duration_of,
    end_of,
    frame_count,
    other_streams,
    rate_of,
    sample_of,
    samples_of,
    subtitle_tracks,
)
from sinet_video.decoding.timeline import Timeline, origin_of
from sinet_video.decoding.timestamps import stamp_of
from sinet_video.errors import InputError
from sinet_video.media.colour import Colour
from sinet_video.media.hdr import hdr_of
from sinet_video.media.orientation import Orientation
from sinet_video.media.pixel_formats import has_alpha, working_format
from sinet_video.media.stacked import can_unstack, says_stacked, unstack
from sinet_video.media.time_range import exact


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
        _check_video(source)
        return _probe_arrays(source, source.data)
    if is_still_source(source):
        _check_video(source)
        return probe_images(source, still_images(source))
    if source.is_pipe:
        return _probe_pipe(source)
    with opened(source) as container:
        stream = video_stream(container, source)
        _check_decodable(stream, source)
        with translate_decode_errors(source.path, lambda: None):
            first = first_frame(container, stream)
        return clip_in(container, stream, source, first)


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


def _check_video(source: Source) -> None:
    """Raise `InputError` for images that are said to be stacked."""
    if source.stacked:
        raise InputError(f"{source} is not a video file, and only those are read as stacked alpha.")


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
            f"{source} is an animated WebP, which FFmpeg cannot decode; make a GIF or APNG "
            "of it with another program, or hand its frames over in Python, as "
            "docs/tasks/images.md shows."
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
    container, check = open_pipe(source)  # `decode` continues to read from it
    stream = video_stream(container, source)
    stream.thread_type = "AUTO"
    piped = Piped(container, stream, check, source)
    with translate_decode_errors(source.path, lambda: None):
        first = piped.first()
    return replace(clip_in(container, stream, source, first), piped=piped)


def clip_in(
    container: InputContainer, stream: VideoStream, source: Source, first: av.VideoFrame | None
) -> Clip:
    """Return the properties of what is open, by its first frame. Raises `InputError` for none."""
    if first is None:
        raise InputError(f"{source} holds no frame that can be decoded.")
    stacked = source.stacked or says_stacked(stream.metadata)
    first = _unstacked(first, source) if stacked else first
    working, orientation = working_format(first.format.name), Orientation.of(first)
    origin, samples = origin_of(container), samples_of(container, source)
    duration, sample = duration_of(container, stream), sample_of(samples, stream)
    return Clip(
        source=replace(source, path=source.located, stream=stream.index, file_id=_file_id(source)),
        container=container.format.name,
        codec=stream.codec_context.name,
        width=first.width,
        height=first.height,
        pixel_format=first.format.name,
        time_base=exact(stream.time_base) or Fraction(1),
        start=stamp_of(first, container.format.name) or 0,
        end=end_of(stream, origin) if duration else None,
        rate=rate_of(container, stream, first),
        duration=float(duration) if duration else None,
        frames=frame_count(container, stream),
        colour=Colour.of(conform(first, first.width, first.height, working)),
        sample_aspect=exact(stream.sample_aspect_ratio) or Fraction(1),
        rotation=orientation.rotation,
        mirrored=orientation.mirrored,
        interlaced=bool(first.interlaced_frame),
        hdr=hdr_of(first),
        alpha=alpha_of(container, stream, Path(source.path), first),
        audio=tuple(audio_tracks(container)),
        subtitles=tuple(subtitle_tracks(container)),
        chapters=tuple(chapters(container)),
        attachments=tuple(attachments(container)),
        tags=tuple(container.metadata.items()),
        others=tuple(other_streams(container, stream, samples)),
        origin=origin,
        dolby_vision=sample.dolby_vision,
        clean_aperture=sample.clean_aperture,
        stacked=stacked,
    )


def _unstacked(video: av.VideoFrame, source: Source) -> av.VideoFrame:
    if not can_unstack(video):
        raise InputError(
            f"{source} cannot have alpha below its colours: its frames are {video.width}x"
            f"{video.height} in {video.format.name}, and stacked ones are YUV of an even height."
        )
    return unstack(video)


def _file_id(source: Source) -> FileId | None:
    return None if source.is_given else file_id(source.located)
