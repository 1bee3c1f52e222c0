"""A host that goes away and comes back, in whose place is a sink that fails when it is told."""

from __future__ import annotations

import logging
import time
from fractions import Fraction

import numpy as np
import pytest

from sinet_video import Frame, Matte, OutputError
from sinet_video.encoding.sink import Sink
from sinet_video.publish import Publication
from sinet_video.streaming import recovering
from sinet_video.streaming.recovering import Recovering

FRAME = Frame.from_rgb(np.zeros((2, 2, 3), np.uint8), time_base=Fraction(1, 25))
MATTE = Matte(FRAME, np.ones((2, 2), np.float32))


class Host(Sink):
    """One host; all connections to it have the same faults."""

    content = "rgb"
    faults: list[str] = []  # noqa: RUF012  # of each write in turn; "" is none
    connections: list[Host] = []  # noqa: RUF012
    is_sure = True

    def __init__(self) -> None:
        self.plan, self.warnings, self.got, self.ended = None, [], 0, ""  # type: ignore[assignment]
        if Host.faults and Host.faults[0] == "refused":
            Host.faults.pop(0)
            raise OutputError("It refused.")
        Host.connections.append(self)

    def write(self, matte: Matte) -> None:
        fault = Host.faults.pop(0) if Host.faults else ""
        if fault == "broken":
            raise OutputError("It broke.")
        if fault == "stalled":
            time.sleep(1)
        self.got += 1

    def finish(self) -> None:
        self.ended = "finished"

    def _publish(self, publication: Publication) -> None: ...

    def _abandon(self) -> None:
        self.ended = "abandoned"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new host, and no patience."""
    Host.faults, Host.connections, Host.is_sure = [], [], True
    monkeypatch.setattr(recovering, "SILENCE", 0.2)
    monkeypatch.setattr(recovering, "pauses", lambda *_: iter([0.05] * 100))


def write_until(sink: Recovering, done) -> None:
    """Write on as frames come."""
    deadline = time.monotonic() + 10
    while not done():
        assert time.monotonic() < deadline
        sink.write(MATTE)
        time.sleep(0.02)


@pytest.mark.parametrize("fault", ["broken", "stalled"])
def test_it_is_back_by_itself_and_that_is_said_once(fault, caplog) -> None:
    """Though it refuses twice before."""
    caplog.set_level(logging.WARNING, "sinet_video")
    Host.faults = ["", fault, "refused", "refused"]
    sink = Recovering(Host, "the host", None)
    write_until(sink, lambda: len(Host.connections) == 2 and Host.connections[1].got > 2)
    sink.finish()
    assert (sink.lost, sink.is_away) == (1, False)
    assert sink.unsent >= 1
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2
    assert said[0].endswith("Waiting for it to come back.")
    assert said[1].startswith("the host is back after")
    assert Host.connections[1].ended == "finished"


def test_the_first_opening_raises() -> None:
    """A wrong address is no host that was lost."""
    Host.faults = ["refused"]
    with pytest.raises(OutputError, match="refused"):
        Recovering(Host, "the host", None)


def test_what_fails_before_it_is_sure_was_never_there() -> None:
    """To begin with, an error; later, the same loss."""
    Host.is_sure = False
    Host.faults = ["", "broken"]
    sink = Recovering(Host, "the host", None)
    sink.write(MATTE)
    with pytest.raises(OutputError, match="broke"):
        sink.write(MATTE)
    Host.is_sure = True
    sink = Recovering(Host, "the host", None)
    Host.faults = ["broken", "broken", "broken"]
    write_until(sink, lambda: not Host.faults and not sink.is_away)
    assert sink.lost == 1
    sink.abandon()


def test_what_takes_nothing_to_begin_with_is_waited_for() -> None:
    """As SRT that listens for who is to call; that it is back is said when it is sure."""
    Host.is_sure = False
    Host.faults = ["stalled"]
    sink = Recovering(Host, "the host", None)
    write_until(sink, lambda: len(Host.connections) == 2 and Host.connections[1].got > 2)
    assert sink.is_away
    Host.faults = ["broken"]
    write_until(sink, lambda: len(Host.connections) == 3 and Host.connections[2].got > 2)
    Host.is_sure = True
    write_until(sink, lambda: not sink.is_away)
    assert sink.lost == 1
    sink.abandon()


def test_patience_ends() -> None:
    """And says of what."""
    sink = Recovering(Host, "the host", 0.2)
    Host.faults = ["broken"] + ["refused"] * 100
    with pytest.raises(OutputError, match="the host was lost, and did not come back"):
        write_until(sink, lambda: False)
