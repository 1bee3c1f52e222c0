"""The end of the process, once the command has done its work.

The interpreter is not taken apart. That saves time, and it is safe where a thread still runs in
native code: CPython ends such a thread by unwinding its stack, at which C++ aborts the process.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from sinet_video.cli.terminal.signals import status_of, tidy


def run_to_end(command: Callable[[], object]) -> NoReturn:
    """Run a command, and end the process with its exit status."""
    try:
        command()
        status = 0
    except SystemExit as left:
        status = left.code if isinstance(left.code, int) else int(left.code is not None)
    except KeyboardInterrupt:
        status = status_of(signal.SIGINT)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        status = 1
    _finish()
    tidy()  # an interrupt can come before whoever began a file knows of it
    os._exit(status if _flushed() else status or 1)


def _finish() -> None:
    """Wait for threads that are not daemons, and run what was registered for the exit."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()


def _flushed() -> bool:
    """Flush the standard streams; return whether all of standard output has arrived."""
    if sys.stderr is not None:
        with suppress(OSError, ValueError):
            sys.stderr.flush()
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OSError, ValueError):
        return False
    return True
