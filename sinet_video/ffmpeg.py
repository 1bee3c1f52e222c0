"""Filter graphs of the program ffmpeg before and after the matte, as ffmpeg-python writes them.

    import ffmpeg
    import sinet_video

    tape = ffmpeg.input("tape.mpg").filter("bwdif")
    frames = sinet_video.from_ffmpeg(tape)
    coarse = sinet_video.segment(frames, sinet_video.load_segmenter())
    mattes = sinet_video.refine(sinet_video.smooth(coarse))
    with sinet_video.to_ffmpeg(
        lambda video: video.filter("scale", 640, -2).output("small.webm", vcodec="libvpx-vp9"),
        content="alpha",
    ) as sink:
        for matte in mattes:
            sink.write(matte)

Either end can be one of this library's instead. Pictures go through a pipe as they are, with their
exact times, colour tags and pixel shape; lost are the last one's duration, which no pipe tells, and
what HDR pictures say of the screen that they were graded on. Needs ffmpeg 5.1 or newer.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from subprocess import PIPE
from typing import Any

import av
import ffmpeg
from av.container import OutputContainer
from ffmpeg.nodes import FilterableStream, InputNode

from sinet_video.clip import RATE_IF_UNKNOWN
from sinet_video.codecs import Content
from sinet_video.errors import InputError, OutputError, SettingError, reason
from sinet_video.frame import Frame, Matte
from sinet_video.nut import (
    BUFFER,
    KEPT,
    PIPED,
    Stream,
    Told,
    finer,
    from_pipe,
    late,
    raw_format,
    to_pipe,
)
from sinet_video.pictures import picture
from sinet_video.planning import Plan
from sinet_video.program import Program
from sinet_video.sink import Sink
from sinet_video.staging import Staged

GOODBYE = 2.0
"""Seconds in which ffmpeg may close a camera or a connection when nobody reads on."""


def from_ffmpeg(
    stream: Stream,
    *,
    pixel_format: str | None = None,
    strict: bool = True,
    cmd: str | Sequence[str] = "ffmpeg",
) -> Generator[Frame]:
    """Yield the pictures of an ffmpeg-python stream in order, lazily, each with its own pts.

        camera = ffmpeg.input("rtsp://camera/1", rtsp_transport="tcp").filter("hqdn3d")
        for frame in sinet_video.from_ffmpeg(camera, strict=False):
            frame.time  # seconds, an exact fraction

    pts and time base are those behind the filters: the source's own where no filter changes them.
    Samples are ffmpeg's, in its planar format or, if given, converted to `pixel_format`; of more
    than 12 bits YUV keeps them only so. Alpha comes along as `source_alpha`, for `inherit`, where
    ffmpeg decodes it, its colours being taken for straight: of WebM only with vcodec="libvpx-vp9",
    of premultiplied ones behind the filter unpremultiply, and in a `pixel_format` only if libav has
    one with alpha like it.
    Pictures are upright, as ffmpeg turns them by their tag. The last one's duration is that of the
    one before it. A `strict` ffmpeg stops at damage, as far as it sees that (the end of a file that
    is cut off it may not); otherwise it goes on as it can. `cmd` is the program, or a command that
    ends in it.

    ffmpeg runs from the first picture on, and is ended and waited for when the iterator is closed.
    Raises `SettingError` for what is no stream or no format, and `InputError`, which quotes ffmpeg,
    when it cannot be started, fails, is killed or gives no picture.
    """
    if not isinstance(stream, FilterableStream):
        raise SettingError(
            f"The stream is {type(stream).__name__}; it must be an input or a filter of "
            "ffmpeg-python, without an output."
        )
    if pixel_format not in (None, *KEPT):
        raise SettingError(
            f"Pixel format is {pixel_format!r}; it must be one of {', '.join(KEPT)}."
        )
    if isinstance(stream.node, InputNode) and stream.selector is None:
        stream = stream["V"]  # which is no cover picture
    strictly = ["-xerror"] if strict else []
    command = _command(cmd, to_pipe(stream, pixel_format), "info", *strictly)
    return _lasting(_frames(command))


def _command(cmd: str | Sequence[str], outputs: Stream, level: str, *more: str) -> list[str]:
    """Return a command line, in which the caller's own options come last and so have their way."""
    program = [cmd] if isinstance(cmd, str) else list(cmd)
    # Without -copyts ffmpeg would move each input to begin at 0.
    options = ["-hide_banner", "-nostdin", "-nostats", "-loglevel", f"level+{level}", "-copyts"]
    return [*program, *options, *more, *map(str, ffmpeg.get_args(outputs))]


