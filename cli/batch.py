"""`sinet-video batch`: many clips."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from sinet_video.cli.convert_job import convert_shown
from sinet_video.cli.matting_options import MattingOptions, matting_options
from sinet_video.cli.options import overwrite_option, quiet_option
from sinet_video.cli.output_options import (
    OutputOptions,
    ResumeOptions,
    output_options,
    resume_options,
)
from sinet_video.cli.streams import printable

if TYPE_CHECKING:
    from sinet_video.pipeline.batch import Outcome
    from sinet_video.pipeline.report import Report

KINDS = {"mp4": ".mp4", "mkv": ".mkv", "mov": ".mov", "webm": ".webm", "png": ""}


@click.command()
@click.argument("inputs", nargs=-1, required=True)
@click.option("-o", "--output", "folder", required=True, metavar="FOLDER", help="Where results go.")
@click.option("--to", "kind", type=click.Choice(list(KINDS)), default="mp4", help="What to write.")
@click.option("--recursive", is_flag=True, help="Take the videos in folders in folders, too.")
@output_options
@matting_options
@resume_options
@overwrite_option
@quiet_option
def batch(
    inputs: tuple[str, ...],
    folder: str,
    kind: str,
    recursive: bool,
    look: OutputOptions,
    matting: MattingOptions,
    going_on: ResumeOptions,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Cut the person out of every video of INPUTS: files, folders or patterns.

    What is already in FOLDER is skipped. A file that fails does not stop the others; it is named
    at the end, and the exit status is 1.
    """
    from dataclasses import replace

    from sinet_video.pipeline.batch import batch as convert_all
    from sinet_video.pipeline.batch import count_unseen

    settings, resume = matting.settings(), going_on.wanted()
    # Loaded once: the network is the same for all files.
    settings = replace(settings, segmenter=settings.load())

    def one(source: Path, output: Path) -> Report:
        return convert_shown(
            source, output, look, settings, resume=resume, overwrite=overwrite, quiet=quiet
        )

    look.check(f"any{KINDS[kind]}")
    if not (recursive or quiet) and (unseen := count_unseen(inputs)):
        note = f"{unseen} videos in folders in the folders are left out; --recursive takes them."
        click.echo(f"Note: {note}", err=True)
    failed = []
    outcomes = convert_all(
        inputs, folder, one, suffix=KINDS[kind], overwrite=overwrite, recursive=recursive
    )
    for outcome in outcomes:
        if outcome.status == "skipped" and not quiet:
            said = f"Skipped {outcome.source}: {outcome.output} is there already."
            click.echo(printable(said), err=True)
        if outcome.error is not None:
            failed.append(outcome)
    for outcome in failed:
        click.echo(f"sinet-video: failed: {printable(_named(outcome))}", err=True)
    if failed:
        sys.exit(1)


def _named(outcome: Outcome) -> str:
    """Say what one file raised, and which file it was where that does not say so."""
    said = str(outcome.error)
    names = (str(outcome.source), str(outcome.output))
    return said if any(name in said for name in names) else f"{outcome.source}: {said}"
