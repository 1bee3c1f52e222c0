"""Writing: sinks that take mattes and leave a whole file, or none."""

from __future__ import annotations

import os
import re
import shutil
import uuid
from abc import ABC, abstractmethod
from fractions import Fraction
from math import lcm
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import av
from av.video.reformatter import ColorRange

from sinet_video.audio import Carried, Sound
from sinet_video.codecs import PNG, Content, Encoding, Plan, container_of, plan
from sinet_video.decoding import Clip, Span, reason, seconds
from sinet_video.editlist import hide_starts
from sinet_video.errors import OutputError, SettingError
from sinet_video.frame import Matte
from sinet_video.pictures import picture

if TYPE_CHECKING:
    Packet = av.Packet[Any]

RATE_IF_UNKNOWN = Fraction(25)
LARGEST_TIMESCALE = 2**31 - 1
BT709 = 1


def check_output(path: Path, source: Path, *, overwrite: bool) -> None:
    """Raise `OutputError` or `SettingError` if a result cannot or must not be written there."""
    pictures = container_of(path) is PNG
    if pictures and path.suffix and not re.search(r"%0?\d*d", path.name):
        raise SettingError(
            f"{path} is one picture and a video has many; give a folder, or a pattern such as "
            f"{path.with_name('%05d.png')}."
        )
    if path.exists() and path.samefile(source):
        raise SettingError(f"{path} is the input; the output must be another file.")
    if path.is_dir() and not pictures:
        raise OutputError(f"{path} is a folder; give the name of a file.")
    occupied = any(path.iterdir()) if path.is_dir() else path.exists()
    if occupied and not overwrite:
        raise OutputError(f"{path} is there already; choose to overwrite it, or another name.")
    parent = _existing_parent(path) if pictures else path.parent
    if not parent.is_dir():
        raise OutputError(f"There is no folder {parent}; make it first.")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise OutputError(f"The folder {parent} may not be written to.")


def _existing_parent(path: Path) -> Path:
    parent = path.parent
    while not parent.exists():
        parent = parent.parent
    return parent


def part_name(path: Path) -> Path:
    """Return a hidden name beside a file, for it to have until it is whole."""
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")


class Sink(ABC):
    """Where mattes go. A context manager.

    On leaving it without an error the output appears under its name, whole; with one, nothing is
    left. What of each matte is written is `content`: its frame ("opaque"), its frame with straight
    alpha ("alpha"), or its alpha as gray ("matte").
    """

    content: Content
    plan: Plan
    warnings: list[str]
    audio: Carried = "none"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._finish()
        except BaseException:
            self._abandon()
            raise
        if kind is not None:
            self._abandon()

    @abstractmethod
    def write(self, matte: Matte) -> None:
        """Take one matte; its pts must be later than the last one's."""

    @abstractmethod
    def _finish(self) -> None:
        """Write what is left and give the output its name."""

    @abstractmethod
    def _abandon(self) -> None:
        """Leave nothing."""


def open_sink(
    path: str | Path,
    clip: Clip,
    *,
    content: Content = "opaque",
    encoding: Encoding = Encoding(),
    sound: bool = False,
    span: Span = Span(),
) -> Sink:
    """Return the sink for a name: a video file, or a folder or pattern of PNGs.

    The clip lends pixel format, colour tags, time base and, with `sound`, its audio in `span`.
    """
    path = Path(path)
    chosen = plan(path, content, clip.working_format, encoding)
    if container_of(path) is PNG:
        return PictureFolder(path, clip, content, chosen)
    return VideoFile(path, clip, content, chosen, span if sound else None)