def _lasting(frames: Iterator[Frame]) -> Generator[Frame]:
    """Give each frame the duration until the next one, and the last that of the one before."""
    before: Frame | None = None
    duration = 0
    for frame in frames:
        if before is not None:
            duration = max(0, frame.pts - before.pts)
            yield replace(before, duration=duration)
        before = frame
    if before is not None:
        yield replace(before, duration=duration)


def _frames(command: list[str]) -> Iterator[Frame]:
    told = Told()
    program = Program(command, InputError, stdout=PIPE, hear=told.hear)
    frame: Frame | None = None
    try:
        for video, sample_aspect in _pictures(program):
            frame = told.frame(video, sample_aspect)
            yield frame
        _check(program, frame)
    except av.FFmpegError as error:
        _check(program, frame)
        if frame is not None:
            raise InputError(
                f"What ffmpeg sends cannot be read{_where(frame)}: {reason(error)}."
            ) from error
    finally:
        _end(program)
    if frame is None:
        raise InputError("ffmpeg ended well but gave no picture.")


def _pictures(program: Program) -> Iterator[tuple[av.VideoFrame, Fraction]]:
    """Yield pictures as they come out of the pipe, and the shape of their pixels."""
    # Guessing the rate of frames would take as many of them, which a camera has not got yet.
    options = {"fpsprobesize": "0"}
    with av.open(program.stdout, "r", "nut", options, buffer_size=BUFFER) as container:
        stream = container.streams.video[0]
        sample_aspect = Fraction(stream.sample_aspect_ratio or 1) or Fraction(1)
        for video in container.decode(stream):
            yield video, sample_aspect


def _where(frame: Frame | None) -> str:
    return " before its first picture" if frame is None else f" after {float(frame.time):.3f} s"


def _check(program: Program, frame: Frame | None) -> None:
    """Raise what went wrong with an ffmpeg that sends no more."""
    if program.wait() is None:
        program.stop()
    program.check(_where(frame))


def _end(program: Program) -> None:
    program.stdout.close()
    program.terminate()
    program.wait(GOODBYE)
    program.stop()


def to_ffmpeg(
    outputs: Callable[[Stream], Stream],
    *,
    content: Content = "opaque",
    cmd: str | Sequence[str] = "ffmpeg",
) -> Sink:
    """Return a sink for what ffmpeg makes of the pictures, of which `outputs` gets the stream.

        def live(video):
            sound = ffmpeg.input("talk.mp4").audio
            return ffmpeg.output(video, sound, "rtmp://host/live", format="flv", vcodec="libx264")

        with sinet_video.to_ffmpeg(live) as sink:
            for matte in mattes:
                sink.write(matte)

    With `content` "opaque" the stream has the frames' own planar YUV format, with "alpha" also a
    plane of straight alpha, and with "matte" it is full-range gray. It has the frames' colour tags
    and pixel shape, is upright, and has exact times, which an output keeps as far as its container
    can, unless it says otherwise by r, fps_mode or enc_time_base.

    Each output that is a local file is written in a hidden folder beside it, with all that ffmpeg
    puts there, and gets its name when ffmpeg has ended well. Pipes, devices, tees and URLs such as
    rtmp:// are left to ffmpeg, and keep what was sent when something fails. An ffmpeg that ends
    well before the last picture, as with t=10, has had enough, and is sent no more.

    ffmpeg runs from the first matte on; until then `plan` is not known. Raises `OutputError`, which
    quotes ffmpeg, when it cannot be started, fails or is killed, or when a file is there already
    and the outputs do not say overwrite_output(), and `SettingError` when `outputs` returns none.
    """
    return _FfmpegSink(outputs, content, cmd)


