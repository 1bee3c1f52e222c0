"""Process settings for training: threads and memory."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import torch

# Names and numbers from glibc's malloc.h.
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -2, -3, -8

SWITCH_SECONDS = 0.0005
"""How long a thread may hold the interpreter; most of their work is outside it."""


@contextmanager
def shared_among_shards() -> Iterator[None]:
    """Leave the cores to the shards: no threads within single operations of torch and OpenCV.

    Freed memory is kept from here on, as there is no way back to glibc's own settings.
    """
    keep_memory()
    threads, switch, within = torch.get_num_threads(), sys.getswitchinterval(), cv2.getNumThreads()
    torch.set_num_threads(1)
    sys.setswitchinterval(SWITCH_SECONDS)
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        sys.setswitchinterval(switch)
        cv2.setNumThreads(within)


def keep_memory() -> None:
    """Make glibc keep large freed blocks; does nothing on other systems.

    Each training step allocates and frees the same few hundred megabytes; a third of its time went
    into the system clearing their pages again.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return
    mallopt(M_ARENA_MAX, 1)  # other arenas always map large blocks anew
    mallopt(M_MMAP_THRESHOLD, 1 << 30)
    mallopt(M_TRIM_THRESHOLD, (1 << 31) - 1)
    mallopt(M_TOP_PAD, 1 << 28)
