"""Iterators run ahead in a thread: order, errors and above all the end."""

import gc
import threading
from collections.abc import Iterator
from contextlib import suppress
from itertools import count, islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sinet_video.read_ahead import prefetch

PATIENCE = 10
"""Seconds to wait for what should come at once; only a failing test waits them out."""


class Source:
    """Counts up for ever, or to `stop`; notes what was taken and whether it was closed."""

    def __init__(self, stop: int | None = None, error: BaseException | None = None) -> None:
        self.stop, self.error = stop, error
        self.taken = 0
        self.closed_in: str | None = None
        self._wanted = 0
        self._reached = threading.Event()

    def items(self) -> Iterator[int]:
        try:
            for number in count() if self.stop is None else range(self.stop):
                self.taken += 1
                if self.taken >= self._wanted:
                    self._reached.set()
                yield number
            if self.error:
                raise self.error
        finally:
            self.closed_in = threading.current_thread().name

    def reaches(self, taken: int) -> bool:
        """Wait until so many items were taken."""
        self._reached.clear()
        self._wanted = taken
        return self.taken >= taken or self._reached.wait(PATIENCE)


def alive(name: str) -> bool:
    """Whether a thread of this name runs."""
    return name in {thread.name for thread in threading.enumerate()}


def blocked(source: Source, name: str, depth: int = 2) -> Iterator[int]:
    """A prefetch of which one item was taken and whose queue is full."""
    running = prefetch(source.items(), depth, name=name)
    assert next(running) == 0
    assert source.reaches(1 + depth + 1)
    return running


@given(st.lists(st.integers(), max_size=30), st.integers(1, 5))
@settings(deadline=None, max_examples=25)
def test_everything_comes_in_order(items, depth):
    """Whatever the depth, what goes in comes out; None and falsy items too."""
    given_items = [*items, None, 0, ""]
    assert list(prefetch(iter(given_items), depth)) == given_items


def test_an_empty_source_ends_at_once():
    """Nothing in, nothing out, no thread left."""
    assert list(prefetch([], name="empty")) == []
    assert not alive("empty")


def test_the_source_runs_in_a_thread_of_the_name_given():
    """Not in the consumer's; and that thread is gone when all is consumed."""
    names = (threading.current_thread().name for _ in range(3))
    assert set(prefetch(names, name="apart")) == {"apart"}
    assert not alive("apart")


@pytest.mark.parametrize(
    "error", [ValueError("bad"), KeyError("k"), OSError(5, "io"), KeyboardInterrupt(), SystemExit()]
)
def test_what_the_source_raises_is_raised_here(error):
    """After the items before it, the very exception arrives, and the thread is gone."""
    running = prefetch(Source(3, error).items(), name="raising")
    assert list(islice(running, 3)) == [0, 1, 2]
    with pytest.raises(type(error)) as caught:
        next(running)
    assert caught.value is error
    assert not alive("raising")
    assert next(running, "over") == "over"


def test_an_error_before_the_first_item_is_raised_too():
    """A source that fails at once."""
    with pytest.raises(ValueError, match="bad"):
        list(prefetch(Source(0, ValueError("bad")).items()))


def test_closing_with_a_full_queue_returns():
    """A producer that waits for room is told to stop; its source is closed in its own thread."""
    source = Source()
    running = blocked(source, "stopped early")
    assert alive("stopped early")
    assert source.closed_in is None
    running.close()
    assert not alive("stopped early")
    assert source.closed_in == "stopped early"


def test_leaving_a_loop_ends_the_thread():
    """A consumer that breaks or raises leaves nothing running."""
    source = Source()

    def consume() -> None:
        for number in prefetch(source.items(), name="left"):
            if number == 2:
                raise LookupError("enough")

    with pytest.raises(LookupError) as caught:
        consume()
    del caught  # its traceback holds the loop, and with it the iterator
    gc.collect()
    assert not alive("left")
    assert source.closed_in == "left"


def test_closing_waits_for_the_sources_end():
    """When close returns, the source's clean-up is done, however long it takes."""
    begun, go_on, done = threading.Event(), threading.Event(), threading.Event()

    def slow() -> Iterator[int]:
        try:
            yield from count()
        finally:
            begun.set()
            go_on.wait(PATIENCE)
            done.set()

    running = prefetch(slow(), name="slow end")
    next(running)
    closing = threading.Thread(target=running.close)
    closing.start()
    assert begun.wait(PATIENCE)
    assert closing.is_alive()
    go_on.set()
    closing.join(PATIENCE)
    assert done.is_set()
    assert not alive("slow end")


def failing_close(error: Exception) -> Iterator[int]:
    try:
        yield from count()
    finally:
        raise error


def test_an_error_while_closing_hangs_nothing():
    """A source whose clean-up fails still lets close return and the thread end."""
    running = prefetch(failing_close(OSError("unplugged")), name="fails at the end")
    next(running)
    with suppress(OSError):
        running.close()
    assert not alive("fails at the end")


def test_an_error_while_closing_is_raised_by_close():
    """What the source raises is not lost, even when it raises it as the last thing it does."""
    running = prefetch(failing_close(OSError("unplugged")))
    next(running)
    with pytest.raises(OSError, match="unplugged"):
        running.close()


@pytest.mark.parametrize("depth", [1, 3])
def test_it_runs_no_further_ahead_than_its_depth(depth):
    """One item with the consumer, `depth` in the queue, one in the producer's hand."""
    source = Source()
    running = blocked(source, "bounded", depth)
    for consumed in range(1, 100):
        assert source.reaches(consumed + depth + 1)
        assert source.taken == consumed + depth + 1
        assert next(running) == consumed
    running.close()
    assert source.taken <= 100 + depth + 1


def test_nothing_starts_before_the_first_item_is_asked_for():
    """An iterator that nobody uses has no thread and takes nothing."""
    source = Source()
    running = prefetch(source.items(), name="unused")
    assert not alive("unused")
    running.close()
    assert source.taken == 0


def test_one_prefetch_may_feed_another():
    """Two threads in a row keep the order, and closing the last ends both."""
    source = Source()
    running = prefetch(prefetch(source.items(), name="first"), name="second")
    assert list(islice(running, 50)) == list(range(50))
    assert alive("first")
    running.close()
    assert not alive("first")
    assert not alive("second")
    assert source.closed_in == "first"


def test_plain_iterators_need_no_closing():
    """A list iterator has no close; stopping early works all the same."""
    running = prefetch(iter(range(100)), 1, name="plain")
    assert next(running) == 0
    running.close()
    assert not alive("plain")
