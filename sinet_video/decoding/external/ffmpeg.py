"""ffmpeg filter graphs, written with ffmpeg-python, before and after the matte.

    import ffmpeg
    import sinet_video

    tape = ffmpeg.input("tape.mpg").filter("bwdif")
    frames = sinet_video.from_ffmpeg(tape)
    coarse = sinet_video.segment(frames, sinet_video.load_segmenter())
    mattes = sinet_video.refine(sinet_video.smooth(coarse))
    with sinet_video.to_ffmpeg(
        lambda video: video.filter("scale", 640, -2).output("small.webm", vcodec="libvpx-vp9"),
        content="rgba",
    ) as sink:
        for matte in mattes:
            sink.write(matte)

Either end can be replaced by this library's own. Frames pass through a pipe unchanged, with exact
times, colour tags and sample aspect ratio. Two things are lost: the duration of the last frame,
which pipes do not carry, and HDR metadata. Needs ffmpeg 5.1 or newer.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from subprocess import PIPE

import av
from ffmpeg.nodes import FilterableStream, InputNode

from sinet_video.decoding.concealment import where
from sinet_video.decoding.external.pipe import BUFFER, KEPT, StreamInfo, to_pipe
from sinet_video.decoding.external.process import Program, Stream, command_line
from sinet_video.errors import InputError, SettingError, reason
from sinet_video.media.frame import Frame
from sinet_video.media.time_range import exact

GOODBYE = 2.0
"""Seconds that ffmpeg gets to close a camera or connection when nobody reads any more."""


def from_ffmpeg(
    stream: Stream,
    *,
    pixel_format: str | None = None,
    strict: bool = True,
    cmd: str | Sequence[str] = "ffmpeg",
) -> Generator[Frame]:
    """Yield the frames of an ffmpeg-python stream in order, lazily, each with its own pts.

        camera = ffmpeg.input("rtsp://camera/1", rtsp_transport="tcp").filter("hqdn3d")
        for frame in sinet_video.from_ffmpeg(camera, strict=False):
            frame.time  # seconds, an exact fraction

    pts and time base are those after the filters: the source's own if no filter changes them.
    Samples are in ffmpeg's planar format, or converted to `pixel_format` if given; YUV of more than
    12 bits keeps them only if it is given. Frames are upright, as ffmpeg applies their orientation
    tag. The last frame gets the duration of the one before it.

    Alpha is returned as `source_alpha`, for `apply_source_alpha`, with colours assumed to be
    straight, if ffmpeg decodes it. For WebM pass vcodec="libvpx-vp9", for premultiplied sources add
    the filter unpremultiply, and choose a `pixel_format` for which libav has a variant with alpha.

    A `strict` ffmpeg stops at damage that it detects (a truncated file may go unnoticed); otherwise
    it continues as well as it can. `cmd` is the program, or a command that ends with it.

    ffmpeg starts with the first frame, and is stopped and waited for when the iterator is closed.
    Raises `SettingError` for an invalid stream or format, and `InputError`, quoting ffmpeg, if it
    cannot be started, fails, is killed or gives no frames.
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
        stream = stream["V"]  # excludes cover images
    strictly = ["-xerror"] if strict else []
    command = command_line(cmd, to_pipe(stream, pixel_format), "info", *strictly)
    return _lasting(_frames(command))


def _lasting(frames: Iterator[Frame]) -> Generator[Frame]:
    """Set each frame's duration to the time until the next one; the last repeats the one before."""
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
    told = StreamInfo()
    program = Program(command, InputError, stdout=PIPE, on_line=told.parse_line)
    frame: Frame | None = None
    try:
        for video, sample_aspect in _frames_of(program):
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
        raise InputError("ffmpeg ended well but gave no frame.")


def _frames_of(program: Program) -> Iterator[tuple[av.VideoFrame, Fraction]]:
    """Yield frames as they arrive through the pipe, and their sample aspect ratio."""
    # Guessing the frame rate would need that many frames, which a camera has not sent yet.
    options = {"fpsprobesize": "0"}
    with av.open(program.stdout, "r", "nut", options, buffer_size=BUFFER) as container:
        stream = container.streams.video[0]
        sample_aspect = exact(stream.sample_aspect_ratio) or Fraction(1)
        for video in container.decode(stream):
            yield video, sample_aspect


def _where(frame: Frame | None) -> str:
    return f" {where(None if frame is None else frame.time)}"


def _check(program: Program, frame: Frame | None) -> None:
    """Raise the error of an ffmpeg that has stopped sending."""
    if program.wait() is None:
        program.stop()
    program.check(_where(frame))


def _end(program: Program) -> None:
    program.stdout.close()
    program.terminate()
    program.wait(GOODBYE)
    program.stop()
