"""Reading: the pictures of a clip in order, each with its own time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from sinet_video.containers.integrity import damage
from sinet_video.decoding.access import Source, StrPath
from sinet_video.decoding.clip import Clip
from sinet_video.decoding.concealment import OnError, Tally, decode_packets, translate_decode_errors
from sinet_video.decoding.deinterlace import deinterlaced
from sinet_video.decoding.demux import opened, video_stream
from sinet_video.decoding.probe import probe
from sinet_video.decoding.timestamps import drop_nonmonotonic, fill_durations, stamp_of, with_times
from sinet_video.errors import InputError
from sinet_video.media.frame import Frame
from sinet_video.media.time_range import TimeRange, seconds
from sinet_video.read_ahead import cores

MOST_THREADS = 16
"""As many as libav takes by itself; more hold more pictures and decode no faster."""


def decode(
    clip: Clip | Source | StrPath,
    span: TimeRange | None = None,
    *,
    since: Fraction | None = None,
    deinterlace: bool = False,
    on_error: OnError = "stop",
    tally: Tally | None = None,
) -> Iterator[Frame]:
    """Yield the pictures of a clip in order, lazily, each with its own pts.

    With a span, its own or a given one, only those in it, and their times are less its start; with
    `since`, a moment of
    these times, those before it are left out. Pictures come in the clip's
    `working_format` and in the size of its first picture; with `deinterlace`, those that say that
    they are of two moments are made ones of the first. Raises `InputError`, naming the time,
    when the file breaks off or a picture cannot be decoded; with `on_error` "conceal", what can be
    had still comes. `tally` counts what was lost, and times that were missing or repeated.
    """
    clip = clip if isinstance(clip, Clip) else probe(clip)
    span = clip.span if span is None else span
    tally = Tally() if tally is None else tally
    with ExitStack() as stack:
        wanted = span
        if since is not None and since > span.late:
            wanted = TimeRange(span.shift + since, span.end)
        videos = _videos(clip.within(wanted), stack, on_error, tally)
        if deinterlace:
            videos = deinterlaced(videos, clip.time_base)
        frames = drop_nonmonotonic(with_times(videos, clip, tally), tally)
        yield from _cut(fill_durations(frames, clip), wanted, span.shift)


def _videos(
    clip: Clip, stack: ExitStack, on_error: OnError, tally: Tally
) -> Iterator[av.VideoFrame]:
    """Return the pictures from the beginning of the clip's span, or some before it."""
    if clip.piped is not None:
        return _decoded(clip.piped.videos(), clip.path)
    container = stack.enter_context(opened(clip.source))
    stream = video_stream(container, clip.path)
    stream.thread_type = "AUTO"
    stream.codec_context.thread_count = min(cores(), MOST_THREADS)
    reading = _Reading(container, stream, clip.path, on_error, tally)
    start = clip.span.start
    return reading.since(start) if start else reading.whole()


@dataclass(frozen=True)
class _Reading:
    """A stream of pictures in an open file."""

    container: InputContainer
    stream: VideoStream
    path: StrPath
    on_error: OnError
    tally: Tally

    def pictures(self) -> Iterator[av.VideoFrame]:
        """Yield the pictures from where the file is read."""
        return _decoded(
            decode_packets(self.container, self.stream, self.on_error, self.tally), self.path
        )

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
                yield from self._judged(chain(() if first is None else (first,), videos))
                return

    def _time(self, video: av.VideoFrame) -> Fraction:
        return seconds(stamp_of(video, self.container.format.name), self.stream.time_base)

    def whole(self) -> Iterator[av.VideoFrame]:
        """Yield all pictures, and at the end tell what the file should have had besides."""
        return self._judged(self.pictures())

    def _judged(self, videos: Iterator[av.VideoFrame]) -> Iterator[av.VideoFrame]:
        if not isinstance(self.path, Path):
            yield from videos
            return
        last: float | None = None
        with self.path.open("rb") as file:
            for video in videos:
                last = video.time if video.time is not None else last
                yield video
            self._judge(damage(file, self.container), last)

    def _judge(self, harm: str | None, last: float | None) -> None:
        if harm and self.on_error == "stop":
            ends = "" if last is None else f", its last picture at {last:.3f} s"
            raise InputError(
                f"{self.path} {harm}{ends}; repair it, end before that, or conceal errors."
            )
        self.tally.harm = self.tally.harm or harm


def _decoded(videos: Iterator[av.VideoFrame], path: StrPath) -> Iterator[av.VideoFrame]:
    """Yield pictures, and say where the file is damaged if it is."""
    last: float | None = None
    with translate_decode_errors(path, lambda: last):
        for video in videos:
            last = video.time if video.time is not None else last
            yield video


def _cut(frames: Iterator[Frame], span: TimeRange, shift: Fraction) -> Iterator[Frame]:
    for frame in frames:
        if span.before(frame.time):
            continue
        if span.after(frame.time):
            return
        yield replace(frame, pts=frame.pts - round(shift / frame.time_base))
