"""Files and folders that a process is writing, held so that others can tell.

The system lets go of them when the process ends, be it killed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def hold(path: Path) -> int | None:
    """Hold a file or folder; return what `let_go` takes, or None where that cannot be."""
    if sys.platform == "win32":
        return None  # there, who has a file open keeps it from being removed
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
    handle = hold(path)
    let_go(handle)
    return handle is None and sys.platform != "win32"
