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

from sinet_video.containers.formats import PIPE
from sinet_video.decoding.access import PATIENCE, Source, StrPath
from sinet_video.errors import InputError, reason


@contextmanager
def opened(source: StrPath | Source) -> Iterator[InputContainer]:
    """Open a file for reading, and nothing else unless the source allows it.

    Raises `InputError`, one clear sentence, when that cannot be.
    """
    source = Source.of(source)
    source.check_host()
    with _opened_url(source) if source.is_url else _opened_file(source) as one:
        yield one


def _opened_url(url: Source) -> InputContainer:
    options = url.open_options()
    try:
        return av.open(str(url), options=options, metadata_errors="replace", timeout=PATIENCE)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise InputError(
            f"{url} cannot be opened as a video ({reason(error)}); see whether it plays elsewhere."
        ) from error


def _opened_file(source: Source) -> InputContainer:
    file = Path(source.path)
    if not file.exists():
        raise InputError(f"There is no file {file}.")
    if file.is_dir():
        raise InputError(f"{file} is a folder; give a video file.")
    if file.stat().st_size == 0:
        raise InputError(f"{file} is empty.")
    options = source.open_options()
    try:
        return av.open(
            fspath(file.absolute()),
            options=options,
            metadata_errors="replace",
            timeout=PATIENCE if source.allow == "network" else None,
        )
    except PermissionError as error:
        raise InputError(f"{file} may not be read: permission denied.") from error
    except (av.FFmpegError, ValueError) as error:
        source.check_list()
        raise InputError(
            f"{file} cannot be opened as a video ({reason(error)}); it is damaged, cut off or of a "
            "kind that FFmpeg does not know."
        ) from error


def open_pipe() -> InputContainer:
    """Open standard input for reading; `InputError` when it is a terminal or no video."""
    if sys.stdin is None:
        raise InputError("Standard input is closed; pipe a video into it, or give a file.")
    if sys.stdin.isatty():
        raise InputError("Standard input is a terminal; pipe a video into it, or give a file.")
    options = Source(PIPE).open_options() | {"protocol_whitelist": "pipe"}
    try:
        return av.open("pipe:0", options=options, metadata_errors="replace")
    except (av.FFmpegError, ValueError) as error:
        raise InputError(
            f"Standard input cannot be read as a video ({reason(error)}); pipe NUT, Matroska, "
            "yuv4mpegpipe or MPEG-TS into it, such as from ffmpeg -i IN -f nut -."
        ) from error


def video_stream(container: InputContainer, path: StrPath | Source) -> VideoStream:
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
