"""The process that leads the tasks of a Ray cluster, and what its workers do.

It hands pickled work on without opening it. Nothing that it, Ray or its workers print goes to the
caller's streams.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import pickle
import platform
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sinet_video.batches.processes import ProcessDiedError, Running, Send, end_all
from sinet_video.batches.spawning import Channel
from sinet_video.errors import SettingError, SinetVideoError, reason
from sinet_video.words import how_often

STEP = 0.25
"""Seconds between two looks at what tasks have to say."""

PATIENCE = 20.0
"""Seconds that tasks are given to clean up, after they were asked to end."""

LAST_WORDS = 5.0
"""Seconds that the last words of a task are waited for."""

ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing calls home
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # a task without GPUs keeps its environment
}

CONNECT = 10.0
"""Seconds that the machine of a cluster's address has to answer."""

OF_THIS_MACHINE = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""Has Ray listen on the loopback interface alone, as it does by itself on Windows and macOS."""

LEAST_STORE = 80 << 20
"""Bytes of Ray's store of objects, which is about the least that it takes: no frame goes there."""


@dataclass(frozen=True)
class Tasks:
    """How tasks are run; see `RayEngine`, whose fields these are."""

    address: str | None
    cpus: float | None
    cpus_wanted: float
    retries: int


def drive(tasks: Tasks, caller: Channel, level: int) -> None:
    """Join a cluster, run what the caller sends there, and leave when the caller is gone."""
    _detach()
    os.environ.update(ENVIRONMENT)
    try:
        with _joined(tasks.address) as ray:
            _Driver(ray, tasks, caller, level).run()
    except SettingError as error:
        caller.send(("error", 0, str(error)))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass  # nobody is there any more to hear of it


def _detach() -> None:
    """Leave the caller's terminal and streams."""
    if hasattr(os, "setsid"):
        os.setsid()  # an interrupt at the terminal is for the caller
    threading.Thread(target=_end_with_caller, daemon=True).start()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)


def _end_with_caller() -> None:
    """End this process when its caller has ended, which it mostly notices by itself."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        time.sleep(2 * PATIENCE)
        os._exit(1)


@contextmanager
def _joined(address: str | None) -> Iterator[Any]:
    address = address or os.environ.get("RAY_ADDRESS") or "local"
    own: dict[str, Any] = {}
    if address == "local":
        os.environ.update(OF_THIS_MACHINE)
        # Its workers find modules where this process does.
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
        own = {"include_dashboard": False, "object_store_memory": LEAST_STORE}
    else:
        _check_there(address)
    import ray  # which reads the environment now

    try:
        ray.init(address, log_to_driver=False, logging_level=logging.ERROR, **own)
    except Exception as error:  # of many kinds: connections, versions, tokens
        said = " ".join(str(error).split())
        what = "of this machine cannot be started" if own else f"at {address} cannot be joined"
        raise SettingError(f"The Ray cluster {what}: {said}") from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _check_there(address: str) -> None:
    """Raise `SettingError` where nothing listens, for which Ray would wait for minutes."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not (host and port.isdecimal()):
        return  # "auto", for which Ray looks itself
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT).close()
    except (OSError, OverflowError) as error:
        raise SettingError(
            f"The Ray cluster at {address} cannot be joined: {reason(error)}."
        ) from error


