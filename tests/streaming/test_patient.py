"""Calls that are waited for only so long."""

from __future__ import annotations

import threading
import time

import pytest

from sinet_video.streaming.patient import Patient


def test_results_and_errors_come_back() -> None:
    """As if the call had been made here."""
    worker = Patient("test")
    assert worker(lambda: 3, 5) == 3
    with pytest.raises(ZeroDivisionError):
        worker(lambda: 1 / 0, 5)
    worker.leave()


def test_what_takes_too_long_is_left_and_tidied_up_later() -> None:
    """In the same thread, once it returns."""
    free, tidied, worker = threading.Event(), threading.Event(), Patient("test")
    start = time.monotonic()
    with pytest.raises(TimeoutError):
        worker(lambda: free.wait(30), 0.1)
    assert time.monotonic() - start < 5
    worker.leave(tidied.set)
    assert not tidied.wait(0.1)
    free.set()
    assert tidied.wait(10)
