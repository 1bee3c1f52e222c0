"""Opening files and pipes for reading, and finding their video stream."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from os import fspath
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from sinet_video.atomic import translate_read_errors
from sinet_video.containers.formats import PIPE
from sinet_video.decoding.access import PATIENCE, Source, StrPath, check_same, file_id
from sinet_video.errors import InputError, SettingError, reason

LENIENT: dict[str, Any] = (
    {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}
)
"""What makes PyAV read names that are not UTF-8; 19 does of itself."""


def _open(name: str, options: dict[str, str], timeout: float | None = None) -> InputContainer:
    container: InputContainer = av.open(name, options=options, timeout=timeout, **LENIENT)
    return container


MOST_PIXELS = 150_000_000
"""Pixels that a frame may have: 16384 x 8192, and something more."""


@contextmanager
def opened(source: StrPath | Source) -> Iterator[InputContainer]:
    """Open a file for reading, and nothing else unless the source allows it.

    Raises `InputError`, with one clear sentence, if it cannot be opened.
    """
    source = Source.of(source)
    if source.is_given:
        with _opened_data(source) as one:
            yield one
        return
    source.check_host()
    with _opened_url(source) if source.is_url else _opened_file(source) as one:
        if source.file_id is not None:
            check_same(source.located, file_id(source.located), source.file_id)
        yield one


def _opened_data(source: Source) -> InputContainer:
    try:
        found: InputContainer = source.data.open(source.open_options())
    except (av.FFmpegError, ValueError) as error:
        raise InputError(
            f"{source} cannot be opened as a video ({reason(error)}); it is damaged, cut off or of "
            "a kind that FFmpeg does not know."
        ) from error
    return found


def _opened_url(url: Source) -> InputContainer:
    options = url.open_options()
    try:
        return _open(str(url), options, PATIENCE)
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
        return _open(
            fspath(file.absolute()), options, PATIENCE if source.allow == "network" else None
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
    if source.is_given:
        return _opened_data(source)
    said = f"The pipe {source}"
    if source.located == PIPE:
        said, number = "Standard input", 0
        _check_stdin()
    else:
        with translate_read_errors(source.path):
            number = os.open(source.path, os.O_RDONLY)
    options = Source(PIPE).open_options() | {"protocol_whitelist": "pipe"}
    try:
        return _open(f"pipe:{number}", options)
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


def video_stream(container: InputContainer, source: StrPath | Source) -> VideoStream:
    """Return the video to work on: the one that the source chooses, or the best that is no cover.

    That is one with more than a frame, which the file says is the default, with the most
    frames, or else libav's own choice.
    """
    path, index = str(source), Source.of(source).stream
    videos = [s for s in container.streams.video if not is_cover(s)]
    if not videos:
        kinds = " and ".join(sorted(set(map(_kind, container.streams)))) or "nothing"
        raise InputError(f"{path} has no video in it, only {kinds}.")
    stream = _best(container, videos) if index is None else _indexed(videos, path, index)
    if stream.codec_context is None:
        raise InputError(f"{path} holds video in a codec that this FFmpeg cannot decode.")
    _check_pixels(stream, path)
    return stream


def _kind(stream: Stream) -> str:
    return "cover art" if is_cover(stream) else str(stream.type)


def _check_pixels(stream: VideoStream, path: object) -> None:
    context = stream.codec_context
    if context.width * context.height > MOST_PIXELS:
        raise InputError(
            f"{path} has frames of {context.width}x{context.height}; they may have "
            f"{MOST_PIXELS // 10**6} million pixels at most, as each takes gigabytes of memory."
        )


def _best(container: InputContainer, streams: list[VideoStream]) -> VideoStream:
    favourite = container.streams.best("video")

    def rank(stream: VideoStream) -> tuple[bool, bool, bool, int, bool]:
        default = bool(stream.disposition & av.stream.Disposition.default)
        known, count = stream.codec_context is not None, stream.frames
        return known, count != 1, default, count, stream == favourite

    return max(streams, key=rank)


def _indexed(streams: list[VideoStream], path: str, index: int) -> VideoStream:
    found = next((stream for stream in streams if stream.index == index), None)
    if found is None:
        there = " and ".join(str(stream.index) for stream in streams)
        raise SettingError(f"{path} has no video in stream {index}; there is video in {there}.")
    return found


def is_cover(stream: Stream) -> bool:
    """Whether a stream is a cover image of the file."""
    return bool(stream.disposition & av.stream.Disposition.attached_pic)
