"""Batches: many clips into one folder, skipping finished ones and surviving bad ones."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from sinet_video.atomic import translate_write_errors
from sinet_video.batches import processes
from sinet_video.batches.clip_job import (
    CORES_A_JOB,
    ClipJob,
    Convert,
    Outcome,
    options_in,
    outcome_of,
    skipped,
)
from sinet_video.batches.decide import Rules, Step, decide
from sinet_video.batches.estimate import size_of
from sinet_video.batches.inputs import find, named
from sinet_video.batches.manifest import Manifest
from sinet_video.batches.naming import Naming, tasks
from sinet_video.batches.pace import Pace, State
from sinet_video.batches.ray_engine import RayEngine
from sinet_video.containers.formats import CONTAINERS
from sinet_video.errors import OutputError, Remedy, SettingError, reason
from sinet_video.paths import check_paths
from sinet_video.pipeline.conversion import Conversion
from sinet_video.pipeline.report import Report
from sinet_video.pipeline.shard import Shard
from sinet_video.read_ahead import cores
from sinet_video.remote.address import any_remote, check_allowed, pure_path, scheme_of
from sinet_video.remote.convert import check_remote, unstaged
from sinet_video.remote.settings import StageSettings


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
    engine: RayEngine | None = None,
    keep_times: bool = False,
    manifest: str | Path | None = None,
    stage: StageSettings = StageSettings(),
    progress: Callable[[State], None] | None = None,
) -> Iterator[Outcome]:
    """Convert every video in files, folders and patterns into a folder, yielding each outcome.

    A manifest in the folder records the outcome of each clip. The same call again therefore
    converts only what is missing, what failed, and what changed: the input or the options, but not
    the version of this library. It does not replace files that it did not make, or that have
    changed since, unless `rules` say so.

    `jobs` is how many clips are converted at a time, each in its own process; 0 converts them one
    after another in this process, and `convert` may then be any function of source and output. With
    `engine`, a Ray cluster converts them, whose machines must see the same files. With
    `recursive`, subfolders are searched too, and recreated in the output folder. With `shard`, only
    that part of the clips is converted. With `keep_times`, outputs get the modification times of
    their inputs. `progress` is called during conversion; an exception in it ends the batch.

    Inputs and `folder` may also be URLs, if `convert.settings.allow` is "network": of files, and in
    object storage of folders, with a slash at the end. Each file is staged as `stage` says. The
    manifest is then kept in the folder `manifest`, which by default is that of the results.

    A clip that fails, for whatever reason, does not stop the others. Raises `InputError` at once
    for an input that matches nothing, and `SettingError` if two inputs would write the same output.
    """
    steps = plan_batch(
        inputs, folder, convert, naming=naming, recursive=recursive, shard=shard, rules=rules,
        manifest=manifest,
    )  # fmt: skip
    yield from run_batch(
        steps, folder, convert, jobs=jobs, engine=engine, keep_times=keep_times, manifest=manifest,
        stage=stage, progress=progress,
    )  # fmt: skip


def run_batch(
    steps: list[Step],
    folder: str | Path,
    convert: Convert = Conversion(),
    *,
    jobs: int = 0,
    engine: RayEngine | None = None,
    keep_times: bool = False,
    manifest: str | Path | None = None,
    stage: StageSettings = StageSettings(),
    progress: Callable[[State], None] | None = None,
) -> Iterator[Outcome]:
    """Run the steps that `plan_batch` returned, as `batch` does.

    Raises `OutputError` if the manifest cannot be written.
    """
    _check(steps, convert, keep_times=keep_times)
    kept_in = manifest_folder(folder, manifest)
    for each in (folder, kept_in):
        if not scheme_of(each):
            make_folder(each)
    for step in steps:
        if not step.wanted:
            yield skipped(step)
    wanted = [step for step in steps if step.wanted]
    begun = None if engine is None else time.time()
    job = ClipJob(convert, keep_times, options_in(convert), stage, begun)
    pace = Pace({step.task.name: size_of(step.task.source) for step in wanted}, progress)
    kept = Manifest(kept_in)
    for step, result in _converted(wanted, job, engine or jobs, pace):
        kept.add(job.entry(step.task, result))
        pace.finish(step.task)
        yield outcome_of(step, result)


def make_folder(folder: str | Path) -> None:
    """Make the folder of a batch. Raises `OutputError`."""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"The folder {folder} cannot be made ({reason(error)}).") from error


def plan_batch(
    inputs: Iterable[str | Path],
    folder: str | Path,
    convert: Convert = Conversion(),
    *,
    naming: Naming = Naming(),
    recursive: bool = False,
    shard: Shard | None = None,
    rules: Rules = Rules(),
    manifest: str | Path | None = None,
) -> list[Step]:
    """Return what `batch` would do with every clip, and why, without doing anything."""
    check_paths(output=folder)
    given = named(inputs)
    for each in (*given, folder):
        check_allowed(each, convert.settings.allow if isinstance(convert, Conversion) else "")
    kept_in = manifest_folder(folder, manifest)
    folder = folder if scheme_of(folder) else Path(folder)
    within = folder.absolute() if isinstance(folder, Path) else None
    found = find(given, recursive=recursive, exclude=within, stills=naming.takes_stills)
    ours = tasks(found, folder, naming)
    if shard is not None:
        ours = [task for task in ours if shard.has(task.name)]
    with translate_write_errors(Path(kept_in)):
        return decide(ours, Manifest(kept_in).entries(), options_in(convert), rules)


def manifest_folder(folder: str | Path, manifest: str | Path | None) -> Path:
    """Return the folder of a batch's manifest. Raises `SettingError` where it must be given."""
    check_paths(manifest=manifest)
    kept_in = folder if manifest is None else manifest
    if scheme_of(kept_in):
        raise SettingError(
            f"A manifest is not kept on another host, as {kept_in} is; choose a folder here for "
            "it, the same each time.",
            remedy=Remedy("manifest", "FOLDER", "for that"),
        )
    return Path(kept_in)


