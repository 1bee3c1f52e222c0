"""What can be read besides files: bytes, file objects, open containers, and arrays."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Set, Sized
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
from av.container import InputContainer

from sinet_video.containers.reader import Reader
from sinet_video.decoding.access import Allow, Source, StrPath
from sinet_video.decoding.sequence import NANOSECOND
from sinet_video.decoding.stills import HEAD, still_codec
from sinet_video.errors import InputError, SettingError
from sinet_video.media.convert import checked_image
from sinet_video.media.time_range import Rate, exact_rate, exact_seconds

if TYPE_CHECKING:
    from sinet_video.decoding.concealment import OnError, Tally

FORMATS = {3: "rgb24", 4: "rgba"}
"""libav's formats of images in memory, by their number of channels."""

Readable = Source | StrPath | bytes | io.IOBase | InputContainer | Iterable[Any]
"""What is read as a clip: a path or URL, a file's bytes, an open binary file, a container that
PyAV has opened, or RGB images, (H, W, 3) or (H, W, 4) uint8, with a rate or times.
"""


def as_source(
    given: Readable,
    allow: Allow = "nothing",
    *,
    rate: Rate | None = None,
    times: Iterable[Fraction | float] | None = None,
) -> Source:
    """Return what is given as a source; `rate` and `times`, in seconds, are those of images.

    Raises `SettingError` for something that cannot be read.
    """
    exact = None if rate is None else exact_rate(rate)
    if isinstance(given, Source):
        return given if exact is None else replace(given, rate=exact)
    if isinstance(given, bytes | bytearray | memoryview):
        return Source("The data", allow, rate=exact, data=FileBytes(bytes(given)))
    if isinstance(given, InputContainer):
        return Source(str(given.name), allow, data=OpenContainer(given))
    if hasattr(given, "read"):
        return _of_file(given, allow)
    if isinstance(given, list | tuple) and given and isinstance(given[0], str | Path):
        raise SettingError("What is to be read is a list of names; give one. batch() takes a list.")
    if isinstance(given, Mapping | Set):
        raise SettingError(
            f"What is to be read is of the type {type(given).__name__}; give a path or a URL."
        )
    if isinstance(given, Iterable) and not isinstance(given, str):
        return Source("The input", allow, data=ArrayFrames(given, exact, times))
    return Source(given, allow, rate=exact)  # which says so where it is no path


def _of_file(file: Any, allow: Allow) -> Source:
    name = getattr(file, "name", None)
    said = name if isinstance(name, str) else "The file object"
    if isinstance(file, io.TextIOBase):
        raise SettingError(f"{said} is open as text; open it in binary mode ('rb').")
    seekable = hasattr(file, "seek") and getattr(file, "seekable", lambda: True)()
    return Source(said, allow, data=SharedFile(file) if seekable else OnceFile(file))


Opened = tuple[InputContainer, Callable[[], None]]
"""An open container, and what raises, once it has been read, what its file raised meanwhile."""


Refuse = Callable[[Exception], InputError]
"""Returns what to say of a file that libav or PyAV does not open."""


def open_file(file: Any, options: dict[str, str], refuse: Refuse, **more: Any) -> Opened:
    """Open a binary file for reading; `more` is for PyAV. Raises what the file does."""
    reader = Reader(file)
    try:
        container: InputContainer = av.open(reader, "r", options=options, **more)
    except (av.FFmpegError, ValueError) as error:
        reader.check()
        raise refuse(error) from error
    return container, reader.check


@dataclass(frozen=True)
class FileBytes:
    """The bytes of a file."""

    data: bytes

    def open(self, options: dict[str, str], refuse: Refuse) -> Opened:
        """Open them for reading."""
        return open_file(io.BytesIO(self.data), options, refuse)

    def read_all(self) -> bytes:
        """Return them."""
        return self.data

    @property
    def is_still(self) -> bool:
        """Whether they are a still image."""
        return still_codec(self.data[:HEAD]) is not None


