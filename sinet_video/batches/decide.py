"""What is left to do in a batch, according to the files on disk and the manifest."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sinet_video.batches.manifest import Entry
from sinet_video.batches.naming import Task
from sinet_video.containers.numbering import find_numbered, is_pattern
from sinet_video.pipeline.resuming import fingerprint
from sinet_video.pipeline.resuming.job_folder import is_finished
from sinet_video.remote.address import StrPath
from sinet_video.remote.store import store_of


@dataclass(frozen=True)
class Rules:
    """Which clips to convert again.

    Attributes:
        overwrite: all of it.
        retry_failed: only what failed before.
        skip_existing: nothing that exists, whatever it was made of.
    """

    overwrite: bool = False
    retry_failed: bool = False
    skip_existing: bool = False


@dataclass(frozen=True)
class Step:
    """One clip, whether to convert it, and `why`, in a few words.

    `replaces` means that an existing output is ours and may be replaced.
    """

    task: Task
    wanted: bool
    why: str
    replaces: bool = False


def decide(
    tasks: Iterable[Task], known: Mapping[str, Entry], options: Mapping[str, str], rules: Rules
) -> list[Step]:
    """Return the decision for each clip; `options` are those of this call, as text.

    Raises `InputError` for a host that cannot be asked.
    """
    return [_step(task, known.get(task.name), options, rules) for task in tasks]


def _step(task: Task, entry: Entry | None, options: Mapping[str, str], rules: Rules) -> Step:
    failed = entry is not None and entry.outcome == "failed"
    if rules.retry_failed and not failed:
        return Step(task, False, "did not fail before")
    if not is_there(task.output):
        return Step(task, True, _reason_if_absent(task.output, entry))
    if rules.overwrite:
        return Step(task, True, "overwritten", replaces=True)
    if rules.skip_existing:
        return Step(task, False, f"{task.output} exists")
    return _step_if_present(task, entry, options)


def _reason_if_absent(output: StrPath, entry: Entry | None) -> str:
    if isinstance(output, Path) and is_finished(output) is not None:
        return "was interrupted"
    if entry is None:
        return "new"
    return "failed before" if entry.outcome == "failed" else "result is missing"


def _step_if_present(task: Task, entry: Entry | None, options: Mapping[str, str]) -> Step:
    """Decide about a clip whose output exists."""
    if entry is None or entry.outcome == "failed":
        return Step(task, False, f"{task.output} exists, and is not in the manifest")
    if not (changes := _changes(task, entry, options)):
        return Step(task, False, "done before")
    if entry.written != identity_of_output(task.output):
        why = f"{task.output} was changed since it was made, and so was {changes}"
        return Step(task, False, why)
    return Step(task, True, f"{changes} changed", replaces=True)


def _changes(task: Task, entry: Entry, options: Mapping[str, str]) -> str:
    """Return what changed since an output was made, or ""."""
    changed = fingerprint.differing(entry.options, options)
    if entry.identity != identity_of_source(task.source):
        changed.insert(0, "the input")
    if task.matte is not None and not is_there(task.matte):
        changed.append("the matte")
    return ", ".join(changed)


def is_there(output: StrPath) -> bool:
    """Whether an output exists and no interrupted job has yet to finish it."""
    if not isinstance(output, Path):
        return not store_of(output).is_free(output)
    if not os.path.lexists(output) or (output.is_dir() and not any(output.iterdir())):
        return False
    kept = is_finished(output)
    return kept is None or kept.made is None


def identity_of_source(path: StrPath) -> str:
    """Return an identity of a file, or "" if it cannot be read."""
    try:
        if not isinstance(path, Path):
            return str(store_of(path).facts(path) or "")
        numbered = not path.exists() and is_pattern(path)
        files = list(find_numbered(path).files.values()) if numbered else [path]
        return fingerprint.of_files(files)
    except OSError:
        return ""


def identity_of_output(path: StrPath) -> str:
    """Return a file's size and modification time, or what its host says; "" for a folder."""
    if not isinstance(path, Path):
        return identity_of_source(path)
    try:
        stat = path.stat()
    except OSError:
        return ""
    return "" if path.is_dir() else f"{stat.st_size} {stat.st_mtime_ns}"
