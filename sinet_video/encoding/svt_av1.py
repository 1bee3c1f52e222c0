"""Opening SVT-AV1 without its side effects on the process."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from av import CodecContext

THREADS = Path("/proc/self/task")

LOG = "SVT_LOG"
"""Environment variable that controls what SVT-AV1 prints to standard error; 1 is errors only."""


def open_encoder(context: CodecContext) -> None:
    """Open an SVT-AV1 context without changing thread scheduling and without log output.

    If the user has set the environment variable, it is respected.
    """
    with kept_scheduling(), _quiet():
        context.open()


@contextmanager
def kept_scheduling() -> Iterator[None]:
    """Restore this thread's scheduling, and that of threads that are started meanwhile.

    SVT-AV1, where permitted (as root), puts the thread that opens it and all of its own on
    SCHED_FIFO at the highest priority. Such threads never yield to others. Code that spins until
    another thread is done, as torch's memory manager does when threads end, can then keep that
    thread from running for ever, and the machine with it. On systems other than Linux nothing is
    done.
    """
    if sys.platform != "linux":
        yield
        return
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    before = _threads()
    try:
        yield
    finally:
        for thread in {threading.get_native_id(), *(_threads() - before)}:
            with suppress(ProcessLookupError, PermissionError):  # ended, or may not be changed
                os.sched_setscheduler(thread, policy, parameters)


def _threads() -> set[int]:
    """Return the IDs of this process's threads, as far as the system lists them."""
    with suppress(OSError):
        return {int(entry.name) for entry in THREADS.iterdir()}
    return set()


@contextmanager
def _quiet() -> Iterator[None]:
    """Make SVT-AV1, which asks once per process, print errors only."""
    if LOG in os.environ:
        yield
        return
    os.environ[LOG] = "1"
    try:
        yield
    finally:
        os.environ.pop(LOG, None)