@dataclass
class _Driver:
    """Tasks under way, by their references, each with the caller's number for it."""

    ray: Any
    tasks: Tasks
    caller: Channel
    level: int
    running: dict[Any, int] = field(default_factory=dict)
    taken: Any = None

    def run(self) -> None:
        """Do as the caller says until it is gone. Raises `EOFError` then."""
        self._tell_room()
        self.remote = self.ray.remote(num_cpus=self.cpus, max_retries=self.tasks.retries)(work_on)
        board = self.ray.remote(num_cpus=0, max_restarts=-1)(Board)
        self.board = board.remote()
        try:
            while True:
                self._take_items()
                self._pass_on()
        finally:
            self._end()

    def _tell_room(self) -> None:
        """Say how many tasks there is room for. Raises `SettingError` where there is none."""
        nodes = [node["Resources"] for node in self.ray.nodes() if node["Alive"]]
        most = max((node.get("CPU", 0.0) for node in nodes), default=0.0)
        self.cpus = self.tasks.cpus or min(self.tasks.cpus_wanted, most)
        room = sum(int(node.get("CPU", 0.0) // self.cpus) for node in nodes) if self.cpus else 0
        if not room:
            raise SettingError(
                f"No machine of the cluster has room for a task of {self.cpus or 1:g} cores; the "
                f"largest has {most:g}. Ask for fewer, or start more machines."
            )
        self.memory = max(int(node.get("memory", 0)) for node in nodes)
        self.caller.send(("room", room, None))

    def _take_items(self) -> None:
        """Hand over what the caller has sent; wait for something if nothing is under way."""
        while self.caller.poll(None if not self.running else 0):
            number, content, memory = self.caller.recv()
            if memory > self.memory:
                self._refuse(number, memory)
                continue
            arguments = (content, number, self.board, self.level, str(Path.cwd()))
            self.running[self.remote.options(memory=memory).remote(*arguments)] = number

    def _refuse(self, number: int, memory: int) -> None:
        error = SettingError(
            f"A task needs {memory / 1e9:.1f} GB of memory, and the largest machine of the cluster "
            f"gives tasks {self.memory / 1e9:.1f} GB."
        )
        self.caller.send(("result", number, pickle.dumps(error)))

    def _pass_on(self) -> None:
        """Wait a moment for results, and pass them on, after what was said before them."""
        if not self.running:
            return
        done, _ = self.ray.wait(list(self.running), timeout=STEP)
        for message in self._said(LAST_WORDS if done else STEP):
            self.caller.send(message)
        for reference in done:
            self.caller.send(("result", self.running.pop(reference), self._result(reference)))
        if done:
            self._tell_room()

    def _said(self, patience: float) -> list[tuple[str, int, Any]]:
        """Return what tasks have said since the last time, or nothing yet."""
        self.taken = self.taken or self.board.take.remote()
        try:
            said: list[tuple[str, int, Any]] = self.ray.get(self.taken, timeout=patience)
        except self.ray.exceptions.GetTimeoutError:
            return []
        except self.ray.exceptions.RayError:
            said = []  # its machine is gone, and it comes up again on another
        self.taken = None
        return said

    def _result(self, reference: Any) -> bytes:
        """Return a task's pickled result, or the error that took its place."""
        try:
            result: bytes = self.ray.get(reference)
        except self.ray.exceptions.RayTaskError as error:  # before the work began
            said = str(error).strip().splitlines()[-1]
            return pickle.dumps(SinetVideoError(f"The task could not begin: {said}"))
        except self.ray.exceptions.RayError as error:
            said = (str(error).strip().splitlines() or [type(error).__name__])[0]
            died = f"The process that worked on it died {how_often(self.tasks.retries + 1)}"
            return pickle.dumps(SinetVideoError(f"{died}: {said}"))
        return result

    def _end(self) -> None:
        """Ask tasks to end, wait for them, and end those that do not."""
        for force in (False, True):
            for reference in self.running:
                self.ray.cancel(reference, force=force)
            _, left = self.ray.wait(
                list(self.running) or [self.ray.put(None)],
                num_returns=len(self.running) or 1,
                timeout=PATIENCE,
            )
            self.running = dict.fromkeys(left, 0)


class Board:
    """Keeps what tasks say until the driver takes it; an actor. Of news, the latest is enough."""

    def __init__(self) -> None:
        self._logged: list[tuple[str, int, Any]] = []
        self._news: dict[int, tuple[str, int, Any]] = {}

    def put(self, kind: str, number: int, value: Any) -> None:
        """Keep something that a task says."""
        if kind == "news":
            self._news[number] = (kind, number, value)
        else:
            self._logged.append((kind, number, value))

    def take(self) -> list[tuple[str, int, Any]]:
        """Give up what is kept."""
        taken = [*self._logged, *self._news.values()]
        self._logged, self._news = [], {}
        return taken


class _Post:
    """Sends what a task says to the board, in the place of a connection to the caller."""

    def __init__(self, board: Any, number: int) -> None:
        self._board, self._number, self._last = board, number, None

    def send(self, message: tuple[str, Any]) -> None:
        """Send news, or a record to log."""
        kind, value = message
        self._last = self._board.put.remote(kind, self._number, value)

    def close(self) -> None:
        """Wait until the last has arrived."""
        import ray

        if self._last is not None:
            ray.wait([self._last], timeout=LAST_WORDS)


def work_on(content: bytes, number: int, board: Any, level: int, folder: str) -> bytes:
    """Have pickled work done on this machine, whatever it is; return its pickled result.

    Ray's process takes a second to start, so it is kept, and the work has a fresh one of its own.
    """
    # By which Ray cancels tasks; a cluster that was started in the background ignores it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        os.chdir(folder)
    except OSError as error:
        return pickle.dumps(
            SettingError(
                f"The folder {folder} is not on the machine {platform.node()} "
                f"({error.strerror}); work in one that all machines of the cluster see."
            )
        )
    with closing(_Post(board, number)) as post:
        result = _heard(Running(unpickled, content, level, patient=False), post)
    if isinstance(result, ProcessDiedError):
        os._exit(1)  # Ray tries again what its own process dies of
    return pickle.dumps(result)


def _heard(running: Running[bytes], post: _Post) -> Any:
    """Pass on what a process says; return its result. An interrupt ends it."""
    try:
        while True:
            # Ray's interrupts do not wake who waits for good.
            if not running.receiver.poll(STEP):
                continue
            kind, value = running.hear()
            if kind == "result":
                return value
            post.send((kind, value))
    finally:
        end_all([running])


def unpickled(content: bytes, send: Send) -> Any:
    """Do pickled work."""
    work, item = pickle.loads(content)
    return work(item, send)
