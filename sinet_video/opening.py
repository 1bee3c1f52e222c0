"""Opening files and pipes for reading, and finding the video in them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from os import fspath
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from sinet_video.errors import InputError, reason

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


def open_pipe() -> InputContainer:
    """Open standard input for reading; `InputError` when it is a terminal or no video."""
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
