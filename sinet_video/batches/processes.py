"""Tasks in processes of their own, one process a task.

A fresh process makes the same bytes whatever was encoded before, gives all its memory back, and
takes nothing with it when it crashes or is killed.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import closing
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Any, Generic, TypeVar

from sinet_video.batches.spawning import SPAWN, Channel, spawned
from sinet_video.errors import SettingError, SinetVideoError

LOGGER = logging.getLogger("sinet_video")

Item = TypeVar("Item")
Result = TypeVar("Result")

Send = Callable[[Any], None]
"""Called in a process with news for the caller of `run`; most calls are not passed on."""

Work = Callable[[Item, Send], Result]


EVERY = 0.2
"""Seconds between two pieces of news that are passed on."""

END = "end"
"""What a process is sent that is to tidy up and end."""

PATIENCE = 20.0
"""Seconds that a process is given to clean up, after it was asked to end."""


class ProcessDiedError(SinetVideoError):
    """A process that ended without a word."""


class Running(Generic[Item]):
    """A fresh process at work on an item.

    If the process that started it dies, it tidies up first if it is `patient`. Otherwise it ends at
    once, so that it cannot be in the way of another try.
    """

    def __init__(self, work: Work[Item, Any], item: Item, level: int, *, patient: bool) -> None:
        self.item = item
        self.receiver, sender = SPAWN.Pipe(duplex=False)
        requests, self._asking = SPAWN.Pipe(duplex=False)
        needs_script = b"__main__" in pickle.dumps((work, item))
        arguments = (work, item, sender, requests, level, patient)
        self._process = spawned(_process, *arguments, script=needs_script)
        sender.close()
        requests.close()

    def hear(self) -> tuple[str, Any]:
        """Wait for what it has to say: "news", a record for the "log", or its "result"."""
        try:
            kind, value = self.receiver.recv()
        except EOFError:
            self._process.join()
            died = ProcessDiedError(f"The process that worked on it {end_of(self._process)}.")
            return "result", died
        if kind == "result":
            self._process.join()
        return kind, value

    def ask_to_end(self) -> None:
        """Have it tidy up and end."""
        if sys.platform != "win32":
            self._process.terminate()
            return
        try:
            self._asking.send(END)  # to terminate it would end it at once there
        except OSError:
            pass  # It has ended already.

    def close(self) -> None:
        """Hear and ask no more, once it has ended."""
        self.receiver.close()
        self._asking.close()

    def end(self, until: float) -> None:
        """Wait until it has ended, but no longer than to a time of the monotonic clock."""
        self.receiver.close()  # so that nobody waits for a full pipe
        self._process.join(max(0.0, until - time.monotonic()))
        self._process.kill()
        self._process.join()
        self._asking.close()  # before, it would take us for gone, and be interrupted once more


def end_all(running: Collection[Running[Any]]) -> None:
    """Ask processes to end, and wait for them."""
    for each in running:
        each.ask_to_end()
    until = time.monotonic() + PATIENCE
    for each in running:
        each.end(until)


def run(
    items: Iterable[Item],
    work: Work[Item, Result],
    jobs: int,
    news: Callable[[Item, Any], None] = lambda *_: None,
) -> Iterator[tuple[Item, Result | Exception]]:
    """Work on items in up to `jobs` processes; yield each with its result as it is done.

    What `work` raises is the item's result, as is a `SinetVideoError` where the process died. When
    the caller stops, or is interrupted, the processes are asked to end and waited for. Raises
    `SettingError` if `work` cannot be sent to another process.
    """
    waiting = deque(items)
    with closing(Pool(work, jobs, news)) as pool:
        while waiting or pool.busy:
            while waiting and pool.has_room:
                pool.start(waiting.popleft())
            yield from pool.ready()


class Pool(Generic[Item, Result]):
    """Up to `jobs` processes, each at work on an item; see `run`."""

    def __init__(
        self, work: Work[Item, Result], jobs: int, news: Callable[[Item, Any], None]
    ) -> None:
        check_sendable(work)
        self._work, self._jobs, self._news = work, jobs, news
        self._running: dict[Channel, Running[Item]] = {}

    @property
    def busy(self) -> bool:
        """Whether anything is being worked on."""
        return bool(self._running)

    @property
    def has_room(self) -> bool:
        """Whether another process may be started."""
        return len(self._running) < self._jobs

    def start(self, item: Item) -> None:
        """Begin to work on an item."""
        running = Running(self._work, item, LOGGER.getEffectiveLevel(), patient=True)
        self._running[running.receiver] = running

    def ready(self, patience: float | None = None) -> Iterator[tuple[Item, Result | Exception]]:
        """Wait until a process has something to say, and yield what is done."""
        for ready in wait(list(self._running), patience):
            assert isinstance(ready, Channel)
            running = self._running[ready]
            kind, value = running.hear()
            if kind == "news":
                self._news(running.item, value)
            elif kind == "log":
                LOGGER.handle(value)
            else:
                del self._running[ready]
                running.close()
                yield running.item, value

    def close(self) -> None:
        """Ask the processes to end, and wait for them."""
        end_all(self._running.values())


def check_sendable(work: object) -> None:
    """Raise `SettingError` for work that cannot be sent to another process."""
    try:
        pickle.dumps(work)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise SettingError(
            f"This conversion cannot be sent to another process ({error}); use functions of a "
            "module and settings without loaded networks, or jobs=0 for this process."
        ) from error


def end_of(process: BaseProcess) -> str:
    """Return how a process came to its end, in words."""
    code = process.exitcode or 0
    if sys.platform != "win32" and code == -signal.SIGKILL:
        return "was killed, as systems do when memory runs out; fewer jobs at once need less"
    if code < 0:
        return f"was ended by the signal {signal.Signals(-code).name}"
    return f"ended with status {code}"


def _process(
    work: Work[Item, Result],
    item: Item,
    sender: Channel,
    requests: Channel,
    level: int,
    patient: bool,
) -> None:
    """Work on one item, in the new process."""
    # What interrupts the whole group is for the caller, who then ends this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    threading.Thread(target=_end_in_time, args=(requests, patient), daemon=True).start()
    with closing(sender):
        result = _answer(work, item, sender, level)
        try:
            sender.send(("result", result))
        except BrokenPipeError:  # nobody is there any more to hear of it
            os._exit(1)


def _answer(
    work: Work[Item, Result], item: Item, sender: Channel, level: int
) -> Result | SinetVideoError:
    """Work on an item in a process of its own; send news and what is logged on the way.

    Return the result, or the error in its place.
    """
    LOGGER.setLevel(level)
    LOGGER.addHandler(_Forward(sender))
    LOGGER.propagate = False
    try:
        return work(item, _Sometimes(sender))
    except SinetVideoError as error:
        return error
    except Exception as error:
        LOGGER.exception("An unexpected error")
        return SinetVideoError(f"{type(error).__name__}: {error}")


def _end_in_time(requests: Channel, patient: bool) -> None:
    """End this process when it is asked to, or the one that it works for has ended."""
    parent = multiprocessing.parent_process()
    wait([requests, *([] if parent is None else [parent.sentinel])])
    if not patient and not _is_asked(requests):
        os._exit(1)
    if sys.platform == "win32":
        signal.raise_signal(signal.SIGTERM)  # os.kill would end it at once there
    else:
        os.kill(os.getpid(), signal.SIGTERM)


def _is_asked(requests: Channel) -> bool:
    """Whether there is a request, and not only nobody any more to make one."""
    try:
        return requests.poll() and requests.recv() == END
    except (EOFError, OSError):
        return False


class _Sometimes:
    """Sends news, but not too often."""

    def __init__(self, sender: Channel) -> None:
        self._sender, self._sent = sender, 0.0

    def __call__(self, value: Any) -> None:
        if time.monotonic() - self._sent < EVERY:
            return
        self._sent = time.monotonic()
        try:
            self._sender.send(("news", value))
        except BrokenPipeError:
            pass  # this process is about to be ended


class _Forward(logging.Handler):
    """Sends what is logged to the caller's process."""

    def __init__(self, sender: Channel) -> None:
        super().__init__()
        self._sender = sender

    def emit(self, record: logging.LogRecord) -> None:
        """Send one, as plain text."""
        record.msg, record.args = self.format(record), None
        record.exc_info = record.exc_text = record.stack_info = None
        try:
            self._sender.send(("log", record))
        except BrokenPipeError:
            pass  # this process is about to be ended
