"""Decoding: the frames of a clip in order, each with its own time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from sinet_video.checked import check_kinds
from sinet_video.containers.integrity import cut_off, damage
from sinet_video.decoding.access import FileId, Source, StrPath, check_same
from sinet_video.decoding.clip import Clip
from sinet_video.decoding.concealment import OnError, Tally, decode_packets, translate_decode_errors
from sinet_video.decoding.deinterlace import deinterlaced
from sinet_video.decoding.demux import opened, video_stream
from sinet_video.decoding.probe import probe
from sinet_video.decoding.timeline import Timeline, may_restart, origin_of
from sinet_video.decoding.timestamps import drop_nonmonotonic, fill_durations, stamp_of, with_times
from sinet_video.errors import InputError, Remedy
from sinet_video.media.frame import Frame
from sinet_video.media.time_range import TimeRange, exact, seconds
from sinet_video.read_ahead import cores

if TYPE_CHECKING:
    Packet = av.Packet[Any]

MOST_THREADS = 16
"""As many as libav takes by itself; more hold more frames and decode no faster."""

MOST_HELD = 1 << 28
"""Bytes of packets that are kept while a key frame before a moment is looked for."""


def decode(
    clip: Clip | Source | StrPath,
    span: TimeRange | None = None,
    *,
    since: Fraction | None = None,
    deinterlace: bool = False,
    on_error: OnError = "stop",
    tally: Tally | None = None,
) -> Iterator[Frame]:
    """Yield the frames of a clip in order, lazily, each with its own pts.

    With a span, the clip's or the given one, only frames in the span are returned, and their times
    count from its start. With `since`, a time in seconds in those times, earlier frames are
    skipped. Frames have the clip's `working_format` and the size of its first frame. With
    `deinterlace`, frames that are marked as interlaced are deinterlaced. `tally` counts lost
    frames, and missing or repeated timestamps.

    Raises `InputError` with the time if the file ends early or a frame cannot be decoded; with
    `on_error` "conceal", such frames are dropped instead.
    """
    clip = clip if isinstance(clip, Clip) else probe(clip)
    span = clip.span if span is None else span
    check_kinds(span=(span, TimeRange))
    tally = Tally() if tally is None else tally
    with ExitStack() as stack:
        wanted = span
        if since is not None and since > span.late:
            wanted = TimeRange(span.shift + since, span.end)
        videos = _videos(clip.within(wanted), stack, on_error, tally)
        if deinterlace:
            videos = deinterlaced(videos, clip.time_base)
        frames = drop_nonmonotonic(with_times(videos, clip, tally), tally)
        yield from _cut(fill_durations(frames, clip, tally), wanted, span.shift)


def _videos(
    clip: Clip, stack: ExitStack, on_error: OnError, tally: Tally
) -> Iterator[av.VideoFrame]:
    """Return the frames from the start of the clip's span, or from some time before it."""
    if clip.images is not None:
        since = ceil((clip.span.start or 0) / clip.time_base)
        return clip.images.videos(since, clip.path, on_error, tally)
    if clip.piped is not None:
        return _counted(_decoded(clip.piped.videos(), clip.path), clip.piped.timeline, tally)
    container = stack.enter_context(opened(clip.source))
    stream = video_stream(container, clip.source)
    stream.thread_type = "AUTO"
    stream.codec_context.thread_count = min(cores(), MOST_THREADS)
    reading = _Reading(container, stream, clip.path, on_error, tally, clip.source.file_id)
    if isinstance(clip.path, Path) and clip.span.end is None:
        reading.check_length()
    start = clip.span.start
    return reading.since(start) if start else reading.whole()


