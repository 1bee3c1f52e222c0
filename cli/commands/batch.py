"""`sinet-video batch`: many clips."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from sinet_video.cli.options.batch import BatchOptions, batch_options
from sinet_video.cli.options.click_options import options_from, overwrite_option, report_option
from sinet_video.cli.options.command import Command
from sinet_video.cli.options.console import console_options
from sinet_video.cli.options.destination import destination_option
from sinet_video.cli.options.engine import EngineOptions
from sinet_video.cli.options.job import Job, job_options
from sinet_video.cli.terminal.batch_progress import (
    BatchProgress,
    closing_table,
    dry_table,
    error_of,
)
from sinet_video.cli.terminal.console import Console
from sinet_video.cli.terminal.reports import check_reports, write_report, write_text
from sinet_video.cli.terminal.signals import interrupts

from sinet_video.errors import SettingError
from sinet_video.words import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sinet_video.batches.clip_job import Outcome
    from sinet_video.pipeline.conversion import Conversion


@click.command(cls=Command)
@click.argument("inputs", nargs=-1)
@batch_options
@destination_option
@job_options
@options_from(EngineOptions, "where")
@overwrite_option
@report_option
@console_options
def batch(
    inputs: tuple[str, ...],
    many: BatchOptions,
    job: Job,
    where: EngineOptions,
    overwrite: bool,
    report_file: str | None,
    console: Console,
) -> None:
    """Cut the person out of every video of INPUTS: files, folders, patterns or URLs.

    Run the same command again to convert what is missing, has failed or has changed;
    manifest.jsonl in the output folder records what was done. A clip that fails does not stop the
    others: it is named at the end, and the exit status is 1.
    """
    reads = {f"input {each}": each for each in inputs if Path(each).is_file()}
    check_reports({"report": report_file}, reads, overwrite=overwrite)
    if job.resuming.only is not None:
        raise SettingError("--only is for one film; --shard takes a part of a batch.")
    engine = where.ray()
    if engine is not None and (many.watch or many.jobs is not None):
        raise SettingError(
            f"{'--watch' if many.watch else '--jobs'} is for this machine; with --engine ray, "
            "--cpus-per-task says how many clips a machine takes at a time."
        )
    given, conversion = many.inputs(inputs), job.conversion()
    many = many.typed_for(given)
    many.note_left_out(given, console)
    if many.watch:
        many.check_watch()
        outcomes = _watched(many, given, conversion, console, overwrite=overwrite)
        _finish(outcomes, report_file, console, overwrite=overwrite)
        return
    steps = many.planned(given, conversion, overwrite=overwrite)
    wanted = sum(step.wanted for step in steps)
    if many.dry_run:
        write_text(dry_table(steps, many.estimates(steps, conversion), many.at_once(steps)))
        return
    with BatchProgress(console, wanted) as progress:
        outcomes = _reported(
            many.run(steps, conversion, engine=engine, stage=job.stage, progress=progress), progress
        )
    _finish(outcomes, report_file, console, overwrite=overwrite)


def _watched(
    many: BatchOptions,
    inputs: list[str],
    conversion: Conversion,
    console: Console,
    *,
    overwrite: bool,
) -> list[Outcome]:
    """Convert what comes until an interrupt, which is how this ends."""
    if many.dry_run:
        raise SettingError("--dry-run says what would be done now, and --watch waits; give one.")
    console.note(f"Watching {', '.join(inputs)}; Ctrl-C ends it.")
    with BatchProgress(console, None) as progress, interrupts() as stop:
        return _reported(
            many.watched(inputs, conversion, overwrite=overwrite, stop=stop, progress=progress),
            progress,
        )


def _reported(outcomes: Iterator[Outcome], progress: BatchProgress) -> list[Outcome]:
    """Say what becomes of each clip as it is known; return it all."""
    told = []
    for outcome in outcomes:
        progress.report(outcome)
        told.append(outcome)
    return told


def _finish(
    outcomes: list[Outcome], report_file: str | None, console: Console, *, overwrite: bool
) -> None:
    console.note(closing_table(outcomes))
    if report_file:
        text = json.dumps([_plain(outcome) for outcome in outcomes], indent=2)
        write_report(report_file, text, overwrite=overwrite)
    _end(outcomes, console)


def _plain(outcome: Outcome) -> dict[str, object]:
    return {
        "source": str(outcome.source),
        "output": str(outcome.output),
        "matte": None if outcome.matte is None else str(outcome.matte),
        "status": outcome.status,
        "why": outcome.why,
        "error": error_of(outcome),
        "report": None if outcome.report is None else outcome.report.to_dict(),
    }


def _end(outcomes: list[Outcome], console: Console) -> None:
    """Name what failed, where the user looks first; events have said it."""
    failed = [outcome for outcome in outcomes if outcome.status == "failed"]
    for outcome in failed if not console.log_json else ():
        click.echo(f"sinet-video: failed: {printable(error_of(outcome))}", err=True)
    if failed:
        sys.exit(1)
