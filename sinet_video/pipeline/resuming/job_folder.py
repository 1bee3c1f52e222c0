"""The hidden folder beside an output that keeps the finished parts of an unfinished job."""

from __future__ import annotations

import hashlib
import os
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sinet_video.atomic import parts_name, store, sync, translate_write_errors
from sinet_video.errors import OutputError, Remedy, reason
from sinet_video.pipeline.outputs import Made
from sinet_video.pipeline.resuming.fingerprint import differing
from sinet_video.pipeline.resuming.job_state import JobState, SegmentBoundary
from sinet_video.pipeline.resuming.locked_folder import (
    MANIFEST,
    OURS,
    empty_folder,
    locked,
    remove,
)
from sinet_video.words import counted


def folder_of(output: Path) -> Path:
    """Return the folder in which what is finished of an output is kept.

    It is beside the output; or in it, where that is a folder, as it may be on a disk of its own.
    """
    name, target = parts_name(output), output.absolute()
    beside = target.with_name(name)
    return target / name if target.is_dir() and not os.path.lexists(beside) else beside


def segment_file(folder: Path, role: str, number: int, suffix: str = "") -> Path:
    """Return the path of a segment's file in a job's folder; `role` is what it is for."""
    return folder / f"{role}-{number:06}{suffix}"


Alphas = list[NDArray[Any]]
"""Coarse alphas of consecutive frames, (h, w) float32 each."""


def is_finished(output: Path) -> JobState | None:
    """Return the state of an output's job, without locking it, or None if it is unknown."""
    return state_in(folder_of(output))


def state_in(folder: Path) -> JobState | None:
    """Return what is noted in a folder, or None if that is damaged, or nothing."""
    try:
        return _read_state(folder)
    except (OSError, ValueError):
        return None


