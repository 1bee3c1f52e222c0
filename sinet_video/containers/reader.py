"""A binary file of Python's as libav reads it: what it raises, and what it must not return."""

from __future__ import annotations

from typing import Any

from sinet_video.errors import SettingError


class Reader:
    """Reads a file for PyAV, which copies what comes without looking how much that is.

    PyAV does not raise what it is told to: it prints an error that comes after another, and goes on
    after an interrupt for ever. So the file ends with the first error, and who has read from it
    calls `check`.
    """

    def __init__(self, file: Any) -> None:
        self._file = file
        self._error: BaseException | None = None

    def check(self) -> None:
        """Raise what the file has raised."""
        if self._error is not None:
            raise self._error

    def read(self, size: int = -1) -> bytes:
        """Return up to so many bytes; none at the end, and after an error."""
        if self._error is not None:
            return b""
        try:
            return _checked(self._file.read(size), size)
        except BaseException as error:
            self._error = error
            return b""

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move to a place, and return it."""
        if self._error is not None:
            return 0
        try:
            self._file.seek(offset, whence)
            place: int = self._file.tell()
        except BaseException as error:
            self._error = error
            return 0
        return place

    def tell(self) -> int:
        """Return the place."""
        return self.seek(0, 1)

    def seekable(self) -> bool:
        """Whether it can go back."""
        if not hasattr(self._file, "seek") or not hasattr(self._file, "tell"):
            return False
        return bool(getattr(self._file, "seekable", lambda: True)())


def _checked(found: Any, size: int) -> bytes:
    """Return what was read. Raises `SettingError` for what a binary file does not return."""
    if not isinstance(found, bytes | bytearray | memoryview):
        raise SettingError(
            f"The file object's read() returned {type(found).__name__}; it must return bytes, and "
            "none at the end."
        )
    piece = bytes(found)
    if 0 <= size < len(piece):
        raise SettingError(
            f"The file object's read({size}) returned {len(piece)} bytes; it must return {size} at "
            "most."
        )
    return piece
