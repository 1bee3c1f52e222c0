"""Many files, one after another: what is done is skipped, and one bad file stops nothing."""

from __future__ import annotations

import glob
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os.path import abspath
from pathlib import Path
from typing import Literal

from sinet_video.atomic import translate_read_errors, translate_write_errors
from sinet_video.containers.formats import CONTAINERS
from sinet_video.errors import InputError, OutputError, SettingError, SinetVideoError
from sinet_video.paths import check_named, same_place
from sinet_video.pipeline.job_folder import is_finished
from sinet_video.pipeline.report import Report

LOGGER = logging.getLogger("sinet_video")

VIDEO_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts"}
    | {".wmv", ".flv", ".ogv", ".3gp", ".gif", ".mxf", ".vob", ".dv", ".asf", ".m2v", ".3g2"}
    | {".f4v", ".mod", ".tod", ".qt", ".ogm", ".mpe", ".m2p"}
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
    recursive: bool = False,
) -> Iterator[Outcome]:
    """Convert every video of files, folders and globs into a folder, yielding as each is done.

    `convert` does one file: a lambda around `sinet_video.convert` with the settings wanted. An
    output has its input's name with another suffix ("" for folders of PNGs); one that exists is
    skipped unless `overwrite`, or an interrupted job had yet to put all of it there. With
    `recursive`, folders in folders are looked into as well, and are made anew in the output's.

    Whatever one file raises is that file's outcome, and the next is begun. Raises `InputError` at
    once when an input matches nothing, and `SettingError` when two inputs would write one output.
    """
    check_named(output=folder)
    jobs = plan_batch(inputs, Path(folder), suffix, recursive=recursive)
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"The folder {folder} cannot be made ({error.strerror}).") from error
    for source, output in jobs:
        yield _one(source, output, convert, overwrite=overwrite)


def plan_batch(
    inputs: Iterable[str | Path], folder: Path, suffix: str, *, recursive: bool = False
) -> list[tuple[Path, Path]]:
    """Return (source, output) for each file of a batch, in order, each source once."""
    jobs: dict[Path, Path] = {}
    sources: dict[str, tuple[Path, Path]] = {}
    for given in inputs:
        root = Path(given)
        for found in expand(given, recursive=recursive, but=folder):
            within = found.parent.relative_to(root) if root.is_dir() else Path()
            # Not Path.resolve: two links to one file are two inputs.
            sources[abspath(found)] = found, within  # noqa: PTH100
    for source, within in sources.values():
        output = folder / within / (_stem(source, suffix) + suffix)
        rival = next((s for s, o in jobs.items() if o == output and s != source), None)
        if rival:
            raise SettingError(
                f"{rival} and {source} would both become {output}; convert them into different "
                "folders."
            )
        jobs[source] = output
    return list(jobs.items())


def _stem(source: Path, suffix: str) -> str:
    """Return what an output is called; a folder cannot have the name of another kind of output."""
    if suffix or Path(source.stem).suffix.lower() not in CONTAINERS:
        return source.stem
    return source.stem.replace(".", "_")


def expand(given: str | Path, *, recursive: bool = False, but: Path | None = None) -> list[Path]:
    """Return the files that a file, folder or glob stands for, sorted.

    A folder stands for the videos in it, hidden ones left out, and with `recursive` for those in
    folders in it too, `but` for one folder.
    """
    check_named(input=given)
    path = Path(given)
    with translate_read_errors(path):
        if path.is_dir():
            found = [p for p in _files_in(path, recursive=recursive, but=but) if _is_video(p)]
        elif path.exists():
            found = [path]
        else:
            # Not Path.glob, which takes no absolute patterns.
            found = [Path(name) for name in glob.glob(str(given), recursive=True)]  # noqa: PTH207
            found = [p for p in found if p.is_file()]
    if not found:
        raise InputError(f"{given} matches no video; give files, folders or patterns that do.")
    return sorted(found)


def count_unseen(inputs: Iterable[str | Path]) -> int:
    """Return how many videos are in folders in the folders given, which only `recursive` takes."""
    folders = [path for path in map(Path, inputs) if path.is_dir()]
    return sum(
        _is_video(file) and file.parent != folder
        for folder in folders
        for file in _files_in(folder, recursive=True)
    )


def _files_in(folder: Path, *, recursive: bool, but: Path | None = None) -> Iterator[Path]:
    """Yield the files in a folder; hidden ones are other programs', such as ._talk.mp4."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_file():
            yield path
        elif recursive and path.is_dir() and not (but and same_place(path, but)):
            yield from () if path.is_symlink() else _files_in(path, recursive=True, but=but)


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_SUFFIXES


def _one(
    source: Path, output: Path, convert: Callable[[Path, Path], Report], *, overwrite: bool
) -> Outcome:
    try:
        with translate_write_errors(output):
            if is_there(output) and not overwrite:
                return Outcome(source, output, "skipped")
            output.parent.mkdir(parents=True, exist_ok=True)
            with _as_folder(output):
                return Outcome(source, output, "done", report=convert(source, output))
    except SinetVideoError as error:
        return Outcome(source, output, "failed", error=error)
    except Exception as error:  # whatever it is, the other files are not to suffer from it
        LOGGER.exception("%s failed", source)
        said = SinetVideoError(f"{source} failed: {type(error).__name__}: {error}")
        said.__cause__ = error
        return Outcome(source, output, "failed", error=said)


def is_there(output: Path) -> bool:
    """Whether an output is there, and no interrupted job had yet to put all of it there."""
    if not os.path.lexists(output) or (output.is_dir() and not any(output.iterdir())):
        return False
    kept = is_finished(output)
    return kept is None or kept.made is None


@contextmanager
def _as_folder(output: Path) -> Iterator[None]:
    """Make an output that is a folder, which a dot in its name hides; it goes if nothing comes."""
    if not output.suffix or output.suffix.lower() in CONTAINERS or output.exists():
        yield
        return
    output.mkdir()
    try:
        yield
    finally:
        if not any(output.iterdir()):
            output.rmdir()
