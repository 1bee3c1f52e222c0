"""One clip of a batch: converted, entered in the manifest, and told of."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from sinet_video.atomic import abandoned, translate_write_errors
from sinet_video.batches import processes
from sinet_video.batches.decide import Step, identity_of_output, identity_of_source
from sinet_video.batches.manifest import Entry
from sinet_video.batches.naming import Task
from sinet_video.containers.formats import CONTAINERS
from sinet_video.errors import SinetVideoError
from sinet_video.pipeline.chain import clip_of
from sinet_video.pipeline.conversion import Conversion
from sinet_video.pipeline.memory_needed import needed
from sinet_video.pipeline.report import Report, expected_frames
from sinet_video.pipeline.resuming.leftovers import Leftover
from sinet_video.pipeline.settings import Settings
from sinet_video.remote.address import StrPath, scheme_of, without_secrets
from sinet_video.remote.convert import convert_staged
from sinet_video.remote.settings import StageSettings

LOGGER = logging.getLogger("sinet_video")

Convert = Conversion | Callable[[Path, Path], Report]
"""Converts one clip: settings, or your own function of source and output."""


@dataclass(frozen=True)
class Outcome:
    """The result of one clip of a batch.

    Attributes:
        source, output: its files, or their URLs.
        matte: where its matte is written as well, or None.
        status: "done", "skipped" or "failed".
        why: why it was converted or skipped, in a few words.
        report: its report, if it is done.
        error: the error, if it failed.
    """

    source: StrPath
    output: StrPath
    status: Literal["done", "skipped", "failed"]
    why: str = ""
    report: Report | None = None
    error: SinetVideoError | None = None
    matte: StrPath | None = None


def options_in(convert: Convert) -> dict[str, str]:
    """Return the options that the manifest keeps, as text."""
    return convert.described() if isinstance(convert, Conversion) else {}


@dataclass(frozen=True)
class ClipJob:
    """How to convert each clip of a batch; can be sent to other processes.

    Attributes:
        convert, keep_times, stage: as `batch` has them.
        options: what the manifest says of `convert`.
        begun: when the batch began, in seconds since 1970, if what dies is tried again.
    """

    convert: Convert
    keep_times: bool
    options: dict[str, str]
    stage: StageSettings = StageSettings()
    begun: float | None = None

    def __call__(self, step: Step, send: processes.Send) -> Report:
        """Convert one clip; `send` is called with the frames done and the frames expected."""
        task = step.task
        if not isinstance(task.output, Path):
            return self._convert(step, send)
        with translate_write_errors(task.output):
            self._tidy(task)
            for path in task.results:
                Path(path).parent.mkdir(parents=True, exist_ok=True)
            with _folder_for(task.output):
                report = self._convert(step, send)
            if self.keep_times:
                _copy_times(task)
        return report

    def _tidy(self, task: Task) -> None:
        """Remove what earlier tries of this batch left, whose processes died."""
        if self.begun is None:
            return
        for path in task.results:
            for left in abandoned(Path(path)):
                if left.lstat().st_mtime >= self.begun:
                    Leftover(left, "draft", 0, 0.0).remove()

    def memory(self, step: Step) -> int:
        """Return about how many bytes the conversion of a clip needs."""
        settings = self.convert.settings if isinstance(self.convert, Conversion) else Settings()
        return memory_for(step.task.source, len(step.task.results), settings)

    def _convert(self, step: Step, send: processes.Send) -> Report:
        task, convert = step.task, self.convert
        if not isinstance(convert, Conversion):
            return convert(Path(task.source), Path(task.output))
        span = convert.span
        return convert_staged(
            convert,
            task.source,
            task.output,
            matte=task.matte,
            overwrite=step.replaces,
            stage=self.stage,
            progress=lambda frames, clip: send((frames, expected_frames(clip, span))),
        )

    def entry(self, task: Task, result: Report | Exception) -> Entry:
        """Return the manifest's entry for a clip."""
        entry = Entry(
            name=task.name,
            source=_named(task.source),
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


def _named(source: StrPath) -> str:
    """Return what the manifest calls an input."""
    return str(source.absolute()) if isinstance(source, Path) else without_secrets(source)


def memory_for(source: StrPath, files: int, settings: Settings) -> int:
    """Return about how many bytes a job with such settings needs that makes so many files of one.

    What is on another host, or cannot be read, is taken for a large one.
    """
    if scheme_of(source):
        return UNKNOWN
    try:
        return needed(clip_of(source, settings), files) * HEADROOM
    except SinetVideoError:
        return UNKNOWN


HEADROOM = 1_500_000
"""Bytes for each megabyte that an .mp4 needs: .webm with alpha takes half as much more."""

CORES_A_JOB = 4
"""A job runs decoding, the network, the other stages and the encoder side by side."""

UNKNOWN = 1 << 30
"""Bytes for a job on a clip that cannot be looked at."""


def skipped(step: Step) -> Outcome:
    """Return that a clip was not converted, and why."""
    task = step.task
    return Outcome(task.source, task.output, "skipped", step.why, matte=task.matte)


def outcome_of(step: Step, result: Report | Exception) -> Outcome:
    """Return what became of a clip, with an error that names it."""
    task = step.task
    outcome = Outcome(task.source, task.output, "done", step.why, matte=task.matte)
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
    source = Path(task.source)
    if not source.exists():  # a pattern, which has no times of its own
        return
    stat = source.stat()
    for path in task.results:
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
