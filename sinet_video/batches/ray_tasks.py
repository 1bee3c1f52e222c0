"""Tasks on the machines of a Ray cluster, each in a fresh process; a second engine for batches."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sinet_video.batches.processes import EVERY, Item, Result, Work
from sinet_video.checked import check_fields
from sinet_video.errors import SettingError, SinetVideoError
from sinet_video.extras import extra_needed

LOGGER = logging.getLogger("sinet_video")

CPUS_A_TASK = 4
"""A job runs decoding, the network, the other stages and the encoder side by side."""

AHEAD = 2
"""So many times as many tasks as the cluster has room for are handed to it, and no more."""

OFF = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing calls home
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # a task without GPUs keeps its environment
}


@dataclass(frozen=True)
class RayEngine:
    """Work in the processes of a Ray cluster, which is one of this machine by default.

    Attributes:
        address: the cluster's; None starts one on this machine that ends with the work.
        cpus: cores that one task is given; None for four, or for all that a machine has.
        memory: bytes that one task is given. A job on 1920x1080 frames needs about 460 MB, on
            3840x2160 about 1.3 GB.
        retries: how often a task is tried again when its process or machine dies.
    """

    address: str | None = None
    cpus: float | None = None
    memory: int = 1 << 30
    retries: int = 3

    def __post_init__(self) -> None:
        check_fields(self)
        if self.cpus is not None and not self.cpus > 0:
            raise SettingError(f"A task with {self.cpus:g} cores cannot work; give 1 or more.")

    def run(
        self,
        items: Iterable[Item],
        work: Work[Item, Result],
        news: Callable[[Item, Any], None] = lambda *_: None,
    ) -> Iterator[tuple[Item, Result | Exception]]:
        """Work on items; yield each with its result as it is done, as `processes.run` does.

        Raises `SettingError` for a cluster that cannot be reached or has no room for a task.
        """
        with self._cluster() as ray:
            cpus, room = self._room(ray)
            task = ray.remote(
                num_cpus=cpus, memory=self.memory, max_calls=1, max_retries=self.retries
            )(_worked)
            board = ray.remote(num_cpus=0)(_Board).remote()
            yield from _Run(ray, task, board, work, news).results(iter(items), room * AHEAD)

    @contextmanager
    def _cluster(self) -> Iterator[Any]:
        """Join a cluster, or start one; leave it, or end it."""
        os.environ.update(OFF)
        with extra_needed("The engine ray"):
            import ray
        own = not ray.is_initialized()
        try:
            if own:
                ray.init(
                    self.address, include_dashboard=False if self.address is None else None,
                    log_to_driver=False, logging_level=logging.ERROR,
                )  # fmt: skip
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise SettingError(
                f"The Ray cluster at {self.address} cannot be reached: {error}"
            ) from error
        try:
            yield ray
        finally:
            if own:
                ray.shutdown()

    def _room(self, ray: Any) -> tuple[float, int]:
        """Return the cores of a task, and how many tasks there is room for at a time."""
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        most = max((node.get("CPU", 0.0) for node in nodes), default=0.0)
        cpus = min(CPUS_A_TASK, most) if self.cpus is None else self.cpus
        each = [min(node.get("CPU", 0) // cpus, node.get("memory", 0) // self.memory)
                for node in nodes] if cpus else []  # fmt: skip
        if not sum(each):
            raise SettingError(
                f"No machine of the cluster has room for a task of {cpus:g} cores and "
                f"{self.memory / 1e9:.1f} GB; the largest has {most:g} cores. Ask for less."
            )
        return cpus, int(sum(each))


@dataclass
class _Run:
    ray: Any
    task: Any
    board: Any
    work: Any
    news: Callable[[Any, Any], None]

    def results(self, items: Iterator[Any], most: int) -> Iterator[tuple[Any, Any]]:
        """Hand over no more than `most` items at a time; yield results as they come."""
        waiting: dict[Any, tuple[int, Any]] = {}
        numbered = enumerate(items)
        while True:
            for number, item in islice(numbered, most - len(waiting)):
                waiting[self.task.remote(self.work, item, number, self.board)] = (number, item)
            if not waiting:
                return
            done, _ = self.ray.wait(list(waiting), timeout=1.0)
            self._tell(dict(waiting.values()))
            for reference in done:
                yield waiting.pop(reference)[1], self._result(reference)

    def _tell(self, items: dict[int, Any]) -> None:
        for number, value in self.ray.get(self.board.take.remote()).items():
            if number in items:
                self.news(items[number], value)

    def _result(self, reference: Any) -> Any:
        try:
            return self.ray.get(reference)
        except self.ray.exceptions.RayTaskError as error:  # before the work began
            return SinetVideoError(f"The task could not begin: {str(error).splitlines()[-1]}")
        except self.ray.exceptions.RayError as error:
            said = (str(error).strip().splitlines() or [type(error).__name__])[0]
            return SinetVideoError(f"The process that worked on it died each time: {said}")


class _Board:
    """Holds the latest news of each task until the driver takes it; an actor."""

    def __init__(self) -> None:
        self._news: dict[int, Any] = {}

    def put(self, number: int, value: Any) -> None:
        self._news[number] = value

    def take(self) -> dict[int, Any]:
        taken, self._news = self._news, {}
        return taken


def _worked(work: Work[Item, Result], item: Item, number: int, board: Any) -> Any:
    """Work on one item, in its process on whatever machine."""
    sent = 0.0

    def send(value: Any) -> None:
        nonlocal sent
        if time.monotonic() - sent > EVERY:
            sent = time.monotonic()
            board.put.remote(number, value)

    try:
        return work(item, send)
    except SinetVideoError as error:
        return error
    except Exception as error:
        LOGGER.exception("An unexpected error")
        return SinetVideoError(f"{type(error).__name__}: {error}")
