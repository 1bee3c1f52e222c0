"""A host that may go away and come back: frames that it cannot get are dropped in between."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from sinet_video.encoding.sink import Sink
from sinet_video.errors import OutputError, SinetVideoError
from sinet_video.media.frame import Matte
from sinet_video.publish import Publication
from sinet_video.remote.backoff import pauses

LOGGER = logging.getLogger("sinet_video")

LONGEST_PAUSE = 5.0
"""Seconds between two tries to reach a host, at most."""


class Recovering(Sink):
    """A sink that is opened anew, in a thread, when it fails; raises what the first opening does.

    Attributes:
        lost: how often the host was lost.
        unsent: how many frames came meanwhile.
    """

    def __init__(self, open_sink: Callable[[], Sink], name: str, give_up: float | None) -> None:
        self.lost = self.unsent = 0
        self._open, self._name, self._give_up = open_sink, name, give_up
        self._sink: Sink | None = open_sink()
        self.content, self.plan, self.warnings = self._sink.content, self._sink.plan, []
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._since = 0.0

    @property
    def is_away(self) -> bool:
        """Whether the host is lost right now."""
        return self._sink is None

    def write(self, matte: Matte) -> None:
        """As `Sink` says, or drop the matte. Raises `OutputError` if it is time to give up."""
        sink = self._sink
        if sink is None:
            self.unsent += 1
            self._check_patience()
            return
        try:
            sink.write(matte)
        except OutputError as error:
            self.unsent += 1
            self._lose(sink, error)

    def _check_patience(self) -> None:
        if self._give_up is not None and time.monotonic() - self._since > self._give_up:
            raise OutputError(f"{self._name} was lost, and did not come back.")

    def _lose(self, sink: Sink, error: OutputError) -> None:
        LOGGER.warning("%s Waiting for it to come back.", error)
        self.lost, self._since, self._sink = self.lost + 1, time.monotonic(), None
        self._thread = threading.Thread(target=self._again, args=(sink,), daemon=True)
        self._thread.start()

    def _again(self, broken: Sink) -> None:
        broken.abandon()
        for pause in pauses(0.5, LONGEST_PAUSE):
            if self._closing.wait(pause):
                return
            try:
                found = self._open()
            except SinetVideoError as error:
                LOGGER.info("%s", error)
                continue
            if self._closing.is_set():
                found.abandon()
                return
            LOGGER.warning("%s is back after %.1f s.", self._name, time.monotonic() - self._since)
            self._sink = found
            return

    def finish(self) -> None:
        """As `Sink` says; a host that is away, or goes away now, has got all it will get."""
        self._closing.set()
        if self._sink is None:
            return
        try:
            self._sink.finish()
        except OutputError as error:
            LOGGER.info("%s", error)
            self._sink.abandon()

    def publish(self, publication: Publication) -> None:
        """As `Sink` says; what was sent has no name to get."""

    def abandon(self) -> None:
        """As `Sink` says."""
        self._closing.set()
        if self._sink is not None:
            self._sink.abandon()
