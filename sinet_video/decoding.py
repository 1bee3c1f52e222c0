"""Reading: what a file is, and its pictures in order."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from os import fspath
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.video.reformatter import ColorRange
from av.video.stream import VideoStream

from sinet_video.clip import (
    LONGEST,
    PIPE,
    RATE_IF_UNKNOWN,
    AudioTrack,
    Clip,
    Colour,
    Span,
    seconds,
    working_format,
)
from sinet_video.damage import OnError, Tally, is_cut_off, named, pictures, where
from sinet_video.errors import InputError, reason
from sinet_video.frame import Frame, range_of, reformat
from sinet_video.hdr import hdr_of
from sinet_video.interlacing import deinterlaced
from sinet_video.piped import Piped

StrPath = str | Path

# Only local files: a playlist inside one must not make us read other hosts.
OPEN_OPTIONS = {"protocol_whitelist": "file,crypto,data"}


@contextmanager
def opened(path: StrPath) -> Iterator[InputContainer]:
    """Open a local file for reading, with one clear sentence when that cannot be."""
    file = Path(path)
    if not file.exists():
        raise InputError(f"There is no file {file}.")
    if file.is_dir():
        raise InputError(f"{file} is a folder; give a video file.")
    if file.stat().st_size == 0:
        raise InputError(f"{file} is empty.")
    try:
        container = av.open(
            fspath(file.absolute()), options=OPEN_OPTIONS, metadata_errors="replace"
        )
    except PermissionError as error:
        raise InputError(f"{file} may not be read: permission denied.") from error
    except (av.FFmpegError, ValueError) as error:
        raise InputError(
            f"{file} cannot be opened as a video ({reason(error)}); it is damaged, cut off or of a "
            "kind that FFmpeg does not know."
        ) from error
    with container:
        yield container


def _open_pipe() -> InputContainer:
    if sys.stdin is None or sys.stdin.isatty():
        raise InputError("Standard input is a terminal; pipe a video into it, or give a file.")
    try:
        return av.open("pipe:0", options={"protocol_whitelist": "pipe"}, metadata_errors="replace")
    except (av.FFmpegError, ValueError) as error:
        raise InputError(
            f"Standard input cannot be read as a video ({reason(error)}); pipe NUT, Matroska, "
            "yuv4mpegpipe or MPEG-TS into it, such as from ffmpeg -i IN -f nut -."
        ) from error


def video_stream(container: InputContainer, path: StrPath) -> VideoStream:
    """Return the video to work on: the first stream that is not a cover picture."""
    pictures = [s for s in container.streams.video if not is_cover(s)]
    if not pictures:
        kinds = " and ".join(sorted({s.type for s in container.streams})) or "nothing"
        raise InputError(f"{path} has no video in it, only {kinds}.")
    stream = pictures[0]
    if stream.codec_context is None:
        raise InputError(f"{path} holds video in a codec that this FFmpeg cannot decode.")
    return stream


def is_cover(stream: VideoStream) -> bool:
    """Whether a stream is a picture that stands for the file, not what it shows."""
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def probe(path: StrPath) -> Clip:
    """Return what a file is, or with "-" what comes through standard input.

    Raises `InputError` when it is not a video that can be decoded.
    """
    if Path(path) == PIPE:
        return _probe_pipe()
    with opened(path) as container:
        stream = video_stream(container, path)
        return _clip(container, stream, path, next(_decoded(container.decode(stream), path), None))


def _probe_pipe() -> Clip:
    container = _open_pipe()  # read on by whoever decodes the clip
    stream = video_stream(container, PIPE)
    stream.thread_type = "AUTO"
    piped = Piped(container, stream)
    with named(PIPE, lambda: None):
        first = piped.first()
    return replace(_clip(container, stream, PIPE, first), piped=piped)


def _clip(
    container: InputContainer, stream: VideoStream, path: StrPath, first: av.VideoFrame | None
) -> Clip:
    if first is None:
        raise InputError(f"{path} holds no picture that can be decoded.")
    working = working_format(first.format.name)
    duration = seconds(stream.duration, stream.time_base) or None
    if duration is None and container.duration:
        duration = Fraction(container.duration, av.time_base)
    return Clip(
        path=Path(path),
        container=container.format.name,
        codec=stream.codec_context.name,
        width=first.width,
        height=first.height,
        pixel_format=first.format.name,
        time_base=stream.time_base or Fraction(1),
        start=_stamp(first, container.format.name) or 0,
        end=_end(stream),
        rate=stream.average_rate or stream.guessed_rate,
        duration=float(duration) if duration else None,
        frames=stream.frames or None,
        colour=Colour.of(fitted(first, first.width, first.height, working)),
        sample_aspect=Fraction(stream.sample_aspect_ratio or 1) or Fraction(1),
        rotation=first.rotation,
        interlaced=bool(first.interlaced_frame),
        hdr=hdr_of(first),
        audio=tuple(_track(s) for s in container.streams.audio),
    )


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


def decode(
    clip: Clip | StrPath,
    span: Span = Span(),
    *,
    deinterlace: bool = False,
    on_error: OnError = "stop",
    tally: Tally | None = None,
) -> Iterator[Frame]:
    """Yield the pictures of a clip in order, lazily, each with its own pts.

    With a span, only those in it, and their times are less its start. Pictures come in the clip's
    `working_format` and in the size of its first picture; with `deinterlace`, those that say that
    they are of two moments are made ones of the first. Raises `InputError`, naming the time,
    when the file breaks off or a picture cannot be decoded; with `on_error` "conceal", what can be
    had still comes. `tally` counts what was lost, and times that were missing or repeated.
    """
    clip = clip if isinstance(clip, Clip) else probe(clip)
    tally = Tally() if tally is None else tally
    with ExitStack() as stack:
        videos = _videos(clip, span, stack, on_error, tally)
        if deinterlace:
            videos = deinterlaced(videos, clip.time_base)
        frames = _rising(_timed(videos, clip, tally), tally)
        yield from _cut(_lasting(frames, clip), span)


def _videos(
    clip: Clip, span: Span, stack: ExitStack, on_error: OnError, tally: Tally
) -> Iterator[av.VideoFrame]:
    """Return the pictures from the beginning of the span, or some before it."""
    if clip.piped is not None:
        return _decoded(clip.piped.videos(), clip.path)
    container = stack.enter_context(opened(clip.path))
    stream = video_stream(container, clip.path)
    stream.thread_type = "AUTO"
    reading = _Reading(container, stream, clip.path, on_error, tally)
    return reading.since(span.start) if span.start else reading.whole()


@dataclass(frozen=True)
class _Reading:
    """A stream of pictures in an open file."""

    container: InputContainer
    stream: VideoStream
    path: Path
    on_error: OnError
    tally: Tally

    def pictures(self) -> Iterator[av.VideoFrame]:
        """Yield the pictures from where the file is read."""
        return _decoded(pictures(self.container, self.stream, self.on_error, self.tally), self.path)

    def since(self, start: Fraction) -> Iterator[av.VideoFrame]:
        """Yield the pictures from some moment before `start`, seconds, on.

        In several formats a seek lands on the key frame after the one that is needed, or past all
        of them; then it is tried from further back, and at last from the very start.
        """
        time_base = self.stream.time_base or Fraction(1)
        for margin in (0, 5, 30, None):
            target = 0 if margin is None else max(0, int((start - margin) / time_base))
            self.container.seek(target, stream=self.stream)
            videos = self.pictures()
            first = next(videos, None)
            early = first is not None and self._time(first) <= start
            if margin is None or early:
                if first is not None:
                    yield first
                    yield from videos
                return

    def _time(self, video: av.VideoFrame) -> Fraction:
        return seconds(_stamp(video, self.container.format.name), self.stream.time_base)

    def whole(self) -> Iterator[av.VideoFrame]:
        """Yield all pictures, and tell an early end from the end."""
        last: float | None = None
        for video in self.pictures():
            last = video.time if video.time is not None else last
            yield video
        if last is None or not is_cut_off(self.container, self.stream, self.path, last):
            return
        if self.on_error == "stop":
            raise InputError(
                f"{self.path} is cut off {where(last)}, though its header says that it goes on; "
                "repair it, or end before that."
            )
        self.tally.cut_off = True


def _decoded(videos: Iterator[av.VideoFrame], path: StrPath) -> Iterator[av.VideoFrame]:
    """Yield pictures, and say where the file is damaged if it is."""
    last: float | None = None
    with named(path, lambda: last):
        for video in videos:
            last = video.time if video.time is not None else last
            yield video


def _timed(videos: Iterator[av.VideoFrame], clip: Clip, tally: Tally) -> Iterator[Frame]:
    """Make frames; one without a time comes as long after the one before as that one did."""
    step = round(1 / ((clip.rate or RATE_IF_UNKNOWN) * clip.time_base))
    before: int | None = None
    for video in videos:
        stamp = _stamp(video, clip.container)
        tally.untimed += stamp is None and clip.container != "avi"
        pts = stamp if stamp is not None else clip.start if before is None else before + step
        step = pts - before if before is not None and pts > before else step
        before = pts
        yield Frame(
            video=fitted(video, clip.width, clip.height, clip.working_format),
            pts=pts,
            time_base=clip.time_base,
            duration=video.duration or 0,
            rotation=clip.rotation,
            sample_aspect=clip.sample_aspect,
        )


def _stamp(video: av.VideoFrame, container: str) -> int | None:
    """Return when a picture is shown, in ticks, if it is known.

    AVI stores pictures in the order of decoding and no times: what libav makes up as pts goes back
    and forth with B-frames. The times of decoding, given to pictures in order, are right; the last
    pictures have none, and come at the rate that all do.
    """
    return video.dts if container == "avi" else video.pts


def fitted(video: av.VideoFrame, width: int, height: int, pixel_format: str) -> av.VideoFrame:
    """Bring a picture to a size and planar format: later ones to the first one's, RGB to YUV."""
    coloured = video.format.is_rgb or video.format.name == "pal8"
    fit = reformat(
        video,
        width=width,
        height=height,
        pixel_format=pixel_format,
        color_range=ColorRange.MPEG if coloured else None,
    )
    if not coloured:
        # A conversion says what it read the picture as, where the picture itself says nothing.
        fit.colorspace = video.colorspace
        if range_of(video) == ColorRange.MPEG:
            fit.color_range = video.color_range
    return fit


def _rising(frames: Iterator[Frame], tally: Tally) -> Iterator[Frame]:
    """Keep the last of frames at one time, and of those out of order the one that was in order."""
    before: Frame | None = None
    for frame in frames:
        if before is not None:
            if frame.pts <= before.pts:
                tally.repeated += 1
                before = frame if frame.pts == before.pts else before
                continue
            yield before
        before = frame
    if before is not None:
        yield before


def _lasting(frames: Iterator[Frame], clip: Clip) -> Iterator[Frame]:
    """Give each frame the duration until the next one, and the last what the file leaves it.

    What libav says of a packet is in the order of decoding, and wrong where the rate varies.
    """
    before: Frame | None = None
    for frame in frames:
        if before is not None:
            yield replace(before, duration=frame.pts - before.pts)
        before = frame
    if before is not None:
        left = clip.end - before.pts if clip.end is not None else 0
        yield replace(before, duration=left) if left > 0 else before


def _cut(frames: Iterator[Frame], span: Span) -> Iterator[Frame]:
    for frame in frames:
        if span.before(frame.time):
            continue
        if span.after(frame.time):
            return
        yield replace(frame, pts=frame.pts - round(span.shift / frame.time_base))
