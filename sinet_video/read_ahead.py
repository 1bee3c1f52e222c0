"""Running part of a chain of iterators in its own thread."""

from __future__ import annotations

import logging
import os
import queue
import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import GEN_RUNNING, getgeneratorstate
from typing import Generic, TypeVar, cast

T = TypeVar("T")

LOGGER = logging.getLogger("sinet_video")

PATIENCE = 10.0
"""Seconds to wait for a producer that is told to stop. One that is held by what it calls, such as a
pipe of which nothing comes, is let go of: its thread ends when that returns, or with the process.
"""

POLL = 0.1
"""Seconds between checks by a blocked producer whether it has been told to stop."""


def cores() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True)
class _Ended(Generic[T]):
    """The last item of a producer, with an error if it failed."""

    error: BaseException | None = None


class _Producer(Generic[T]):
    """A thread that fills a bounded queue until its source ends or it is told to stop."""

    def __init__(self, source: Iterator[T], depth: int, name: str) -> None:
        self._source = source
        self._queue: queue.Queue[T | _Ended[T]] = queue.Queue(depth)
        self._stop = threading.Event()
        self._unsaid: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def get(self, patience: float | None) -> T | _Ended[T] | None:
        try:
            return self._queue.get(timeout=patience)
        except queue.Empty:
            return None

    def close(self) -> None:
        """Stop the thread, and wait until it has closed its source, but not for ever."""
        self._stop.set()
        self._thread.join(PATIENCE)
        if self._thread.is_alive():
            LOGGER.warning("The thread %s does not end, and is let go of.", self._thread.name)
        if self._unsaid is not None:
            raise self._unsaid

    def _run(self) -> None:
        ended: _Ended[T] = _Ended()
        try:
            for item in self._source:
                if not self._put(item):
                    break
        except BaseException as error:
            ended = _Ended(error)
        try:
            # libav and generators must be closed in the thread in which they ran.
            if isinstance(self._source, Generator):
                self._source.close()
        except BaseException as error:
            ended = _Ended(ended.error or error)
            if self._stop.is_set():  # the queue has no reader any more
                self._unsaid = error
        self._put(ended)

    def _put(self, item: T | _Ended[T]) -> bool:
        """Wait for room, and return whether the item was queued.

        A blocking `put` could never be stopped.
        """
        while not self._stop.is_set():
            try:
                self._queue.put(item, timeout=POLL)
            except queue.Full:
                continue
            return True
        return False


def prefetch(items: Iterable[T], depth: int = 4, *, name: str = "prefetch") -> Generator[T]:
    """Yield the items in order, produced by a thread that runs at most `depth` items ahead.

    Errors of the source are raised here. If the consumer stops early, the thread is stopped and its
    source closed before this generator's own `close` returns, unless the source stands still for
    longer than `PATIENCE`.
    """
    # Patience without end yields nothing but items.
    yield from cast("Generator[T]", prefetch_patiently(items, depth, None, name=name))


def prefetch_patiently(
    items: Iterable[T], depth: int, patience: float | None, *, name: str = "prefetch"
) -> Generator[T | None]:
    """Do the same, and yield None whenever nothing has come for `patience` seconds."""
    producer = _Producer(iter(items), depth, name)
    try:
        while True:
            item = producer.get(patience)
            if isinstance(item, _Ended):
                if item.error:
                    raise item.error
                return
            yield item
    finally:
        producer.close()


@contextmanager
def closed_at_end(items: Generator[T]) -> Iterator[Generator[T]]:
    """Close a generator at the end of a block, unless a thread that was let go of is in it."""
    try:
        yield items
    finally:
        if getgeneratorstate(items) != GEN_RUNNING:
            items.close()