def _read_state(folder: Path) -> JobState | None:
    """Return what is noted in a folder, if anything is. Raises `ValueError` where it is damaged."""
    try:
        return JobState.parse((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (KeyError, TypeError, AttributeError, ZeroDivisionError) as error:
        raise ValueError("it is not what is written there") from error


def _checksum(path: Path) -> str:
    """Return a checksum of a file, or of a folder's files and their names."""
    digest = hashlib.blake2b(digest_size=16)
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    for each in files:
        if each != path:
            digest.update(os.fsencode(f"{each.name} {each.stat().st_size} "))
        with each.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
    return digest.hexdigest()


def _seen_from(folder: Path, place: Path) -> str:
    """Return a path as it is seen from a folder, so that both can be moved together."""
    try:
        return os.path.relpath(place, folder)
    except ValueError:  # on another drive, to which no path leads from here
        return str(place)


class JobFolder:
    """The folder of an output, locked by one process; a context manager.

    Its content belongs to the job that `job` describes. Content of another job is removed with
    `overwrite`; otherwise `OutputError` is raised, as for a folder that another process has locked.
    The folder remains on exit, unless nothing is finished or `clear` was called.
    """

    def __init__(self, output: Path, job: dict[str, str], *, overwrite: bool) -> None:
        self.folder, self._output, self._overwrite = folder_of(output), output, overwrite
        self.finished = JobState(job)
        self._held, self._cleared = ExitStack(), False

    def __enter__(self) -> JobFolder:
        with translate_write_errors(self._output):
            self._held.enter_context(locked(self.folder, self._output))
        try:
            self._load_state()
        except BaseException:
            self._held.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            # Read from disk: an interruption may come before the state in memory is updated.
            there = is_finished(self._output)
            ours = there is not None and there.job == self.finished.job and there.segments
            if not (ours or self._cleared):
                self.clear()
        finally:
            self._held.close()

    def _load_state(self) -> None:
        job, there = self.finished.job, self._looked_up()
        if there is not None and (names := differing(there.job, job)):
            if not self._overwrite:
                raise OutputError(
                    f"{self._output} was begun with another source or other settings, and "
                    f"{counted(there.frames, 'frame of it is', 'frames of it are')} finished; what "
                    f"differs: {', '.join(names)}. Give the same as then to continue, or another "
                    "name.",
                    remedy=Remedy("overwrite", True, "to start over"),
                )
            there = None
        if there is not None:
            self.finished = there
        else:
            self._forget()
        self._tidy()

    def _looked_up(self) -> JobState | None:
        """Return what is kept, whole. Raises `OutputError` for what is damaged."""
        try:
            there = _read_state(self.folder)
            if there is not None:
                self._check(there)
        except (OSError, ValueError) as error:
            if self._overwrite:
                return None
            raise OutputError(
                f"What is kept of {self._output} in {self.folder} is damaged ({reason(error)}).",
                remedy=Remedy("overwrite", True, "to start over"),
            ) from error
        return there

    def _check(self, there: JobState) -> None:
        """Raise `ValueError` or `OSError` for files that are not as they were written."""
        for name, checksum in there.checksums.items():
            path = self.folder / name
            if not path.exists() and name in there.places:
                path = self._on_its_way(name, Path(there.places[name]))
            if _checksum(path) != checksum:
                raise ValueError(f"the checksum of {name} does not agree")

    def _on_its_way(self, name: str, place: Path) -> Path:
        """Return where something is that was made here: gathered with others, or in its place."""
        gathered = self.folder / name.partition("-")[0].partition(".")[0] / place.name
        return gathered if gathered.exists() else self._output.parent / place

    def add(self, number: int, frames: int, seam: SegmentBoundary, alphas: Alphas | None) -> None:
        """Record that a segment's files are complete, with the coarse alphas at its end.

        Without alphas it is the last segment.

        Alphas are (h, w) in [0, 1].
        """
        before = self.finished
        if alphas is not None:
            np.savez(self._alphas(number), *alphas)
            sync(self._alphas(number))
        segments = [*before.segments, (number, frames)]
        checksums = {
            name: checksum
            for name, checksum in before.checksums.items()
            if not name.startswith("alphas-")  # of which only the last are kept
        }
        checksums |= {path.name: _checksum(path) for path in self._of_segment(number)}
        self._note(
            replace(
                before,
                segments=segments,
                seam=seam,
                complete=alphas is None,
                checksums=checksums,
            )
        )
        if before.segments:
            self._alphas(before.segments[-1][0]).unlink(missing_ok=True)

    def adopt(self, finished: JobState) -> None:
        """Note that all segments are whole, whose files were put here."""
        self._note(finished)

    def _of_segment(self, number: int) -> list[Path]:
        """Return what there is of a segment."""
        return sorted(self.folder.glob(f"*-{number:06}*"))

    def note_made(self, made: Made, places: dict[str, Path]) -> None:
        """Record that the outputs are complete, and only have to be renamed.

        `places` says what each file here is to be called, by its name below this folder.
        """
        checksums = {name: _checksum(self.folder / name) for name in places}
        beside = self._output.absolute().parent
        named = {name: _seen_from(beside, place.absolute()) for name, place in places.items()}
        self._note(replace(self.finished, made=made, checksums=checksums, places=named))

    def alphas(self) -> Alphas:
        """Return the coarse alphas at the end of the last finished segment, in order.

        Each is (h, w) in [0, 1].
        """
        with np.load(self._alphas(self.finished.segments[-1][0])) as stored:
            return [stored[f"arr_{index}"] for index in range(len(stored.files))]

    def file(self, role: str, number: int, suffix: str = "") -> Path:
        """Return the path of an output's file for a segment."""
        return segment_file(self.folder, role, number, suffix)

    def clear(self) -> None:
        """Remove all that is ours."""
        empty_folder(self.folder, self._held)
        self._cleared = True

    def _alphas(self, number: int) -> Path:
        return self.file("alphas", number, ".npz")

    def _note(self, finished: JobState) -> None:
        store(self.folder / MANIFEST, finished.text().encode(), durable=True)
        self.finished = finished

    def _forget(self) -> None:
        """Remove another job's state before its files, so that it never lists missing files."""
        (self.folder / MANIFEST).unlink(missing_ok=True)
        sync(self.folder)

    def _tidy(self) -> None:
        """Remove unfinished files."""
        if self.finished.made is not None:
            return
        numbers = {f"{number:06}" for number, _ in self.finished.segments}
        for path in self.folder.iterdir():
            of_segment = path.name.partition(".")[0].rpartition("-")[2] in numbers
            if OURS.fullmatch(path.name) and path.name != MANIFEST and not of_segment:
                remove(path)
