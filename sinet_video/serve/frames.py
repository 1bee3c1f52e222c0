"""Single frames, asked of a process that keeps a network loaded."""

from __future__ import annotations

import asyncio
import json
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any

from sinet_video.errors import InputError, SettingError
from sinet_video.serve.painting.mattes import write_mattes
from sinet_video.serve.processes import end, start
from sinet_video.serve.workplace import MATTES, StoredClip, new_id

PATIENCE = 60.0
"""Seconds that one answer may take."""


class FrameProcess:
    """Answers one request at a time; where it ends, or takes too long, it is started anew."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._lock = folder, asyncio.Lock()
        self._process: Process | None = None

    async def describe(self, path: Path, side: int) -> tuple[dict[str, Any], bytes]:
        """Return what a clip is, and a JPEG of its first frame, its longer side at most `side`."""
        return await self._ask({"what": "describe", "path": str(path), "side": side})

    async def frame(
        self, clip: StoredClip, time: float, side: int, *, quick: bool, source: bool = True
    ) -> bytes:
        """Return a frame as `Bench.frame` does, by the clip's edits."""
        prefix = f"now-{new_id()}-"
        paths = [clip.folder / f"{prefix}{name}" for name in MATTES.values()]
        needed = await asyncio.to_thread(
            write_mattes, clip.painting, clip.facts["aspect"], *paths, only=time
        )
        drawn = {k: str(p) for k, p, wanted in zip(MATTES, paths, needed, strict=True) if wanted}
        request = {
            "what": "frame", "path": str(clip.file), "time": time, "side": side,
            "quick": quick, "source": source, "edits": clip.edits.to_dict(), "drawn": drawn,
        }  # fmt: skip
        try:
            return (await self._ask(request))[1]
        finally:
            for path in paths:
                path.unlink(missing_ok=True)

    async def idle(self) -> None:
        """Wait until nobody waits for an answer."""
        async with self._lock:
            pass

    async def warm(self) -> None:
        """Start the process before it is needed."""
        async with self._lock:
            await self._started()

    async def close(self) -> None:
        """End the process."""
        if self._process is not None:
            await end(self._process)

    async def _started(self) -> Process:
        if self._process is None or self._process.returncode is not None:
            words = ["-m", "sinet_video.serve.frame_worker"]
            self._process = await start(words, self._folder, stdin=PIPE, stdout=PIPE)
        return self._process

    async def _ask(self, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        async with self._lock:
            before, process = self._process, await self._started()
            answer = await self._answer(process, request)
            if answer is None and process is before:  # it may have died before it was asked
                answer = await self._answer(await self._started(), request)
        if answer is None:
            raise InputError("The file made its reader stop; it may be damaged.")
        facts, data = answer
        if "error" in facts:
            raise (SettingError if facts["setting"] else InputError)(facts["error"])
        return facts, data

    async def _answer(
        self, process: Process, request: dict[str, Any]
    ) -> tuple[dict[str, Any], bytes] | None:
        """Return what a process answers; None if it ends instead.

        Raises `InputError` if it takes too long.
        """
        try:
            return await asyncio.wait_for(_exchange(process, request), PATIENCE)
        except TimeoutError as error:
            await end(process)
            raise InputError(f"The file kept its reader for {PATIENCE:g} s.") from error
        except (asyncio.IncompleteReadError, OSError):
            await end(process)
            return None
        except asyncio.CancelledError:
            await asyncio.shield(end(process))  # its answer would be taken for the next one's
            raise


async def _exchange(process: Process, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    assert process.stdin is not None  # pipes were asked for
    assert process.stdout is not None
    process.stdin.write(json.dumps(request).encode() + b"\n")
    await process.stdin.drain()
    facts = json.loads(await process.stdout.readuntil(b"\n"))
    return facts, await process.stdout.readexactly(facts.pop("bytes"))