class SharedFile:
    """A binary file that can seek, read from several places at a time."""

    def __init__(self, file: Any) -> None:
        self._file, self._lock = file, threading.Lock()

    def open(self, options: dict[str, str], refuse: Refuse) -> Opened:
        """Open it for reading from its start."""
        return open_file(_View(self._file, self._lock), options, refuse)

    def read_all(self) -> bytes:
        """Return its bytes."""
        with self._lock:
            self._file.seek(0)
            found: bytes = self._file.read()
            return found

    @property
    def is_still(self) -> bool:
        """Whether it is a still image."""
        with self._lock:
            self._file.seek(0)
            return still_codec(self._file.read(HEAD)) is not None


class _View(io.RawIOBase):
    """A file as if it was opened once more: with a place of its own."""

    def __init__(self, file: Any, lock: threading.Lock) -> None:
        self._file, self._lock, self._place = file, lock, 0

    def read(self, size: int | None = -1) -> bytes:
        """Read from this view's place."""
        with self._lock:
            self._file.seek(self._place)
            found: bytes = self._file.read(-1 if size is None else size)
        self._place += len(found)
        return found

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move this view's place."""
        if whence == io.SEEK_END:
            with self._lock:
                offset = self._file.seek(offset, whence)
        self._place = self._place + offset if whence == io.SEEK_CUR else offset
        return self._place

    def tell(self) -> int:
        """Return this view's place."""
        return self._place

    def seekable(self) -> bool:
        """It is."""
        return True

    def readable(self) -> bool:
        """It is."""
        return True


@dataclass(frozen=True)
class OnceFile:
    """A binary file that can be read once, as a socket's."""

    file: Any
    once = True

    def open(self, options: dict[str, str], refuse: Refuse) -> Opened:
        """Open it for reading."""
        return open_file(_Forward(self.file), options, refuse)


class _Forward:
    """A file with nothing but reading, so that libav does not try to seek in it."""

    def __init__(self, file: Any) -> None:
        self.read = file.read


@dataclass(frozen=True)
class OpenContainer:
    """A container that the caller has opened, and closes."""

    container: InputContainer
    once = True

    def open(self, options: dict[str, str], refuse: Refuse) -> Opened:
        """Return it."""
        return self.container, lambda: None


class ArrayFrames:
    """Images in memory, one after the other, read once; see `sequence.Images`."""

    once = True
    first: int | None = None
    file: Path | None = None
    assumed = False

    def __init__(
        self,
        arrays: Iterable[Any],
        rate: Fraction | None,
        times: Iterable[Fraction | float] | None,
    ) -> None:
        if (rate is None) == (times is None):
            raise SettingError(
                "Arrays have no times: give their rate, in frames per second, or the times of all, "
                "in seconds."
            )
        self.rate, self.time_base = rate, NANOSECOND if rate is None else 1 / rate
        self.count = len(arrays) if isinstance(arrays, Sized) else None
        self._pts: Iterator[int] = count()
        if times is not None:
            self._pts = (round(exact_seconds("the time", each) / NANOSECOND) for each in times)
        self._videos = self._made(iter(arrays))
        self._head: av.VideoFrame | None = None

    def head(self) -> av.VideoFrame:
        """Return the first image; `videos` still yields it.

        Raises `InputError` if there is none.
        """
        self._head = self._head or next(self._videos, None)
        if self._head is None:
            raise InputError("There are no arrays, so there is nothing to do.")
        return self._head

    def videos(
        self, since: int, name: object, on_error: OnError, tally: Tally
    ) -> Iterator[av.VideoFrame]:
        """Yield the images; see `sequence.Images`. Raises `InputError` the second time."""
        if self._head is None:
            raise InputError(f"{name} were read already; they can be read once.")
        head, self._head = self._head, None
        yield head
        yield from self._videos

    def _made(self, arrays: Iterator[Any]) -> Iterator[av.VideoFrame]:
        for array in arrays:
            pts = next(self._pts, None)
            if pts is None:
                raise InputError("There are more arrays than times; give a time for each.")
            pixels = checked_image(array, channels=(3, 4))
            video = av.VideoFrame.from_ndarray(pixels, FORMATS[pixels.shape[2]])
            video.pts, video.time_base = pts, self.time_base
            yield video
