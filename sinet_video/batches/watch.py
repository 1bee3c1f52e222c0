"""A batch that watches its folders: a clip is taken when it has stopped growing.

Folders are looked through every so often. Notices of the system would not save that: none come from
files that other machines write on a network drive, and none says that a file will not grow any
more, as a writer may close it and go on. To look through ten thousand files takes a thirtieth of a
second.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from glob import has_magic
from pathlib import Path

from sinet_video.atomic import translate_write_errors
from sinet_video.batches import processes
from sinet_video.batches.batch import check_output, make_folder, note
from sinet_video.batches.clip_job import (
    ClipJob,
    Convert,
    Outcome,
    options_in,
    outcome_of,
    skipped,
)
from sinet_video.batches.decide import Rules, Step, decide
from sinet_video.batches.estimate import size_of
from sinet_video.batches.inputs import Found, find, named
from sinet_video.batches.manifest import Manifest
from sinet_video.batches.naming import Naming, Task, clash, tasks
from sinet_video.batches.pace import Pace, State
from sinet_video.errors import InputError, SettingError
from sinet_video.paths import check_paths
from sinet_video.pipeline.conversion import Conversion
from sinet_video.pipeline.report import Report
from sinet_video.pipeline.shard import Shard
from sinet_video.remote.address import StrPath, scheme_of

EVERY = 2.0
"""Seconds between two looks through the folders."""

AGAIN = 1.0
"""Seconds between two times that `stop` is asked."""

Version = tuple[int, int]
"""A file's size and modification time in nanoseconds: it grows as long as these change."""


def watch_batch(
    inputs: Iterable[str | Path],
    folder: str | Path,
    convert: Convert = Conversion(),
    *,
    naming: Naming = Naming(),
    recursive: bool = False,
    shard: Shard | None = None,
    rules: Rules = Rules(),
    jobs: int = 1,
    keep_times: bool = False,
    settle: float = 5.0,
    stop: Callable[[], bool] = lambda: False,
    progress: Callable[[State], None] | None = None,
) -> Iterator[Outcome]:
    """Convert what is in folders and patterns, and what comes into them, until `stop` says so.

    A clip is converted once it has not changed for `settle` seconds, and again when it has changed
    after that. `stop` is asked every second; clips at work are ended then, and leave nothing. All
    else is as in `batch`, but `jobs` is 1 or more, and of two inputs with one output the second
    fails. Raises `InputError` for a folder that is not there to begin with.
    """
    check_paths(output=folder)
    if scheme_of(folder):
        raise SettingError(f"{folder} is on another host; a watched folder's results stay here.")
    given, folder = [str(each) for each in named(inputs)], Path(folder)
    if not settle >= 0:
        raise SettingError(f"Settle is {settle:g}; it must be 0 or more, in seconds.")
    _check_there(given)
    check_output(folder / f"a.{naming.to}", convert)
    make_folder(folder)
    look = partial(find, recursive=recursive, exclude=folder.absolute(), stills=naming.takes_stills)
    watched = Watched(lambda: _found(given, look), settle)
    choice = _Choice(folder, naming, shard, rules, options_in(convert))
    pace, job = Pace({}, progress), ClipJob(convert, keep_times, choice.options)
    manifest = Manifest(folder)
    with closing(processes.Pool[Step, Report](job, jobs, partial(note, pace))) as pool:
        while not stop():
            for file in watched.settled():
                choice.take(file, manifest)
            yield from choice.told()
            while pool.has_room and choice.wanted:
                step = choice.wanted.popleft()
                pace.expect(step.task.name, size_of(step.task.source))
                pool.start(step)
            if not pool.busy:
                time.sleep(AGAIN)
            for step, result in pool.ready(AGAIN):
                manifest.add(job.entry(step.task, result))
                pace.finish(step.task)
                yield outcome_of(step, result)


def _check_there(inputs: list[str]) -> None:
    for each in inputs:
        if scheme_of(each):
            raise SettingError(f"{each} is on another host; only folders here can be watched.")
        path = Path(each)
        if not (path.is_dir() or path.is_file() or has_magic(each)):
            raise InputError(f"There is no file or folder {each} to watch; make the folder first.")


def _found(inputs: list[str], look: Callable[[list[str]], list[Found]]) -> list[Found]:
    """Return the files that there are now; that there are none is no error."""
    found: list[Found] = []
    for each in inputs:
        try:
            found += look([each])
        except InputError:
            continue
    return found


class Watched:
    """Files that come and grow: `found` says which there are, `clock` what time it is."""

    def __init__(
        self,
        found: Callable[[], Iterable[Found]],
        settle: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._found, self._settle, self._clock = found, settle, clock
        self._seen: dict[Path, tuple[Version, float]] = {}
        self._given: dict[Path, Version] = {}
        self._looked: float | None = None

    def settled(self) -> list[Found]:
        """Return the files that have stopped growing, each once for each time that it changed."""
        now = self._clock()
        if self._looked is not None and now - self._looked < min(EVERY, self._settle):
            return []
        self._looked = now
        present = {Path(each.path): each for each in self._found()}
        for gone in self._seen.keys() - present.keys():
            self._given.pop(gone, None)
        self._seen = {path: self._since(path, now) for path in present}
        ready = [path for path, (_, since) in self._seen.items() if now - since >= self._settle]
        fresh = [path for path in ready if self._given.get(path) != self._seen[path][0]]
        self._given |= {path: self._seen[path][0] for path in fresh}
        return [present[path] for path in fresh]

    def _since(self, path: Path, now: float) -> tuple[Version, float]:
        """Return a file's version, and since when it is the same."""
        version = _version(path)
        before = self._seen.get(path)
        return before if before is not None and before[0] == version else (version, now)


def _version(path: Path) -> Version:
    try:
        stat = path.stat()
    except OSError:  # it has gone, or is a pattern
        return 0, 0
    return stat.st_size, stat.st_mtime_ns


@dataclass
class _Choice:
    """What to do with each file that has settled, and with which it would share a result."""

    folder: Path
    naming: Naming
    shard: Shard | None
    rules: Rules
    options: dict[str, str]
    wanted: deque[Step] = field(default_factory=deque)
    _told: list[Outcome] = field(default_factory=list)
    _taken: dict[StrPath, Found] = field(default_factory=dict)

    def take(self, found: Found, manifest: Manifest) -> None:
        """Decide about a file."""
        try:
            (task,) = tasks([found], self.folder, self.naming)
            self._check_free(task, found)
        except SettingError as error:
            self._told.append(Outcome(found.path, self.folder, "failed", "new", error=error))
            return
        if self.shard is not None and not self.shard.has(task.name):
            return
        with translate_write_errors(self.folder):
            (step,) = decide([task], manifest.entries(), self.options, self.rules)
        if step.wanted:
            self.wanted.append(step)
        else:
            self._told.append(skipped(step))

    def told(self) -> list[Outcome]:
        """Return what became of files that need no work, once."""
        told, self._told = self._told, []
        return told

    def _check_free(self, task: Task, found: Found) -> None:
        for path in task.results:
            rival = self._taken.setdefault(path, found)
            if rival.path != found.path:
                raise clash(rival, found, path, "template" if path == task.output else "matte")
