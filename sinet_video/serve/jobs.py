"""Jobs: each is a process of its own, a few at a time, the others wait in the order they came."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import time
import zipfile
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from sinet_video.errors import SinetVideoError
from sinet_video.pipeline.destinations import DESTINATIONS
from sinet_video.serve import commands
from sinet_video.serve.processes import run
from sinet_video.serve.workplace import (
    FullError,
    NotThereError,
    StoredClip,
    Workplace,
    new_id,
    own_file,
)

State = Literal["queued", "running", "checking", "done", "failed", "cancelled"]

ACTIVE: tuple[State, ...] = ("queued", "running", "checking")
LOOK = "look"
"""What the job is called that looks through a clip, for the player and its timeline."""


class BusyError(SinetVideoError):
    """A job is not in a state in which that can be done."""


class JobFailedError(SinetVideoError):
    """A job's program failed, and said why."""


@dataclass
class Job:
    """One job.

    Attributes:
        id: its name in addresses.
        clip: what it works on.
        what: a destination's name, or "look".
        words: what Python is started with; it is decided when the job is queued, and later edits
            do not change it.
        command: what does the same in a shell, for an export.
        state: how it is.
        frame, frames: how many are done, and how many there will be, if that is known.
        seconds_left: about, or None.
        seconds: how long it took, when it is done.
        error: why it failed, in the command's own sentence.
        result: the finished file.
        verification: what `sinet-video verify` says of it.
        notes: what the command remarked.
    """

    id: str
    clip: StoredClip
    what: str
    words: list[str] = field(default_factory=list)
    command: str = ""
    state: State = "queued"
    frame: int = 0
    frames: int | None = None
    seconds_left: float | None = None
    seconds: float | None = None
    error: str | None = None
    result: Path | None = None
    verification: dict[str, Any] | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def output(self) -> str:
        """The name of the file or folder that it makes."""
        return f"{self.id}{DESTINATIONS[self.what].suffix}"

    @property
    def layers(self) -> dict[str, str]:
        """What its files are called in a result that has several: shown name to own name."""
        target = DESTINATIONS[self.what]
        if target.page is None or not target.page.plate:
            return {"": self.output}
        plate = commands.plate_of(self.output, target)
        return {f"person{target.suffix}": self.output, f"plate{target.suffix}": plate}

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {
            "id": self.id, "clip": self.clip.id, "what": self.what, "command": self.command,
            "state": self.state, "frame": self.frame, "frames": self.frames,
            "seconds_left": self.seconds_left, "seconds": self.seconds, "error": self.error,
            "notes": self.notes,
            "verification": self.verification,
            "size": self.result.stat().st_size if self.result and self.result.exists() else None,
            "suffix": self.result.suffix if self.result else None,
        }  # fmt: skip

    def hear(self, event: dict[str, Any]) -> None:
        """Take note of what its program said."""
        if event["event"] == "progress":
            self.frame, self.frames = int(event["frame"]), event.get("frames")
            self.seconds_left = event.get("seconds_left")
        elif event["event"] == "done":
            self.frame = int(event["report"]["frames"])
            said = event["report"].get("warnings", [])
            self.notes = [self.shown(str(line)) for line in said]

    def shown(self, text: str) -> str:
        """Return what its program said, in the client's names."""
        if self.what != LOOK:
            target = DESTINATIONS[self.what]
            called = commands.shown_output(self.clip, target).removesuffix(target.suffix)
            text = text.replace(self.id, called)
        return commands.own_names(self.clip, text)


class Jobs:
    """All jobs of a server; a look through a clip begins once `quiet` returns."""

    def __init__(self, workplace: Workplace, quiet: Callable[[], Awaitable[None]]) -> None:
        self._workplace, self._quiet = workplace, quiet
        self._slots = asyncio.Semaphore(workplace.limits.jobs)
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
            job.words = commands.run_words(clip, target, job.output)
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
        if job.what != LOOK:
            _remove(job)

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
            async with self._slots:
                job.state, begun = "running", time.monotonic()
                self._workplace.check_room()
                await work(job)
                job.state, job.seconds_left = "done", None
                job.seconds = round(time.monotonic() - begun, 1)
        except (SinetVideoError, OSError) as error:
            said = error.message if isinstance(error, SinetVideoError) else str(error)
            job.state, job.error = "failed", job.shown(said)
        except asyncio.CancelledError:
            job.state = "cancelled"
            raise
        finally:
            if job.state != "done" and job.what != LOOK:
                _remove(job)

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
        job.verification = _verification(job)
        job.result = await asyncio.to_thread(_packed, job)
        own_file(job.result, clip.folder)


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


def _verification(job: Job) -> dict[str, Any] | None:
    """Return the checks of a result, in the client's names; those of all its files."""
    checks: list[dict[str, Any]] = []
    for called, name in job.layers.items():
        path = job.clip.folder / f"{name}.{commands.VERIFICATION}"
        try:
            found = json.loads(path.read_text())
        except (OSError, ValueError):
            return None
        checks += [_shown_check(job, called, check) for check in found["checks"]]
    return {"holds": all(check["holds"] is not False for check in checks), "checks": checks}


def _shown_check(job: Job, called: str, check: dict[str, Any]) -> dict[str, Any]:
    name = f"{called}, {check['name']}" if called else check["name"]
    return {**check, "name": name, "detail": job.shown(check["detail"])}


def _packed(job: Job) -> Path:
    """Return the one file of a result; several are packed as they are, and go."""
    made = job.clip.folder / job.output
    if len(job.layers) > 1:
        files = {called: job.clip.folder / name for called, name in job.layers.items()}
    elif made.is_dir():
        files = {f"matte/{file.name}": file for file in sorted(made.iterdir())}
    else:
        return made
    target = made.with_suffix(".zip")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for called, file in files.items():
            archive.write(file, called)
            file.unlink()
    if made.is_dir():
        made.rmdir()
    return target


def _remove(job: Job) -> None:
    """Remove what a job made, whatever of it there is."""
    job.result = None
    for path in job.clip.folder.glob(f"{job.id}*"):
        remove: Callable[[Path], None] = shutil.rmtree if path.is_dir() else Path.unlink
        remove(path)