def _check(steps: list[Step], convert: Convert, *, keep_times: bool) -> None:
    """Raise errors that concern all clips once, before anything is done."""
    wanted = [step.task for step in steps if step.wanted]
    for output in {pure_path(task.output).suffix: task.output for task in wanted}.values():
        check_output(Path(pure_path(output).name) if scheme_of(output) else Path(output), convert)
    for task in wanted:
        if not isinstance(convert, Conversion) or not any_remote(task.source, *task.results):
            continue
        check_remote(convert, task.source, *task.results)
        if keep_times:
            raise SettingError("Times are kept of local files only; leave keep_times out.")


def check_output(output: Path, convert: Convert) -> None:
    """Raise errors that concern all clips whose results have such a name."""
    if isinstance(convert, Conversion):
        named = output.suffix.lower() in CONTAINERS
        # A folder's name may have a dot, which is no extension.
        unstaged(convert).check(output if named else output.with_name("folder"))


def _converted(
    steps: list[Step], job: ClipJob, jobs: int | RayEngine, pace: Pace
) -> Iterator[tuple[Step, Report | Exception]]:
    """Convert clips, in this process or in others, here or elsewhere."""
    if isinstance(jobs, RayEngine):
        with jobs.cluster() as cluster:
            yield from cluster.run(steps, job, partial(note, pace), job.memory)
        return
    if jobs > 0:
        yield from processes.run(steps, job, jobs, partial(note, pace))
        return
    for step in steps:
        try:
            yield step, job(step, partial(note, pace, step))
        except Exception as error:
            yield step, error


def note(pace: Pace, step: Step, news: tuple[int, int | None]) -> None:
    """Pass on how far a clip is."""
    pace.note(step.task, *news)


def default_jobs(clips: int) -> int:
    """Return how many clips to convert at a time on this machine, by its cores and memory."""
    return max(1, min(clips, cores() // CORES_A_JOB, _memory() // BYTES_A_JOB))


BYTES_A_JOB = 2 << 30
"""Enough for a clip of 3840x2160."""


def _memory() -> int:
    """Return the machine's memory in bytes, or a large number if the system does not report it."""
    if sys.platform == "win32" or "SC_PHYS_PAGES" not in os.sysconf_names:
        return 1 << 50
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
