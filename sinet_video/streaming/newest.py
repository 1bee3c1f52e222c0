"""The newest of what a thread produces: what nobody has taken by then is dropped."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")

POLL = 0.1
"""Seconds between checks whether to stop."""

PATIENCE = 1.0
"""Seconds to wait for the producer at the end; one that a device holds is let go of."""


class Newest(Generic[T]):
    """Runs an iterator in a thread, and hands out the newest item while others are at work.

    At most `room` items are at work at a time: `take` waits for `done`. So nothing queues up
    anywhere, and an item that is taken is as new as can be.

    Attributes:
        came: how many items the iterator gave.
        dropped: how many of them were replaced by newer ones.
    """

    def __init__(self, items: Iterator[T], *, room: int, name: str = "capture") -> None:
        self.came = self.dropped = 0
        self._items, self._room = items, room
        self._change = threading.Condition()
        self._slot: list[T] = []
        self._error: BaseException | None = None
        self._ended = self._closed = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        error: BaseException | None = None
        try:
            for item in self._items:
                if self._closed:
                    break
                self._put(item)
        except BaseException as caught:
            error = caught
        finally:
            # libav and generators must be closed in the thread in which they ran.
            if isinstance(self._items, Generator):
                self._items.close()
            with self._change:
                self._ended, self._error = True, error
                self._change.notify_all()

    def _put(self, item: T) -> None:
        with self._change:
            self.came += 1
            self.dropped += len(self._slot)
            self._slot = [item]
            self._change.notify_all()

    def take(self, stop: Callable[[], bool]) -> Iterator[T]:
        """Yield the newest item, again and again, until the iterator ends or `stop` says so.

        Errors of the iterator are raised here, after its last item.
        """
        while not self._closed and not stop():
            with self._change:
                ready = self._room > 0 and (self._slot or self._ended)
                if not ready:
                    self._change.wait(POLL)
                    continue
                if not self._slot:
                    break
                item, self._slot = self._slot.pop(), []
                self._room -= 1
            yield item
        if self._error is not None and not self._slot:
            raise self._error

    def done(self) -> None:
        """Say that the work on an item is over, so that another can be taken."""
        with self._change:
            self._room += 1
            self._change.notify_all()

    @property
    def closed(self) -> bool:
        """Whether the thread is to end."""
        return self._closed

    def close(self) -> None:
        """Stop the thread, and wait for it, but not for long."""
        self._closed = True
        with self._change:
            self._change.notify_all()
        self._thread.join(PATIENCE)
