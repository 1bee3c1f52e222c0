"""`sinet-video batch`: many clips."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from sinet_video.cli.command import Command
from sinet_video.cli.convert_job import Job, job_options
from sinet_video.cli.destinations import destination_option
from sinet_video.cli.options import option, overwrite_option
from sinet_video.cli.output_options import RESULT
from sinet_video.cli.talk import Talk, talk_options

from sinet_video.errors import SettingError

if TYPE_CHECKING:
    from sinet_video.pipeline.report import Report

KINDS = {"mp4": ".mp4", "mkv": ".mkv", "mov": ".mov", "webm": ".webm", "png": ""}


@click.command(cls=Command, short_help="Cut the person out of many videos.")
@click.argument("inputs", nargs=-1, required=True, type=click.Path())
@option(
    "-o",
    "--output",
    "folder",
    required=True,
    type=click.Path(file_okay=False),
    metavar="FOLDER",
    group=RESULT,
    brief=True,
    help="Where results go.",
)
@option(
    "--to",
    "kind",
    type=click.Choice(list(KINDS)),
    default="mp4",
    group=RESULT,
    brief=True,
    help="What to write.",
)
@destination_option
@job_options
@overwrite_option
@talk_options
def batch(
    inputs: tuple[str, ...],
    folder: str,
    kind: str,
    job: Job,
    overwrite: bool,
    talk: Talk,
) -> None:
    """Cut the person out of every video of INPUTS: files, folders or patterns.

    Outputs that exist are skipped. A file that fails does not stop the others; it is named at the
    end, and the exit status is 1.
    """
    from sinet_video.pipeline.batch import batch as convert_all

    job.resuming.wanted()  # so that what is wrong with it is said once
    loaded = job.loaded()

    def one(source: Path, output: Path) -> Report:
        return loaded.convert(source, output, overwrite=overwrite, talk=talk)

    failed = []
    for outcome in convert_all(inputs, folder, one, suffix=KINDS[kind], overwrite=overwrite):
        if outcome.status == "skipped":
            talk.note(f"Skipped {outcome.source}: {outcome.output} exists.")
        if outcome.error is not None:
            if isinstance(outcome.error, SettingError):
                raise outcome.error
            failed.append(outcome)
    for outcome in failed:
        click.echo(f"sinet-video: failed: {outcome.error}", err=True)
    if failed:
        sys.exit(1)