class _FfmpegSink(Sink):
    def __init__(
        self, outputs: Callable[[Stream], Stream], content: Content, cmd: str | Sequence[str]
    ) -> None:
        self.content, self.warnings = content, []
        self._outputs, self._cmd = outputs, cmd
        self._staged: Staged | None = None
        self._feed: _Feed | None = None

    def write(self, matte: Matte) -> None:
        """As `Sink` says."""
        if self._feed is None:
            self._feed = self._started(matte.frame)
        self._feed.send(picture(matte, self.content, self.plan), matte.frame)

    def _started(self, frame: Frame) -> _Feed:
        pixel_format = raw_format(self.content, frame.video.format.name)
        self.plan = Plan("nut", {}, "rawvideo", "rawvideo", pixel_format, {})
        units = finer(frame.time_base)
        exact = {
            "fps_mode:v": "passthrough",
            "enc_time_base:v": f"{units.numerator}:{units.denominator}",
        }
        self._staged = Staged.of(self._outputs(from_pipe(frame, self.content)), exact)
        if PIPED not in ffmpeg.get_args(self._staged.outputs):
            raise SettingError("The outputs do not use the stream that they are given.")
        self._staged.prepare()
        return _Feed(_command(self._cmd, self._staged.outputs, "warning"), frame, pixel_format)

    def _finish(self) -> None:
        if self._feed is None or self._staged is None:
            raise OutputError("No picture came, so ffmpeg was not started.")
        self._feed.finish()
        self._staged.publish()

    def _abandon(self) -> None:
        if self._feed is not None:
            self._feed.stop()
        if self._staged is not None:
            self._staged.discard()


class _Feed:
    """An ffmpeg that is sent pictures such as a first one."""

    def __init__(self, command: list[str], first: Frame, pixel_format: str) -> None:
        self._time_base, self._late = first.time_base, late(first.time_base)
        self._where, self._enough = "", False
        self._program = Program(command, OutputError, stdin=PIPE)
        self._container: OutputContainer = av.open(
            self._program.stdin,
            "w",
            format="nut",
            options={"flush_packets": "1"},
            buffer_size=BUFFER,
        )
        self._stream: Any = self._container.add_stream("rawvideo", rate=RATE_IF_UNKNOWN)
        context = self._stream.codec_context
        context.width, context.height, context.pix_fmt = first.width, first.height, pixel_format
        self._stream.time_base = context.time_base = first.time_base

    def send(self, video: av.VideoFrame, frame: Frame) -> None:
        """Send a frame's picture. Raises `OutputError` when ffmpeg has failed."""
        self._where = f" when pictures up to {float(frame.time):.3f} s were sent"
        video.pts = round(frame.time / self._time_base) + self._late
        video.time_base = self._time_base
        self._encode(video)

    def _encode(self, video: av.VideoFrame | None) -> None:
        if self._enough:
            return
        try:
            self._container.mux(self._stream.encode(video))
            if video is None:
                self._container.close()
                self._program.stdin.close()
        except BrokenPipeError:
            # An ffmpeg that goes on, or ended well, has had all the pictures that it wants.
            if self._program.wait():
                self._program.check(self._where)
            self._enough = True
        except (av.FFmpegError, OSError) as error:
            raise OutputError(
                f"ffmpeg cannot be sent a picture{self._where}: {reason(error)}."
            ) from error

    def finish(self) -> None:
        """Wait until ffmpeg has made its outputs of all pictures."""
        self._encode(None)
        self._program.check(self._where)
        self.stop()

    def stop(self) -> None:
        """End ffmpeg, whatever it is at."""
        self._program.stop()
        for close in (self._container.close, self._program.stdin.close):
            try:
                close()
            except (av.FFmpegError, OSError, ValueError):
                pass  # The pipe is broken: there is nobody at its other end any more.
