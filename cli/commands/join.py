"""`sinet-video join`: the parts of a video, made on many machines, put together."""

from __future__ import annotations

import click
from sinet_video.cli.options.click_options import option, overwrite_option
from sinet_video.cli.options.command import Command
from sinet_video.cli.options.console import console_options
from sinet_video.cli.options.job import Job, job_options
from sinet_video.cli.options.output import RESULT
from sinet_video.cli.terminal.console import Console

from sinet_video.errors import SettingError


@click.command(cls=Command)
@click.argument("source", metavar="INPUT")
@click.argument("output", metavar="OUTPUT")
@option(
    "--matte",
    metavar="FILE",
    group=RESULT,
    variable=False,
    help="The matte file, if run --matte wrote one.",
)
@job_options
@overwrite_option
@console_options
def join(
    source: str, output: str, matte: str | None, job: Job, overwrite: bool, console: Console
) -> None:
    """Join the parts of OUTPUT that run --only made from INPUT.

    Give the same options as for run, without --only. The result is the same, byte for byte, as
    that of run --resume on one machine.
    """
    from sinet_video.pipeline.join import join as joined

    if job.resuming.only is not None:
        raise SettingError("join puts all parts together; leave out --only.")
    report = joined(source, output, job.joining(), matte=matte, overwrite=overwrite)
    console.progress(job.span).finish(report)
