"""Jobs: each is a process of its own, a few at a time.

The others wait in the order they came, exports before looks: somebody waits for an export.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from sinet_video.errors import SinetVideoError
from sinet_video.pipeline.destinations import DESTINATIONS
from sinet_video.serve import commands
from sinet_video.serve.job import ACTIVE, LOOK, Job
from sinet_video.serve.processes import run
from sinet_video.serve.results import packed, remove, verification
from sinet_video.serve.workplace import (
    FullError,
    NotThereError,
    StoredClip,
    Workplace,
    new_id,
    own_file,
)


class BusyError(SinetVideoError):
    """A job is not in a state in which that can be done."""


class JobFailedError(SinetVideoError):
    """A job's program failed, and said why."""


class Jobs:
    """All jobs of a server; a look through a clip begins once `quiet` returns."""

    def __init__(self, workplace: Workplace, quiet: Callable[[], Awaitable[None]]) -> None:
        self._workplace, self._quiet = workplace, quiet
        self._turns = Turns(workplace.limits.jobs)
        self._jobs: dict[str, Job] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def all(self) -> list[Job]:
        """Return all of them, in the order in which they came."""
        return list(self._jobs.values())

    def find(self, name: str) -> Job:
        """Return a job. Raises `NotThereError`."""
        if name not in self._jobs:
            raise NotThereError("There is no such job; it may have been deleted.")
        return self._jobs[name]

    def add(self, clip: StoredClip, what: str) -> Job:
        """Queue a job. Raises `FullError` for a clip that has too many."""
        most = self._workplace.limits.results
        if what != LOOK and sum(j.clip is clip and j.what != LOOK for j in self.all()) >= most:
            raise FullError(f"The clip has {most} exports, as --max-results says; delete one.")
        job = Job(new_id(), clip, what)
        job.words = commands.look_words(clip)
        if what != LOOK:
            target = DESTINATIONS[what]
            job.words = commands.run_words(clip, target, job.output, job.keep)
            job.command = commands.shown_command(clip, target)
        self._jobs[job.id] = job
        self._begin(job)
        return job

    def retry(self, job: Job) -> None:
        """Queue a job again that did not come to its end. Raises `BusyError`."""
        if job.state not in ("failed", "cancelled"):
            raise BusyError(
                f"The job is {job.state}; only one that failed or was cancelled is retried."
            )
        job.state, job.frame, job.error, job.seconds_left = "queued", 0, None, None
        self._begin(job)

    async def cancel(self, job: Job) -> None:
        """End a job's program, and wait until it has ended. Raises `BusyError`."""
        if job.state not in ACTIVE:
            raise BusyError(f"The job is {job.state} already.")
        task = self._tasks[job.id]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        job.state = "cancelled"

    async def delete(self, job: Job) -> None:
        """Forget a job, ending it if it runs, and remove its result."""
        if job.state in ACTIVE:
            await self.cancel(job)
        self._jobs.pop(job.id, None)
        self._tasks.pop(job.id, None)
        job.forget_kept()
        if job.what != LOOK:
            remove(job)

    async def delete_of(self, clip: StoredClip) -> None:
        """Delete all jobs of a clip."""
        for job in self.all():
            if job.clip is clip:
                await self.delete(job)

    async def close(self) -> None:
        """End all of them."""
        running = [task for task in self._tasks.values() if not task.done()]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _begin(self, job: Job) -> None:
        self._tasks[job.id] = asyncio.create_task(self._whole(job))

    async def _whole(self, job: Job) -> None:
        work = self._look if job.what == LOOK else self._export
        try:
            async with self._turns.of(job):
                job.state, begun = "running", time.monotonic()
                self._workplace.check_room()
                await work(job)
                job.state, job.seconds_left = "done", None
                job.forget_kept()
                job.seconds = round(time.monotonic() - begun, 1)
        except (SinetVideoError, OSError) as error:
            said = error.message if isinstance(error, SinetVideoError) else str(error)
            job.state, job.error = "failed", job.shown(said)
        except asyncio.CancelledError:
            job.state = "cancelled"
            raise
        finally:
            if job.state != "done" and job.what != LOOK:
                remove(job)

    async def _look(self, job: Job) -> None:
        await self._quiet()
        await finished(run(job.words, job.clip.folder, job.hear))

    async def _export(self, job: Job) -> None:
        clip, target = job.clip, DESTINATIONS[job.what]
        await finished(run(job.words, clip.folder, job.hear))
        job.state, job.seconds_left = "checking", None
        for name in job.layers.values():
            is_plate = name != job.output
            words = commands.verify_words(clip, target, name, is_plate=is_plate)
            await run(words, clip.folder, lambda _: None)
        job.verification = verification(job)
        job.result = await asyncio.to_thread(packed, job)
        own_file(job.result, clip.folder)


class Turns:
    """Who may work: so many at a time, exports before looks."""

    def __init__(self, most: int) -> None:
        self._free, self._waiting = most, list[Job]()
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def of(self, job: Job) -> AsyncIterator[None]:
        """Wait until it is a job's turn, which ends with the context."""
        self._waiting.append(job)
        async with self._changed:
            try:
                await self._changed.wait_for(lambda: self._free and job is self._next())
                self._free -= 1
            finally:
                self._waiting.remove(job)
                self._changed.notify_all()
        try:
            yield
        finally:
            self._free += 1
            async with self._changed:
                self._changed.notify_all()

    def _next(self) -> Job:
        return min(self._waiting, key=lambda job: job.what == LOOK)


async def finished(running: Coroutine[Any, Any, tuple[int, str]]) -> None:
    """Wait for a program's end. Raises `JobFailedError` with what it said last."""
    status, said = await running
    if status < 0:
        raise JobFailedError(
            f"The job was ended from outside ({signal.Signals(-status).name}); try again."
        )
    if status:
        raise JobFailedError(
            said.splitlines()[-1] if said else f"The job failed with status {status}."
        )
