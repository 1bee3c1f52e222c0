"""Programs that the server starts: each in a group of its own, so that all of it can be ended."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

PATIENCE = 5.0
"""Seconds that a program has to clean up after being asked to end."""

LAST_LINES, LONGEST_LINE = 20, 2**20

PATIENT = 10
"""How much jobs give way (a nice value) to the single frames that somebody waits for."""


async def start(
    arguments: Sequence[str], folder: Path, *, nice: int = 0, **streams: Any
) -> Process:
    """Start this Python with arguments, in a folder."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=folder, limit=LONGEST_LINE, **_apart(nice),
        **{"stdin": DEVNULL, "stdout": DEVNULL, "stderr": DEVNULL, **streams},
    )  # fmt: skip
    if nice and sys.platform != "win32":
        with contextlib.suppress(ProcessLookupError):  # it may have ended already
            os.setpriority(os.PRIO_PROCESS, process.pid, nice)  # threads to come inherit it
    return process


def _apart(nice: int) -> dict[str, Any]:
    """Return what starts a program in a group of its own; on Windows, also how it gives way."""
    if sys.platform != "win32":
        return {"start_new_session": True}
    flags = subprocess.BELOW_NORMAL_PRIORITY_CLASS if nice else 0
    return {"creationflags": flags | subprocess.CREATE_NEW_PROCESS_GROUP}


async def end(process: Process) -> None:
    """End a program and all that it started: politely, and after a while by force."""
    if process.returncode is not None:
        return
    _stop(process, by_force=False)
    try:
        await asyncio.wait_for(process.wait(), PATIENCE)
    except TimeoutError:
        _stop(process, by_force=True)
        await process.wait()


def _stop(process: Process, *, by_force: bool) -> None:
    with contextlib.suppress(ProcessLookupError):  # it may have ended just now
        if sys.platform == "win32":
            _stop_on_windows(process, by_force=by_force)
        else:
            os.killpg(process.pid, signal.SIGKILL if by_force else signal.SIGTERM)


def _stop_on_windows(process: Process, *, by_force: bool) -> None:
    """Press Ctrl-Break for a program, or end it at once, as all other there does."""
    try:
        if sys.platform == "win32" and not by_force:
            process.send_signal(signal.CTRL_BREAK_EVENT)
            return
    except OSError:
        pass  # Without a console nobody can press it.
    process.kill()


async def run(
    arguments: Sequence[str],
    folder: Path,
    hear: Callable[[dict[str, Any]], None],
    *,
    nice: int = PATIENT,
) -> tuple[int, str]:
    """Run a program to its end; return its status and what it said last that was no event.

    `hear` gets each event, a JSON object in a line. The program is ended if this is cancelled.
    """
    process = await start(arguments, folder, nice=nice, stderr=PIPE)
    said: list[str] = []
    try:
        assert process.stderr is not None  # a pipe was asked for
        async for line in process.stderr:
            event = _event(line)
            if event is not None and event["event"] != "error":
                hear(event)
                continue
            text = event["message"] if event else line.decode(errors="replace").strip()
            said = [*said, str(text)][-LAST_LINES:]
        return await process.wait(), "\n".join(line for line in said if line)
    finally:
        await asyncio.shield(end(process))


def _event(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) and "event" in found else None
