"""Tasks on the machines of a Ray cluster, each in a fresh process; a second engine for batches.

Ray changes the process that it is started in: its signal handlers, its environment, its standard
output. So that is a process of its own, which ends with the caller's; see `ray_driver`.
"""

from __future__ import annotations

import logging
import pickle
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from typing import Any

from sinet_video.batches import processes
from sinet_video.batches.clip_job import CORES_A_JOB, UNKNOWN
from sinet_video.batches.processes import Item, Result, Work
from sinet_video.batches.ray_driver import Tasks, drive
from sinet_video.batches.spawning import SPAWN, Channel, spawned
from sinet_video.checked import check_fields
from sinet_video.errors import SettingError, SinetVideoError
from sinet_video.extras import check_extra

LOGGER = logging.getLogger("sinet_video")

JOINING = 120.0
"""Seconds that a cluster has to start or to answer."""

PATIENCE = 40.0
"""Seconds that Ray is given to end, with all that it started."""

HASTE = 3.0
"""Seconds that are waited for it after an error or an interrupt; tasks tidy up first."""


@dataclass(frozen=True)
class RayEngine:
    """Work in the processes of a Ray cluster, which is one of this machine by default.

    Its machines must see the same files under the same names, the current folder among them, and
    have this library installed.

    Raises `SettingError` for values out of range.

    Attributes:
        address: the cluster's, such as "auto" or "host:6379"; None for that in RAY_ADDRESS, or else
            one of this machine alone, which ends with the work.
        cpus: cores that Ray sets aside for each task; None for four, or for all that the largest
            machine has.
        memory: bytes that Ray sets aside for each task; None for what frames of their size need.
        retries: how often a task is tried again when its process or machine dies.
    """

    address: str | None = None
    cpus: float | None = None
    memory: int | None = None
    retries: int = 3

    def __post_init__(self) -> None:
        check_fields(self)
        if self.cpus is not None and not self.cpus > 0:
            raise SettingError(f"A task with {self.cpus:g} cores cannot work; give more than 0.")
        if self.memory is not None and self.memory <= 0:
            raise SettingError(f"A task with {self.memory} bytes cannot work; give more than 0.")
        if self.retries < 0:
            raise SettingError(f"Retries is {self.retries}; it must be 0 or more.")

    @contextmanager
    def cluster(self) -> Iterator[Cluster]:
        """Join the cluster, or start it; leave it, or end it.

        After an error it may take some seconds more to end. Raises `SettingError` for one that
        cannot be reached or has no room for a task, and `MissingPackageError` where Ray is not
        installed.
        """
        check_extra("ray", "The engine ray")
        tasks = Tasks(self.address, self.cpus, CORES_A_JOB, self.retries)
        ours, theirs = SPAWN.Pipe()
        process = spawned(drive, tasks, theirs, LOGGER.getEffectiveLevel(), name="ray driver")
        theirs.close()
        try:
            yield Cluster(self, ours, process)
        except BaseException:
            ours.close()  # which tells it to end, and that it does also when nobody waits for it
            process.join(HASTE)
            raise
        ours.close()
        process.join(PATIENCE)
        process.kill()
        process.join()


class Cluster:
    """A cluster that has been joined."""

    def __init__(self, engine: RayEngine, driver: Channel, process: BaseProcess) -> None:
        self._engine, self._driver, self._process = engine, driver, process
        self.room = 0
        if not driver.poll(JOINING):
            where = "" if engine.address is None else f" at {engine.address}"
            raise SettingError(
                f"The Ray cluster{where} did not answer within {JOINING:.0f} seconds."
            )
        while not self.room:
            self._receive()

    def run(
        self,
        items: Iterable[Item],
        work: Work[Item, Result],
        news: Callable[[Item, Any], None] = lambda *_: None,
        memory: Callable[[Item], int] = lambda _: UNKNOWN,
    ) -> Iterator[tuple[Item, Result | Exception]]:
        """Work on items; yield each with its result as it is done, as `processes.run` does.

        `memory` says how many bytes an item needs. No more than twice as many tasks as there is
        `room` for are handed to the cluster at a time.
        """
        processes.check_sendable(work)
        given, numbered = iter(items), 0
        waiting: dict[int, Item] = {}
        while True:
            while len(waiting) < AHEAD * self.room and (item := next(given, END)) is not END:
                waiting[numbered] = item
                needs = self._engine.memory or memory(item)
                self._driver.send((numbered, pickle.dumps((work, item)), needs))
                numbered += 1
            if not waiting:
                return
            kind, number, value = self._receive()
            if kind == "news" and number in waiting:
                news(waiting[number], value)
            elif kind == "result":
                yield waiting.pop(number), value

    def _receive(self) -> tuple[str, int, Any]:
        """Return what the driver says next. Raises what it says of the cluster."""
        try:
            kind, number, value = self._driver.recv()
        except EOFError:
            self._process.join()
            raise SinetVideoError(
                f"The process that leads the Ray tasks {processes.end_of(self._process)}. What is "
                "finished is kept; do the same again to go on."
            ) from None
        if kind == "error":
            raise SettingError(value)
        if kind == "log":
            LOGGER.handle(value)
        elif kind == "room":
            self.room = number
        return kind, number, pickle.loads(value) if kind == "result" else value


AHEAD = 2
"""So many times as many tasks as the cluster has room for are handed to it, and no more."""

END: Any = object()
