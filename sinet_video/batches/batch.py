"""Batches: many clips into one folder, skipping finished ones and surviving bad ones."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal

from sinet_video.atomic import translate_write_errors
from sinet_video.batches import processes
from sinet_video.batches.decide import (
    Rules,
    Step,
    decide,
    identity_of_output,
    identity_of_source,
)
from sinet_video.batches.inputs import find
from sinet_video.batches.manifest import Entry, Manifest
from sinet_video.batches.naming import Naming, Task, tasks
from sinet_video.batches.pace import Pace, State
from sinet_video.containers.formats import CONTAINERS
from sinet_video.errors import OutputError, SinetVideoError, reason
from sinet_video.paths import check_named
from sinet_video.pipeline.conversion import Conversion
from sinet_video.pipeline.report import Report, expected_frames
from sinet_video.pipeline.shard import Shard

LOGGER = logging.getLogger("sinet_video")

Convert = Conversion | Callable[[Path, Path], Report]
"""Converts one clip: settings, or your own function of source and output."""


@dataclass(frozen=True)
class Outcome:
    """The result of one clip of a batch.

    Attributes:
        source, output: its files.
        status: "done", "skipped" or "failed".
        why: why it was converted or skipped, in a few words.
        report: its report, if it is done.
        error: the error, if it failed.
    """

    source: Path
    output: Path
    status: Literal["done", "skipped", "failed"]
    why: str = ""
    report: Report | None = None
    error: SinetVideoError | None = None


def batch(
    inputs: Iterable[str | Path],
    folder: str | Path,
    convert: Convert = Conversion(),
    *,
    naming: Naming = Naming(),
    recursive: bool = False,
    shard: Shard | None = None,
    rules: Rules = Rules(),
    jobs: int = 0,
    keep_times: bool = False,
    progress: Callable[[State], None] | None = None,
) -> Iterator[Outcome]:
    """Convert every video in files, folders and patterns into a folder, yielding each outcome.

    A manifest in the folder records the outcome of each clip. The same call again therefore
    converts only what is missing, what failed, and what changed: the input or the options, but not
    the version of this library. It does not replace files that it did not make, or that have
    changed since, unless `rules` say so.

    `jobs` is how many clips are converted at a time, each in its own process; 0 converts them one
    after another in this process, and `convert` may then be any function of source and output. With
    `recursive`, subfolders are searched too, and recreated in the output folder. With `shard`, only
    that part of the clips is converted. With `keep_times`, outputs get the modification times of
    their inputs. `progress` is called during conversion; an exception in it ends the batch.

    A clip that fails, for whatever reason, does not stop the others. Raises `InputError` at once
    for an input that matches nothing, and `SettingError` if two inputs would write the same output.
    """
    steps = plan_batch(
        inputs, folder, convert, naming=naming, recursive=recursive, shard=shard, rules=rules
    )
    yield from run_batch(
        steps, folder, convert, jobs=jobs, keep_times=keep_times, progress=progress
    )


def run_batch(
    steps: list[Step],
    folder: str | Path,
    convert: Convert = Conversion(),
    *,
    jobs: int = 0,
    keep_times: bool = False,
    progress: Callable[[State], None] | None = None,
) -> Iterator[Outcome]:
    """Run the steps that `plan_batch` returned, as `batch` does.

    Raises `OutputError` if the manifest cannot be written.
    """
    _check(steps, convert)
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"The folder {folder} cannot be made ({reason(error)}).") from error
    for step in steps:
        if not step.wanted:
            yield Outcome(step.task.source, step.task.output, "skipped", step.why)
    wanted = [step for step in steps if step.wanted]
    job = _Batch(convert, keep_times, _options(convert))
    pace = Pace({step.task.name: _size(step.task.source) for step in wanted}, progress)
    manifest = Manifest(folder)
    for step, result in _converted(wanted, job, jobs, pace):
        manifest.add(job.entry(step.task, result))
        pace.finish(step.task)
        yield _outcome(step, result)


def plan_batch(
    inputs: Iterable[str | Path],
    folder: str | Path,
    convert: Convert = Conversion(),
    *,
    naming: Naming = Naming(),
    recursive: bool = False,
    shard: Shard | None = None,
    rules: Rules = Rules(),
) -> list[Step]:
    """Return what `batch` would do with every clip, and why, without doing anything."""
    check_named(output=str(folder))
    folder = Path(folder)
    found = find(inputs, recursive=recursive, exclude=folder.absolute(), stills=naming.takes_stills)
    ours = tasks(found, folder, naming)
    if shard is not None:
        ours = [task for task in ours if shard.has(task.name)]
    with translate_write_errors(folder):
        return decide(ours, Manifest(folder).entries(), _options(convert), rules)


def _check(steps: list[Step], convert: Convert) -> None:
    """Raise errors that concern all clips once, before anything is done."""
    kinds = {step.task.output.suffix: step.task.output for step in steps if step.wanted}
    if isinstance(convert, Conversion):
        for output in kinds.values():
            named = output.suffix.lower() in CONTAINERS
            # A folder's name may have a dot, which is no extension.
            convert.check(output if named else output.with_name("folder"))


def _options(convert: Convert) -> dict[str, str]:
    return convert.described() if isinstance(convert, Conversion) else {}


def _converted(
    steps: list[Step], job: _Batch, jobs: int, pace: Pace
) -> Iterator[tuple[Step, Report | Exception]]:
    """Convert clips, in this process or in others."""
    if jobs > 0:
        yield from processes.run(steps, job, jobs, partial(_note, pace))
        return
    for step in steps:
        try:
            yield step, job(step, partial(_note, pace, step))
        except Exception as error:
            yield step, error


def _note(pace: Pace, step: Step, news: tuple[int, int | None]) -> None:
    pace.note(step.task, *news)


@dataclass(frozen=True)
class _Batch:
    """How to convert each clip of a batch; can be sent to other processes."""

    convert: Convert
    keep_times: bool
    options: dict[str, str]

    def __call__(self, step: Step, send: processes.Send) -> Report:
        """Convert one clip; `send` is called with the frames done and the frames expected."""
        task = step.task
        with translate_write_errors(task.output):
            task.output.parent.mkdir(parents=True, exist_ok=True)
            with _folder_for(task.output):
                report = self._convert(step, send)
            if self.keep_times:
                _copy_times(task)
        return report

    def _convert(self, step: Step, send: processes.Send) -> Report:
        task, convert = step.task, self.convert
        if not isinstance(convert, Conversion):
            return convert(task.source, task.output)
        span = convert.span
        return convert(
            task.source,
            task.output,
            matte=task.matte,
            overwrite=step.replaces,
            progress=lambda frames, clip: send((frames, expected_frames(clip, span))),
        )

    def entry(self, task: Task, result: Report | Exception) -> Entry:
        """Return the manifest's entry for a clip."""
        entry = Entry(
            name=task.name,
            source=str(task.source.absolute()),
            identity=identity_of_source(task.source),
            options=self.options,
            outcome="done",
            finished=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        if isinstance(result, Exception):
            why = result.message if isinstance(result, SinetVideoError) else str(result)
            return replace(entry, outcome="failed", reason=why)
        written = identity_of_output(task.output)
        return replace(entry, written=written, report=asdict(result))


def _outcome(step: Step, result: Report | Exception) -> Outcome:
    task = step.task
    outcome = Outcome(task.source, task.output, "done", step.why)
    if not isinstance(result, Exception):
        return replace(outcome, report=result)
    if not isinstance(result, SinetVideoError):  # not from another process, which has said so
        LOGGER.error("%s failed", task.source, exc_info=result)
        result = SinetVideoError(f"{type(result).__name__}: {result}")
    said = str(result)
    if str(task.source) not in said and str(task.output) not in said:
        result = SinetVideoError(f"{task.source}: {result.message}", remedy=result.remedy)
    return replace(outcome, status="failed", error=result)


@contextmanager
def _folder_for(output: Path) -> Iterator[None]:
    """Create an output folder whose name has a dot; remove it again if nothing is written."""
    if not output.suffix or output.suffix.lower() in CONTAINERS or output.exists():
        yield
        return
    output.mkdir()
    try:
        yield
    finally:
        if not any(output.iterdir()):
            output.rmdir()


def _copy_times(task: Task) -> None:
    """Copy the input's access and modification times to the results."""
    if not task.source.exists():  # a pattern, which has no times of its own
        return
    stat = task.source.stat()
    for path in filter(None, (task.output, task.matte)):
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def default_jobs(clips: int) -> int:
    """Return how many clips to convert at a time on this machine, by its cores and memory."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(clips, (cores or 1) // CORES_A_JOB, _memory() // BYTES_A_JOB))


CORES_A_JOB = 4
"""A job runs decoding, the network, the other stages and the encoder side by side."""

BYTES_A_JOB = 2 << 30
"""Enough for a clip of 3840x2160."""


def _memory() -> int:
    """Return the machine's memory in bytes, or a large number if the system does not report it."""
    names: Any = getattr(os, "sysconf_names", {})
    if "SC_PHYS_PAGES" not in names:
        return 1 << 50
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
