"""Files and folders that a process is writing, held so that others can tell.

The system lets go of them when the process ends, be it killed. On Windows nothing is held: what was
written a short while ago is taken to be at work.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

QUIET = 3600.0
"""Seconds after which nobody is at work any more, on Windows, on what was not written to."""


def hold(path: Path) -> int | None:
    """Hold a file or folder; return what `let_go` takes, or None where that cannot be."""
    if sys.platform == "win32":
        return None  # as nothing there holds a folder; see `is_held`
    import fcntl

    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # held by another, or a file system without locks
        os.close(handle)
        return None
    return handle


def let_go(handle: int | None) -> None:
    """Let go of what `hold` returned."""
    if handle is not None:
        os.close(handle)


def is_held(path: Path) -> bool:
    """Whether a process holds a file or folder; also where that cannot be told."""
    if sys.platform == "win32":
        return _is_fresh(path)
    handle = hold(path)
    let_go(handle)
    return handle is None


def _is_fresh(path: Path) -> bool:
    """Whether something was written a short while ago, as by who is still at work on it."""
    try:
        return time.time() - path.stat().st_mtime < QUIET
    except OSError:
        return False
