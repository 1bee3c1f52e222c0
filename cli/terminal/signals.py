"""A command that is interrupted, terminated or hung up on: it tidies up, and always ends.

The first signal is raised in the main thread as an exception, so that all that was begun is tidied
up. What cannot hear it, as a read from a pipe that stands still, is not waited for: after `GRACE`
seconds, or with a second signal, a thread that does nothing else removes what has no name yet, and
ends the process.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

GRACE = 5.0
"""Seconds that tidying up may take."""

STEP = 60.0
"""Seconds that a step of long work may take before its checkpoint is written."""

SIGNALS = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
    if hasattr(signal, name)
)
"""SIGBREAK is Ctrl-Break on Windows, a window that is closed, and how `serve` ends its jobs."""


def status_of(number: int) -> int:
    """Return the exit status by which shells tell that a signal ended a program."""
    return 128 + number


def install_handlers() -> None:
    """Turn signals into exceptions, and see to it that they end the process.

    One that is ignored stays so: that is how nohup and a shell's background jobs want it.
    """
    reader, writer = os.pipe()
    if sys.platform != "win32":  # which cannot do this, or not before Python 3.12
        os.set_blocking(writer, False)
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _Once())
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(reader,), name="signals", daemon=True).start()


class _Once:
    """A handler that raises for the first signal; the thread that watches has seen all of them."""

    raised: int | None = None
    grace = GRACE

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if _Once.raised is not None:
            return
        _Once.raised = number
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        sys.exit(status_of(number))


class Interrupts:
    """Says, when called, whether a signal came."""

    number: int | None = None
    """The signal."""

    def __call__(self) -> bool:
        """Return whether one came."""
        return self.number is not None


@contextmanager
def interrupts(patience: float = STEP) -> Iterator[Interrupts]:
    """Ask instead of raising: what is yielded says whether a signal came; a second one raises.

    The process has `patience` seconds then to come to an end.
    """
    found = Interrupts()

    def note(number: int, frame: FrameType | None) -> None:
        if found.number is not None:
            raise KeyboardInterrupt
        found.number = number

    heard = [n for n in SIGNALS if signal.getsignal(n) is not signal.SIG_IGN]
    if threading.current_thread() is not threading.main_thread() or not heard:
        yield found
        return
    before, grace = {number: signal.signal(number, note) for number in heard}, _Once.grace
    allow(patience)
    try:
        yield found
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        allow(grace)


def allow(seconds: float) -> None:
    """Let tidying up take so long: a server has jobs to end."""
    _Once.grace = seconds


def stopped_by() -> int | None:
    """Return the signal that was raised, if any: libraries may have made another error of it."""
    return _Once.raised


def tidy() -> None:
    """Remove what was begun and has no name yet."""
    if atomic := sys.modules.get("sinet_video.atomic"):  # to import it might have to wait
        atomic.discard_all()


def _watch(reader: int) -> None:
    number = os.read(reader, 1)[0]
    if _Once.grace != GRACE:  # a server raises the signal again by itself when it has ended
        time.sleep(_Once.grace)
    else:
        # A thread, as Windows cannot wait for a pipe only so long.
        second = threading.Thread(target=os.read, args=(reader, 1), daemon=True)
        try:
            second.start()
        except RuntimeError:  # as when the interpreter is ending already
            return
        second.join(GRACE)
    tidy()
    os._exit(status_of(number))