class VideoFile(Sink):
    """A video file, with the clip's sound in `sound` or without any."""

    def __init__(
        self, path: Path, clip: Clip, content: Content, plan: Plan, sound: Span | None = None
    ) -> None:
        self.content, self.plan, self.warnings = content, plan, []
        self._path, self._part = path, part_name(path)
        self._sound: Sound | None = None
        self._container = _opened(self._part, path, plan, _timescale(clip, plan))
        try:
            self._stream = _video_stream(self._container, clip, content, plan)
            self._times = _Times()
            if sound is not None and clip.audio:
                self._sound = Sound(clip.path, self._container, sound)
                self.warnings += self._sound.warnings
                self.audio = self._sound.carried
        except BaseException:
            self._abandon()
            raise

    def write(self, matte: Matte) -> None:
        """As `Sink` says."""
        frame, video = matte.frame, picture(matte, self.content, self.plan.pixel_format)
        video.pts, video.time_base, video.duration = frame.pts, frame.time_base, frame.duration
        # Otherwise the source's choice of key frames is forced on the encoder.
        video.pict_type = 0
        self._times.note(frame.pts, frame.duration)
        self._encode(video)

    def _encode(self, video: av.VideoFrame | None) -> None:
        try:
            for packet in self._stream.encode(video):
                self._mux(self._times.next(packet))
            if video is None:
                self._mux(self._times.next(None))
                self._mux_sound(None)
        except av.FFmpegError as error:
            raise OutputError(f"{self._path} cannot be written: {reason(error)}.") from error

    def _mux(self, packet: Packet | None) -> None:
        if packet is not None:
            self._mux_sound(seconds(packet.pts, packet.time_base))
            self._container.mux(packet)

    def _mux_sound(self, time: Fraction | None) -> None:
        if self._sound:
            for packet in self._sound.until(time):
                self._container.mux(packet)

    def _finish(self) -> None:
        if not self._times.count:
            raise OutputError(f"No picture came, so {self._path} was not written.")
        self._encode(None)
        try:
            self._close()
            if self._sound and self.plan.muxer in ("mp4", "mov"):
                hide_starts(self._part, self._sound.hidden_starts)
            self._part.replace(self._path)
        except (av.FFmpegError, OSError) as error:
            raise OutputError(f"{self._path} cannot be written: {reason(error)}.") from error

    def _close(self) -> None:
        if self._sound:
            self._sound.close()
        self._container.close()

    def _abandon(self) -> None:
        try:
            self._close()
        except (av.FFmpegError, OSError):
            pass  # What made us give up is the error to hear of, not that closing fails too.
        self._part.unlink(missing_ok=True)


class _Times:
    """The durations of packets, which encoders forget.

    Holds each packet back until the next one, as the last one needs its own: a muxer reckons a
    file's length from dts, and with a variable rate and reordering the packet that is last by dts
    is not the one that is last by pts.
    """

    def __init__(self) -> None:
        self.count = 0
        self._durations: dict[int, int] = {}
        self._held: Packet | None = None
        self._first_pts = self._first_dts = self._end = 0

    def note(self, pts: int, duration: int) -> None:
        """Remember a picture on its way into the encoder."""
        self._first_pts = pts if self.count == 0 else self._first_pts
        self._end = pts + duration
        self._durations[pts] = duration
        self.count += 1

    def next(self, packet: Packet | None) -> Packet | None:
        """Take a packet, or None at the end, and return the one before it."""
        held, self._held = self._held, packet
        if held is None:
            self._first_dts = (packet.dts or 0) if packet is not None else 0
            return None
        held.duration = self._durations.pop(held.pts or 0, 0)
        if packet is None:
            length = self._end - self._first_pts
            held.duration = max(1, length - ((held.dts or 0) - self._first_dts))
        return held


