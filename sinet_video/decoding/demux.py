"""Opening files and pipes for reading, and finding the video in them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from os import fspath
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.video.stream import VideoStream

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


@contextmanager
def opened(source: StrPath | Source) -> Iterator[InputContainer]:
    """Open a file for reading, and nothing else unless the source allows it.

    Raises `InputError`, one clear sentence, when that cannot be.
    """
    source = Source.of(source)
    source.check_host()
    with _opened_url(source) if source.is_url else _opened_file(source) as one:
        if source.file_id is not None:
            check_same(source.located, file_id(source.located), source.file_id)
        yield one


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
    if not file.exists():
        raise InputError(f"There is no file {file}.")
    if file.is_dir():
        raise InputError(f"{file} is a folder; give a video file.")
    if file.stat().st_size == 0:
        raise InputError(f"{file} is empty.")
    options = source.open_options()
    try:
        return _open(
            fspath(file.absolute()), options, PATIENCE if source.allow == "network" else None
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
    if sys.stdin is None or sys.stdin.isatty():
        raise InputError("Standard input is a terminal; pipe a video into it, or give a file.")
    options = Source(PIPE).open_options() | {"protocol_whitelist": "pipe"}
    try:
        return _open("pipe:0", options)
    except (av.FFmpegError, ValueError) as error:
        raise InputError(
            f"Standard input cannot be read as a video ({reason(error)}); pipe NUT, Matroska, "
            "yuv4mpegpipe or MPEG-TS into it, such as from ffmpeg -i IN -f nut -."
        ) from error


def video_stream(container: InputContainer, source: StrPath | Source) -> VideoStream:
    """Return the video to work on: the one that the source chooses, or the best that is no cover.

    That is one with more than a picture, which the file says is the default, with the most
    pictures, or else libav's own choice.
    """
    path, index = str(source), Source.of(source).stream
    pictures = [s for s in container.streams.video if not is_cover(s)]
    if not pictures:
        kinds = " and ".join(sorted({s.type for s in container.streams})) or "nothing"
        raise InputError(f"{path} has no video in it, only {kinds}.")
    stream = _best(container, pictures) if index is None else _indexed(pictures, path, index)
    if stream.codec_context is None:
        raise InputError(f"{path} holds video in a codec that this FFmpeg cannot decode.")
    return stream


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


def is_cover(stream: VideoStream) -> bool:
    """Whether a stream is a picture that stands for the file, not what it shows."""
    return bool(stream.disposition & av.stream.Disposition.attached_pic)
