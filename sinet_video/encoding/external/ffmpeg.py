"""A sink that runs ffmpeg."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from subprocess import PIPE
from typing import Any

import av
import ffmpeg
from av.container import OutputContainer

from sinet_video.containers.codecs import Content
from sinet_video.decoding.external.pipe import BUFFER
from sinet_video.decoding.external.process import Program, Stream, command_line
from sinet_video.encoding.encoder_input import rendered_frame
from sinet_video.encoding.external.outputs import Staged
from sinet_video.encoding.external.pipe import PIPED, finer, from_pipe, late, raw_format
from sinet_video.encoding.plan import Plan
from sinet_video.encoding.sink import Sink
from sinet_video.errors import OutputError, SettingError, reason
from sinet_video.media.frame import Frame, Matte
from sinet_video.media.time_range import RATE_IF_UNKNOWN
from sinet_video.publish import Publication


def to_ffmpeg(
    outputs: Callable[[Stream], Stream],
    *,
    content: Content = "rgb",
    cmd: str | Sequence[str] = "ffmpeg",
) -> Sink:
    """Return a sink that pipes frames into ffmpeg; `outputs` gets the stream and returns outputs.

        def live(video):
            audio = ffmpeg.input("talk.mp4").audio
            return ffmpeg.output(video, audio, "rtmp://host/live", format="flv", vcodec="libx264")

        with sinet_video.to_ffmpeg(live) as sink:
            for matte in mattes:
                sink.write(matte)

    With `content` "rgb" the stream has the frames' own planar format, with "rgba" also a plane of
    straight alpha, and with "alpha" it is full-range gray. It has the frames' colour tags and
    sample aspect ratio, is upright, and has exact times. An output keeps these as far as its
    container can, unless it sets r, fps_mode or enc_time_base.

    Each output that is a local file is written to a hidden folder beside it, with everything that
    ffmpeg puts there, and is renamed when ffmpeg has succeeded. Pipes, devices, tees and URLs such
    as rtmp:// are left to ffmpeg, and keep what was sent if something fails. If ffmpeg exits
    successfully before the last frame, as with t=10, the remaining frames are not sent.

    ffmpeg starts with the first matte; until then `plan` is unknown. Raises `OutputError`, quoting
    ffmpeg, if it cannot be started, fails or is killed, or if a file exists and the outputs do not
    set overwrite_output(), and `SettingError` if `outputs` returns no output.
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
        """Send the next frame; see `Sink.write`."""
        if self._feed is None:
            self._feed = self._started(matte.frame)
        self._feed.send(rendered_frame(matte, self.content, self.plan), matte.frame)

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
        self._begun_by = os.getpid()
        self._staged.prepare()
        return _Feed(command_line(self._cmd, self._staged.outputs, "warning"), frame, pixel_format)

    def finish(self) -> None:
        """As `Sink` says."""
        if self._feed is None or self._staged is None:
            raise OutputError("No frame came, so ffmpeg was not started.")
        self._feed.finish()

    def _publish(self, publication: Publication) -> None:
        if self._staged is not None:
            self._staged.publish(publication)
            self._staged.discard()

    def _abandon(self) -> None:
        if self._feed is not None:
            self._feed.stop()
        if self._staged is not None:
            self._staged.discard()


class _Feed:
    """An ffmpeg process that is sent frames like a first one."""

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
        """Send a video frame. Raises `OutputError` if ffmpeg has failed."""
        self._where = f" when frames up to {float(frame.time):.3f} s were sent"
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
            # An ffmpeg that is still running, or has succeeded, has all the frames it wants.
            if self._program.wait():
                self._program.check(self._where)
            self._enough = True
        except (av.FFmpegError, OSError) as error:
            raise OutputError(
                f"ffmpeg cannot be sent a frame{self._where}: {reason(error)}."
            ) from error

    def finish(self) -> None:
        """Wait until ffmpeg has written its outputs."""
        self._encode(None)
        self._program.check(self._where)
        self.stop()

    def stop(self) -> None:
        """Stop ffmpeg, whatever it is doing."""
        self._program.stop()
        for close in (self._container.close, self._program.stdin.close):
            try:
                close()
            except (av.FFmpegError, OSError, ValueError):
                pass  # The pipe is broken, as its reader is gone.