class PictureFolder(Sink):
    """PNGs in a folder, numbered from 1, and their times in milliseconds in timestamps.txt.

    The times are in mkvtoolnix's "timestamp format v2". A pattern such as out/%05d.png adds to its
    folder; a plain name makes one.
    """

    TIMES = "timestamps.txt"

    def __init__(self, path: Path, clip: Clip, content: Content, plan: Plan) -> None:
        self.content, self.plan, self.warnings = content, plan, []
        numbered = "%" in path.name
        self._path, self._target = path, path.parent if numbered else path
        self._times: list[Fraction] = []
        self._part = part_name(self._target.absolute())
        try:
            self._part.mkdir(parents=True)
        except OSError as error:
            raise OutputError(f"{path} cannot be written: {reason(error)}.") from error
        pattern = self._part / (path.name if numbered else "%05d.png")
        try:
            self._container = _opened(pattern, path, plan)
            self._stream = _video_stream(self._container, clip, content, plan)
        except BaseException:
            shutil.rmtree(self._part, ignore_errors=True)
            raise

    def write(self, matte: Matte) -> None:
        """As `Sink` says."""
        video = picture(matte, self.content, self.plan.pixel_format)
        video.pts, video.time_base = len(self._times), 1 / RATE_IF_UNKNOWN
        self._times.append(matte.time)
        self._encode(video)

    def _encode(self, video: av.VideoFrame | None) -> None:
        try:
            self._container.mux(self._stream.encode(video))
        except av.FFmpegError as error:
            raise OutputError(f"{self._path} cannot be written: {reason(error)}.") from error

    def _finish(self) -> None:
        if not self._times:
            raise OutputError(f"No picture came, so {self._path} was not written.")
        self._encode(None)
        lines = [f"{float(time) * 1000:.6f}" for time in self._times]
        try:
            self._container.close()
            text = "\n".join(["# timestamp format v2", *lines, ""])
            (self._part / self.TIMES).write_text(text)
            self._publish()
        except (av.FFmpegError, OSError) as error:
            raise OutputError(f"{self._path} cannot be written: {reason(error)}.") from error

    def _publish(self) -> None:
        if not self._target.exists():
            self._part.replace(self._target)
            return
        for file in sorted(self._part.iterdir()):
            file.replace(self._target / file.name)
        self._part.rmdir()

    def _abandon(self) -> None:
        try:
            self._container.close()
        except (av.FFmpegError, OSError):
            pass  # As in VideoFile: what made us give up is the error to hear of.
        shutil.rmtree(self._part, ignore_errors=True)


def _opened(
    target: Path, path: Path, plan: Plan, timescale: int | None = None
) -> av.container.OutputContainer:
    options = dict(plan.muxer_options)
    if timescale is not None:
        options["movie_timescale"] = str(timescale)
    try:
        return av.open(os.fspath(target), "w", format=plan.muxer, options=options)
    except (av.FFmpegError, OSError) as error:
        raise OutputError(f"{path} cannot be written: {reason(error)}.") from error


def _timescale(clip: Clip, plan: Plan) -> int | None:
    """Return units a second in which an MP4 can say exactly when each late track starts.

    None where nothing starts late, or where such units would not fit.
    """
    late = clip.start > 0 or any(track.start > 0 for track in clip.audio)
    if plan.muxer not in ("mp4", "mov") or not late:
        return None
    exact = lcm(clip.time_base.denominator, *(track.rate or 1 for track in clip.audio))
    return exact if exact <= LARGEST_TIMESCALE else None


def _video_stream(
    container: av.container.OutputContainer, clip: Clip, content: Content, plan: Plan
) -> Any:
    rate = clip.rate or RATE_IF_UNKNOWN
    stream: Any = container.add_stream(plan.encoder, rate=rate, options=dict(plan.options))
    stream.width, stream.height, stream.pix_fmt = clip.width, clip.height, plan.pixel_format
    context = stream.codec_context
    context.sample_aspect_ratio = clip.sample_aspect
    context.thread_type = "AUTO"
    if plan.muxer == "image2":
        stream.time_base = context.time_base = 1 / RATE_IF_UNKNOWN
        return stream
    stream.time_base = context.time_base = clip.time_base
    _tag(context, clip, content)
    if clip.rotation:
        stream.set_display_rotation(clip.rotation)
    if plan.codec == "hevc" and plan.muxer in ("mp4", "mov"):
        context.codec_tag = "hvc1"  # the only tag that Apple's players take
    if content == "alpha":
        stream.metadata["alpha_mode"] = "1"
    return stream


def _tag(context: Any, clip: Clip, content: Content) -> None:
    """Copy the clip's colour tags; a matte is plain BT.709 video, in limited range where YUV."""
    if content == "matte":
        full = context.pix_fmt == "gray"
        context.color_range = ColorRange.JPEG if full else ColorRange.MPEG
        context.colorspace = context.color_primaries = context.color_trc = BT709
        return
    context.color_range = clip.colour.range
    context.colorspace = clip.colour.matrix
    context.color_primaries = clip.colour.primaries
    context.color_trc = clip.colour.transfer
