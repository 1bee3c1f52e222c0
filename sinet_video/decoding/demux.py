"""Opening files and pipes for reading, and finding their video stream."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from os import fspath
from pathlib import Path
from typing import Any

import av
from av.codec.context import Flags as CodecFlags
from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from sinet_video.atomic import translate_read_errors
from sinet_video.containers.demuxers import demuxer_of
from sinet_video.containers.formats import PIPE
from sinet_video.containers.heif import is_put_together
from sinet_video.containers.pipe_input import readable
from sinet_video.decoding.access import PATIENCE, Source, StrPath, check_same, file_id
from sinet_video.decoding.concealment import no_memory_for
from sinet_video.decoding.given import Opened, open_file
from sinet_video.errors import InputError, SettingError, reason

LENIENT: dict[str, Any] = (
    {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}
)
"""What makes PyAV read names that are not UTF-8; 19 does of itself."""


def _open(file: str, options: dict[str, str], timeout: float | None = None) -> InputContainer:
    container: InputContainer = av.open(file, options=options, timeout=timeout, **LENIENT)
    return container


MOST_PIXELS = 150_000_000
"""Pixels that a frame may have: 16384 x 8192, and something more."""


@contextmanager
def opened(
    source: StrPath | Source, options: Mapping[str, str] = {}, *, patience: float = PATIENCE
) -> Iterator[InputContainer]:
    """Open a file for reading, and nothing else unless the source allows it.

    `options` are more of libav's for a URL, whose host may be silent for `patience` seconds. Raises
    `InputError`, with one clear sentence, if it cannot be opened.
    """
    source = Source.of(source)
    if source.is_given:
        with whole(*_opened_data(source)) as one:
            yield one
        return
    source.check_host()
    url = source.is_url
    with _opened_url(source, options, patience) if url else _opened_file(source) as one:
        if source.file_id is not None:
            check_same(source.located, file_id(source.located), source.file_id)
        if not url and demuxer_of(one.format.name).boxes and is_put_together(Path(source.path)):
            raise InputError(
                f"{source} is an image in tiles, as phones write HEIC, which are not put together "
                "here; save it as JPEG, PNG or TIFF."
            )
        yield one


@contextmanager
def whole(container: InputContainer, check: Callable[[], None]) -> Iterator[InputContainer]:
    """Close a container at the end of a block, and raise what its file raised in it."""
    with container:
        try:
            yield container
        finally:
            check()


def _opened_data(source: Source) -> Opened:
    def refuse(error: Exception) -> InputError:
        return InputError(
            f"{source} cannot be opened as a video ({reason(error)}); it is damaged, cut off or of "
            "a kind that FFmpeg does not know."
        )

    found: Opened = source.data.open(source.open_options(), refuse)
    return found


def _opened_url(url: Source, more: Mapping[str, str], patience: float) -> InputContainer:
    options = {**url.open_options(), **more}
    try:
        return _open(str(url), options, patience)
    except MemoryError as error:
        raise no_memory_for(url) from error
    except av.ProtocolNotFoundError as error:
        raise InputError(
            f"{url} is at a place that FFmpeg does not read from; copy it to this machine first."
        ) from error
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
    except MemoryError as error:
        raise no_memory_for(file) from error
    except PermissionError as error:
        raise InputError(f"{file} may not be read: permission denied.") from error
    except (av.FFmpegError, ValueError) as error:
        source.check_list()
        raise InputError(
            f"{file} cannot be opened as a video ({reason(error)}); it is damaged, cut off or of a "
            "kind that FFmpeg does not know."
        ) from error


def open_pipe(source: Source) -> Opened:
    """Open standard input or another pipe for reading; see `given.Opened`.

    An MP4 whose index is at its end is buffered in a temporary file. Raises `InputError` when the
    pipe is closed, a terminal or no video.
    """
    if source.is_given:
        return _opened_data(source)
    said = "Standard input" if source.located == PIPE else f"The pipe {source}"
    if source.located == PIPE:
        _check_stdin()
    name = 0 if source.located == PIPE else source.path
    with translate_read_errors(said):
        # It stays open as long as it is read, which a container sees to.
        pipe = open(name, "rb", buffering=0, closefd=name != 0)  # noqa: SIM115
        file = readable(pipe, said)
    options = Source(PIPE).open_options() | {"protocol_whitelist": "pipe"}

    def refuse(error: Exception) -> InputError:
        return InputError(
            f"{said} cannot be read as a video ({reason(error)}); pipe NUT, Matroska, "
            "yuv4mpegpipe, MP4 or MPEG-TS, such as from ffmpeg -i IN -f nut -, or give the file "
            "itself."
        )

    try:
        return open_file(file, options, refuse, **LENIENT)
    except MemoryError as error:
        raise no_memory_for(said) from error


def _check_stdin() -> None:
    if sys.stdin is None:
        raise InputError("Standard input is closed; pipe a video into it, or give a file.")
    if sys.stdin.isatty():
        raise InputError("Standard input is a terminal; pipe a video into it, or give a file.")


def video_stream(container: InputContainer, source: StrPath | Source) -> VideoStream:
    """Return the video to work on: the one that the source chooses, or the best that is no cover.

    That is one with more than a frame, which the file says is the default, with the most
    frames, or else libav's own choice.

    Raises `InputError` if there is no such video.
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
    # Otherwise a picture that is cropped on its left keeps some of what is cropped there.
    stream.codec_context.flags |= CodecFlags.unaligned
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


def covers(container: InputContainer) -> list[VideoStream]:
    """Return the cover images of a file."""
    return [stream for stream in container.streams.video if is_cover(stream)]


def is_cover(stream: Stream) -> bool:
    """Whether a stream is a cover image of the file."""
    return bool(stream.disposition & av.stream.Disposition.attached_pic)
