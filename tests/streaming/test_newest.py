"""The newest of what a thread produces."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from sinet_video.streaming.newest import Newest


def never() -> bool:
    return False


def test_older_items_are_dropped_not_queued() -> None:
    """While one is at work, ten come: the last of them is next, and the others are counted."""
    go = threading.Event()

    def items() -> Iterator[int]:
        yield 0
        assert go.wait(10)
        yield from range(1, 11)

    newest = Newest(items(), room=1)
    taken = newest.take(never)
    assert next(taken) == 0
    go.set()
    newest._thread.join(10)
    newest.done()
    assert next(taken) == 10
    newest.done()
    assert list(taken) == []
    assert (newest.came, newest.dropped) == (11, 9)
    newest.close()


def test_no_more_are_taken_than_there_is_room_for() -> None:
    """Without `done` nothing comes; then the wait is ended by `stop`."""
    newest = Newest(iter(range(3)), room=0)
    until = time.monotonic() + 0.3
    assert list(newest.take(lambda: time.monotonic() > until)) == []
    newest.close()


def test_errors_are_raised_after_the_last_item() -> None:
    """Where the items are taken."""

    def items() -> Iterator[int]:
        yield 1
        raise ValueError("gone")

    newest = Newest(items(), room=5)
    newest._thread.join(10)
    taken = newest.take(never)
    assert next(taken) == 1
    with pytest.raises(ValueError, match="gone"):
        next(taken)
    newest.close()


def test_a_thread_that_is_held_is_let_go_of() -> None:
    """To close takes no longer than the patience."""
    held = threading.Event()

    def items() -> Iterator[int]:
        held.wait(30)
        yield 1

    newest = Newest(items(), room=1)
    start = time.monotonic()
    newest.close()
    assert time.monotonic() - start < 5
    held.set()
