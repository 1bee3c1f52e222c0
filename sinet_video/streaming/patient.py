"""Calls that may never return, as writing to a host that has gone: waited for only so long."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class Patient:
    """Runs calls in a thread of its own, one after another.

    After one that took too long the thread is of no more use: tell it what is left to do when that
    returns, by `leave`.
    """

    def __init__(self, name: str) -> None:
        self._calls: queue.SimpleQueue[tuple[Callable[[], Any], Any] | None] = queue.SimpleQueue()
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def _run(self) -> None:
        while (asked := self._calls.get()) is not None:
            call, replies = asked
            try:
                replies.put((call(), None))
            except BaseException as error:
                replies.put((None, error))

    def __call__(self, call: Callable[[], T], seconds: float) -> T:
        """Return what a call returns, and raise what it raises, or `TimeoutError` after so long."""
        replies: queue.SimpleQueue[tuple[T, BaseException | None]] = queue.SimpleQueue()
        self._calls.put((call, replies))
        try:
            result, error = replies.get(timeout=seconds)
        except queue.Empty:
            raise TimeoutError from None
        if error is not None:
            raise error
        return result

    def leave(self, last: Callable[[], object] = lambda: None) -> None:
        """End the thread after a last call, without waiting for it."""
        self._calls.put((last, queue.SimpleQueue()))
        self._calls.put(None)