@dataclass(frozen=True)
class _Reading:
    """A video stream in an open file."""

    container: InputContainer
    stream: VideoStream
    path: StrPath
    on_error: OnError
    tally: Tally
    file_id: FileId | None

    def check_length(self) -> None:
        """Say before the work what its headers tell to be missing of a file."""
        with self._file() as file:
            harm = cut_off(file, self.container)
            last = (
                _whole_until(file, self.stream) if harm and harm.startswith("is cut off") else None
            )
            self._judge(harm, last)

    @contextmanager
    def _file(self) -> Iterator[BinaryIO]:
        """Open the same file once more, for what libav does not tell."""
        assert isinstance(self.path, Path)  # the others are not looked at
        with self.path.open("rb") as file:
            stat = os.fstat(file.fileno())
            check_same(self.path, (stat.st_dev, stat.st_ino), self.file_id)
            yield file

    def frames(self, since: Fraction | None = None) -> Iterator[av.VideoFrame]:
        """Yield the frames from where the file is read, or from a key frame before a moment."""
        timeline = Timeline(self.container, self.stream)
        packets = timeline.packets(self.stream)
        if since is not None:
            packets = _from_key_frame(packets, since)
        videos = decode_packets(packets, self.stream, self.on_error, self.tally)
        return _counted(_decoded(videos, self.path), timeline, self.tally)

    def since(self, start: Fraction) -> Iterator[av.VideoFrame]:
        """Yield the frames from some moment before `start`, seconds, on.

        In several formats a seek lands on the key frame after the one that is needed, or past all
        of them; then it is tried from further back, and at last from the very start. Where the
        clock may jump, only reading from the start tells times.
        """
        if may_restart(self.container):
            yield from self._judged(self.frames(start))
            return
        origin = origin_of(self.container)
        time_base = self.stream.time_base or Fraction(1)
        for margin in (0, 5, 30, None):
            target = 0 if margin is None else max(0, int((start - margin + origin) / time_base))
            self.container.seek(target, stream=self.stream)
            videos = self.frames()
            first = next(videos, None)
            early = first is not None and self._time(first) <= start
            if margin is None or early:
                yield from self._judged(chain(() if first is None else (first,), videos))
                return

    def _time(self, video: av.VideoFrame) -> Fraction:
        return seconds(stamp_of(video, self.container.format.name), self.stream.time_base)

    def whole(self) -> Iterator[av.VideoFrame]:
        """Yield all frames, and report at the end what the file should also have had."""
        return self._judged(self.frames())

    def _judged(self, videos: Iterator[av.VideoFrame]) -> Iterator[av.VideoFrame]:
        if not isinstance(self.path, Path):
            yield from videos
            return
        last: float | None = None
        with self._file() as file:
            size = os.fstat(file.fileno()).st_size
            for video in videos:
                last = video.time if video.time is not None else last
                yield video
            lost = size - os.fstat(file.fileno()).st_size
            shorter = f"was made {lost} bytes shorter while it was read" if lost > 0 else None
            self._judge(shorter or damage(file, self.container), last)

    def _judge(self, harm: str | None, last: float | None) -> None:
        if harm and self.on_error == "stop":
            ends = "" if last is None else f", its last frame at {last:.3f} s"
            raise InputError(
                f"{self.path} {harm}{ends}; repair it, or end before that.",
                remedy=Remedy("on_error", "conceal", "to leave out what is lost"),
            )
        self.tally.harm = self.tally.harm or harm


def _whole_until(file: BinaryIO, stream: VideoStream) -> float | None:
    """Return the time of the last frame that is all in a file, where its index tells."""
    size, unit = os.fstat(file.fileno()).st_size, exact(stream.time_base)
    whole = (e.timestamp for e in stream.index_entries if e.pos + e.size <= size)
    last = max(whole, default=None)
    return float(last * unit) if last is not None and unit is not None else None


def _from_key_frame(packets: Iterator[Packet], since: Fraction) -> Iterator[Packet]:
    """Yield packets from the last key frame but one before a moment on, in seconds.

    Frames after one key frame may need some from before it.
    """
    held: list[Packet] = []
    first, size = 0, 0
    for packet in packets:
        time = seconds(packet.dts, packet.time_base)
        if packet.is_keyframe and time <= since:
            size -= sum(each.size for each in held[:first])
            held, first = held[first:], len(held) - first
        held.append(packet)
        size += packet.size
        if (packet.dts is not None and time > since) or size > MOST_HELD:
            break
    return chain(held, packets)


def _counted(
    videos: Iterator[av.VideoFrame], timeline: Timeline, tally: Tally
) -> Iterator[av.VideoFrame]:
    context = timeline.video.codec_context
    aspect = context.sample_aspect_ratio
    for video in videos:
        tally.restarts = timeline.restarts
        if context.sample_aspect_ratio != aspect:
            tally.change("another pixel aspect")
        yield video


def _decoded(videos: Iterator[av.VideoFrame], path: StrPath) -> Iterator[av.VideoFrame]:
    """Yield frames, and report where the file is damaged if it is."""
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
        yield replace(frame, pts=frame.pts - round(shift / frame.time_base)) if shift else frame
