"""Bodies of requests: files, which are written to the disk as they come, and JSON."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from io import FileIO
from pathlib import Path
from typing import Any

from starlette.requests import ClientDisconnect, Request

from sinet_video.errors import SettingError, SinetVideoError
from sinet_video.serve.limits import GRACE, JSON_BYTES, MEGABYTE, SLOWEST
from sinet_video.serve.workplace import Workplace, disk_error

CHECK_EVERY, AT_ONCE = 16 * MEGABYTE, MEGABYTE
"""Bytes from one look at the free space to the next, and that are written together."""

MOST_AT_ONCE = 4

DRAINED, DRAIN_SECONDS = 8 * MEGABYTE, 1.0
"""Bytes of a refused body that are read, and for how long."""


class TooLargeError(SinetVideoError):
    """A body has more bytes than are allowed."""


class TooSlowError(SinetVideoError):
    """A body came too slowly."""


class TooManyError(SinetVideoError):
    """Too much is asked for at the same time."""


class Uploads:
    """Takes in files, few at a time."""

    def __init__(self, workplace: Workplace) -> None:
        self._workplace, self._running = workplace, 0

    async def store(self, request: Request, path: Path) -> int:
        """Write a request's body to a file and return how many bytes it had.

        Raises one of this module's errors or `FullError`, and leaves no file then.
        """
        if self._running >= MOST_AT_ONCE:
            raise TooManyError(f"{MOST_AT_ONCE} files are being uploaded; wait for one to be done.")
        if request.headers.get("content-type", "").startswith("multipart/"):
            raise SettingError(
                "The body is a form (multipart); send the file itself, as curl -T FILE does."
            )
        self._running += 1
        try:
            self._check_size(int(request.headers.get("content-length", 0)))
            return await self._written(request, path)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        finally:
            self._running -= 1

    def _check_size(self, size: int) -> None:
        most = self._workplace.limits.size
        if size > most * MEGABYTE:
            raise TooLargeError(f"The file is larger than {most} MB, as --max-size says.")

    async def _written(self, request: Request, path: Path) -> int:
        self._workplace.check_room(int(request.headers.get("content-length", 0)))
        size = checked = 0
        with path.open("xb", buffering=0) as file:
            held = bytearray()
            async for chunk in _in_time(request.stream()):
                size += len(chunk)
                self._check_size(size)
                if size - checked > CHECK_EVERY:
                    checked = size
                    self._workplace.check_room()
                held += chunk
                if len(held) >= AT_ONCE:
                    await _store(file, held)
                    held = bytearray()
            await _store(file, held)
        return size


async def _store(file: FileIO, data: bytearray) -> None:
    """Write, beside the server's own work. Raises `FullError`."""
    try:
        while data:
            del data[: await asyncio.to_thread(file.write, data)]
    except OSError as error:
        raise disk_error(error) from error


async def read_json(request: Request) -> Any:
    """Return a body that is JSON. Raises `SettingError` or `TooLargeError`."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind != "application/json":
        raise SettingError("The body must be JSON; say so by Content-Type: application/json.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > JSON_BYTES:
            raise TooLargeError(f"The request is larger than {JSON_BYTES // 10**6} MB.")
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise SettingError("The body is not JSON.") from error


async def drain(request: Request) -> None:
    """Read what is left of a small body that is refused, for a short time.

    A connection that is closed on bytes nobody read is reset, and the client may lose the answer.
    """
    left = DRAINED
    if int(request.headers.get("content-length", 0)) > left:
        return
    with contextlib.suppress(TimeoutError, ClientDisconnect, RuntimeError):  # read to its end
        async with asyncio.timeout(DRAIN_SECONDS):
            async for chunk in request.stream():
                left -= len(chunk)
                if left < 0:
                    return


async def _in_time(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield chunks while they come fast enough. Raises `TooSlowError`."""
    started, size = time.monotonic(), 0
    while True:
        try:
            async with asyncio.timeout(GRACE):
                chunk = await anext(chunks)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise TooSlowError(
                f"Nothing came for {GRACE:g} seconds; upload the file again."
            ) from error
        size += len(chunk)
        spent = time.monotonic() - started
        if spent > GRACE and size < (spent - GRACE) * SLOWEST:
            raise TooSlowError(f"The file comes more slowly than {SLOWEST} bytes a second.")
        yield chunk
