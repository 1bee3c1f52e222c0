"""Whether there is memory: libraries that lack it often give another reason, or none."""

from __future__ import annotations

import mmap


def is_there(megabytes: int) -> bool:
    """Whether the process may have so much memory more."""
    try:
        mmap.mmap(-1, megabytes * 10**6).close()
    except (OSError, ValueError):
        return False
    return True
