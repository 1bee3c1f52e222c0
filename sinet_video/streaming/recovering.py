"""A host that may go away and come back: frames that it cannot get are dropped in between."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import partial

from sinet_video.encoding.sink import Sink
from sinet_video.errors import OutputError, SinetVideoError
from sinet_video.media.frame import Matte
from sinet_video.publish import Publication
from sinet_video.remote.backoff import pauses
from sinet_video.streaming.patient import Patient

LOGGER = logging.getLogger("sinet_video")

LONGEST_PAUSE = 5.0
"""Seconds between two tries to reach a host, at most."""

CONNECTING, SILENCE = 10.0, 5.0
"""Seconds that a host may take to answer, and to take a frame, before it is taken to be gone."""


class Recovering(Sink):
    """A sink that is opened anew, in a thread, when it fails; raises what the first opening does.

    A sink may have `is_sure`, whether it is sure that the host is there. What fails first, before
    that, has not been there. `meanwhile` is called for each frame that is dropped.

    Attributes:
        lost: how often the host was lost.
        unsent: how many frames came meanwhile.
    """

    def __init__(
        self,
        open_sink: Callable[[], Sink],
        name: str,
        give_up: float | None,
        meanwhile: Callable[[], object] = lambda: None,
    ) -> None:
        self.lost = self.unsent = 0
        self._open, self._name, self._give_up = open_sink, name, give_up
        self._meanwhile = meanwhile
        self._closing = threading.Event()
        self._away_since: float | None = None
        self._there: tuple[Sink, Patient] | None = self._opened()
        self._was_there = False
        sink = self._there[0]
        self.content, self.plan, self.warnings = sink.content, sink.plan, sink.warnings
        self.audio = sink.audio

    @staticmethod
    def _is_sure(sink: Sink) -> bool:
        sure: bool = getattr(sink, "is_sure", True)
        return sure

    @property
    def is_away(self) -> bool:
        """Whether the host is lost right now."""
        return self._away_since is not None

    def write(self, matte: Matte) -> None:
        """As `Sink` says, or drop the matte. Raises `OutputError` if it is time to give up."""
        self._check_patience()
        if self._there is not None:
            sink, worker = self._there
            self._try(partial(sink.write, matte), sink, worker)
        self.unsent += self.is_away
        if self._there is None:
            self._meanwhile()

    def go_on(self) -> None:
        """Send what has come beside frames while none does, such as audio."""
        self._check_patience()
        if self._there is None:
            self._meanwhile()
            return
        sink, worker = self._there
        if go_on := getattr(sink, "go_on", None):
            self._try(go_on, sink, worker)

    def _try(self, call: Callable[[], object], sink: Sink, worker: Patient) -> None:
        try:
            worker(call, SILENCE)
        except OutputError as error:
            self._was_there = self._was_there or self._is_sure(sink)
            if not (self._was_there or self.is_away):
                self._let_go()
                raise
            self._lose(error)
        except TimeoutError:
            self._lose(OutputError(f"{self._name} took nothing for {SILENCE:g} s."))
        else:
            if self._away_since is not None and self._is_sure(sink):
                away = time.monotonic() - self._away_since
                LOGGER.warning("%s is back after %.1f s.", self._name, away)
                self._away_since = None

    def _opened(self) -> tuple[Sink, Patient]:
        worker = Patient("send")
        try:
            return worker(self._open, CONNECTING), worker
        except TimeoutError as error:
            worker.leave()
            raise OutputError(f"{self._name} does not answer.") from error
        except BaseException:
            worker.leave()
            raise

    def _check_patience(self) -> None:
        away = 0.0 if self._away_since is None else time.monotonic() - self._away_since
        if self._give_up is not None and away > self._give_up:
            raise OutputError(f"{self._name} was lost, and did not come back.")

    def _lose(self, error: OutputError) -> None:
        self._let_go()
        if self._away_since is None:
            LOGGER.warning("%s Waiting for it to come back.", error)
            self.lost, self._away_since = self.lost + 1, time.monotonic()
        threading.Thread(target=self._again, name="reconnect", daemon=True).start()

    def _let_go(self) -> None:
        there, self._there = self._there, None
        if there is not None:
            there[1].leave(there[0].abandon)

    def _again(self) -> None:
        for pause in pauses(0.5, LONGEST_PAUSE):
            if self._closing.wait(pause):
                return
            try:
                found = self._opened()
            except SinetVideoError as error:
                LOGGER.info("%s", error)
                continue
            self._there = found
            if self._closing.is_set():
                self._let_go()
            return

    def finish(self) -> None:
        """As `Sink` says; a host that is away, or goes away now, has got all it will get."""
        self._closing.set()
        if self._there is None:
            return
        sink, worker = self._there
        try:
            worker(sink.finish, SILENCE)
        except (OutputError, TimeoutError) as error:
            LOGGER.info("%s: %s", self._name, error)
        worker.leave()

    def _publish(self, publication: Publication) -> None:
        """As `Sink` says; what was sent has no name to get."""

    def _abandon(self) -> None:
        self._closing.set()
        self._let_go()
