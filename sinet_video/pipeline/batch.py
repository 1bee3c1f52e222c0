"""Many files, one after another: what is done is skipped, and one bad file stops nothing."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from os.path import abspath
from pathlib import Path
from typing import Literal

from sinet_video.errors import InputError, OutputError, SettingError, SinetVideoError
from sinet_video.pipeline.job_folder import is_finished
from sinet_video.pipeline.report import Report

VIDEO_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts"}
    | {".wmv", ".flv", ".ogv", ".3gp", ".gif", ".mxf"}
)
"""What counts as a video when a folder is given; files named one by one may have any name."""


@dataclass(frozen=True)
class Outcome:
    """What became of one file of a batch; `report` if done, `error` if it failed."""

    source: Path
    output: Path
    status: Literal["done", "skipped", "failed"]
    report: Report | None = None
    error: SinetVideoError | None = None


def batch(
    inputs: Iterable[str | Path],
    folder: str | Path,
    convert: Callable[[Path, Path], Report],
    *,
    suffix: str = ".mp4",
    overwrite: bool = False,
) -> Iterator[Outcome]:
    """Convert every video of files, folders and globs into a folder, yielding as each is done.

    `convert` does one file: a lambda around `sinet_video.convert` with the settings wanted. An
    output has its input's name with another suffix ("" for folders of PNGs); one that exists is
    skipped unless `overwrite`, or an interrupted job had yet to put all of it there. Raises
    `InputError` at once when an input matches nothing, and `SettingError` when two inputs would
    write one output.
    """
    jobs = plan_batch(inputs, Path(folder), suffix)
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"The folder {folder} cannot be made ({error.strerror}).") from error
    for source, output in jobs:
        yield _one(source, output, convert, overwrite=overwrite)


def plan_batch(inputs: Iterable[str | Path], folder: Path, suffix: str) -> list[tuple[Path, Path]]:
    """Return (source, output) for each file of a batch, in order, each source once."""
    jobs: dict[Path, Path] = {}
    # Not Path.resolve: two links to one file are two inputs.
    sources = {abspath(found): found for given in inputs for found in expand(given)}  # noqa: PTH100
    for source in sources.values():
        output = folder / (source.stem + suffix)
        rival = next((s for s, o in jobs.items() if o == output and s != source), None)
        if rival:
            raise SettingError(
                f"{rival} and {source} would both become {output}; convert them into different "
                "folders."
            )
        jobs[source] = output
    return list(jobs.items())


def expand(given: str | Path) -> list[Path]:
    """Return the files that a file, folder or glob stands for, sorted."""
    path = Path(given)
    if path.is_dir():
        found = [p for p in path.iterdir() if p.is_file() and p.suffix.lower() in VIDEO_SUFFIXES]
    elif path.exists():
        found = [path]
    else:
        # Not Path.glob, which takes no absolute patterns.
        found = [Path(name) for name in glob.glob(str(given), recursive=True)]  # noqa: PTH207
        found = [p for p in found if p.is_file()]
    if not found:
        raise InputError(f"{given} matches no video; give files, folders or patterns that do.")
    return sorted(found)


def _one(
    source: Path, output: Path, convert: Callable[[Path, Path], Report], *, overwrite: bool
) -> Outcome:
    kept = is_finished(output)
    if output.exists() and not overwrite and (kept is None or kept.made is None):
        return Outcome(source, output, "skipped")
    try:
        return Outcome(source, output, "done", report=convert(source, output))
    except SinetVideoError as error:
        return Outcome(source, output, "failed", error=error)
