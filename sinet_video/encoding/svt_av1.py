"""Opening SVT-AV1 without what it does to the process that opens it."""

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
"""The variable that says how much SVT-AV1 writes to standard error; 1 is errors only."""


def open_encoder(context: CodecContext) -> None:
    """Open a context of SVT-AV1: threads stay scheduled as they are, and nothing is printed.

    Whoever has said in the environment what SVT-AV1 is to print is heard.
    """
    with kept_scheduling(), _quiet():
        context.open()


@contextmanager
def kept_scheduling() -> Iterator[None]:
    """Put back how this thread is scheduled, and so schedule those that are started meanwhile.

    SVT-AV1, where it may (as root), puts the thread that opens it and all of its own on SCHED_FIFO
    at the highest priority. Such threads give way to no other: what spins until another thread is
    done, as torch's memory manager does when threads end, can then keep that thread from running
    for ever, and the machine with it. Elsewhere than on Linux nothing is done.
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
            with suppress(ProcessLookupError, PermissionError):  # ended, or not ours to change
                os.sched_setscheduler(thread, policy, parameters)


def _threads() -> set[int]:
    """Return the numbers of this process's threads, as far as the system says them."""
    with suppress(OSError):
        return {int(entry.name) for entry in THREADS.iterdir()}
    return set()


@contextmanager
def _quiet() -> Iterator[None]:
    """Have SVT-AV1, which asks once in a process, print errors only."""
    if LOG in os.environ:
        yield
        return
    os.environ[LOG] = "1"
    try:
        yield
    finally:
        os.environ.pop(LOG, None)
