"""Opening files and pipes for reading, and finding the video in them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from os import fspath
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from sinet_video.atomic import translate_read_errors
from sinet_video.containers.formats import PIPE
from sinet_video.decoding.access import PATIENCE, Source, StrPath
from sinet_video.errors import InputError, reason

MOST_PIXELS = 150_000_000
"""Pixels that a picture may have: 16384 x 8192, and something more."""


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
    with translate_read_errors(file):
        if not file.exists():
            raise InputError(f"There is no file {file}.")
        if file.is_dir():
            raise InputError(f"{file} is a folder; give a video file.")
        if file.stat().st_size == 0 and file.is_file():
            raise InputError(f"{file} is empty.")
    options = source.open_options()
    try:
        return av.open(
            fspath(file.absolute()),
            options=options,
            metadata_errors="replace",
            timeout=PATIENCE if source.allow == "network" else None,
        )
    except MemoryError:
        raise
    except PermissionError as error:
        raise InputError(f"{file} may not be read: permission denied.") from error
    except (av.FFmpegError, ValueError) as error:
        source.check_list()
        raise InputError(
            f"{file} cannot be opened as a video ({reason(error)}); it is damaged, cut off or of a "
            "kind that FFmpeg does not know."
        ) from error


def open_pipe(source: Source) -> InputContainer:
    """Open standard input or another pipe for reading.

    Raises `InputError` when it is closed, a terminal or no video.
    """
    said = f"The pipe {source}"
    if source.located == PIPE:
        said, number = "Standard input", 0
        _check_stdin()
    else:
        with translate_read_errors(source.path):
            number = os.open(source.path, os.O_RDONLY)
    options = Source(PIPE).open_options() | {"protocol_whitelist": "pipe"}
    try:
        return av.open(f"pipe:{number}", options=options, metadata_errors="replace")
    except MemoryError:
        raise
    except (av.FFmpegError, ValueError) as error:
        raise InputError(
            f"{said} cannot be read as a video ({reason(error)}); pipe NUT, Matroska, yuv4mpegpipe "
            "or MPEG-TS, such as from ffmpeg -i IN -f nut -. An MP4 can be piped only if its index "
            "comes first, as ffmpeg's -movflags +faststart makes it; else give the file itself."
        ) from error


def _check_stdin() -> None:
    if sys.stdin is None:
        raise InputError("Standard input is closed; pipe a video into it, or give a file.")
    if sys.stdin.isatty():
        raise InputError("Standard input is a terminal; pipe a video into it, or give a file.")


def video_stream(container: InputContainer, path: StrPath | Source) -> VideoStream:
    """Return the video to work on: the first stream that is not a cover picture."""
    pictures = [s for s in container.streams.video if not is_cover(s)]
    if not pictures:
        kinds = " and ".join(sorted(set(map(_kind, container.streams)))) or "nothing"
        raise InputError(f"{path} has no video in it, only {kinds}.")
    stream = pictures[0]
    if stream.codec_context is None:
        raise InputError(f"{path} holds video in a codec that this FFmpeg cannot decode.")
    _check_pixels(stream, path)
    return stream


def _kind(stream: Stream) -> str:
    return "a cover picture" if is_cover(stream) else str(stream.type)


def _check_pixels(stream: VideoStream, path: object) -> None:
    context = stream.codec_context
    if context.width * context.height > MOST_PIXELS:
        raise InputError(
            f"{path} has pictures of {context.width}x{context.height}; they may have "
            f"{MOST_PIXELS // 10**6} million pixels at most, as each takes gigabytes of memory."
        )


def is_cover(stream: Stream) -> bool:
    """Whether a stream is a picture that stands for the file, not what it shows."""
    return bool(stream.disposition & av.stream.Disposition.attached_pic)
