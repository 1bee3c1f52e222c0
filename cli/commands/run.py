"""`sinet-video run`: one clip."""

from __future__ import annotations

import click
from sinet_video.cli.options.click_options import (
    JOB,
    check_apart,
    option,
    options_from,
    overwrite_option,
)
from sinet_video.cli.options.command import Command
from sinet_video.cli.options.console import console_options
from sinet_video.cli.options.destination import check_output, destination_option
from sinet_video.cli.options.engine import EngineOptions
from sinet_video.cli.options.job import Job, job_options
from sinet_video.cli.options.output import RESULT
from sinet_video.cli.terminal.console import Console
from sinet_video.cli.terminal.reports import check_reports, is_stream, write_report

from sinet_video.errors import SettingError


@click.command(cls=Command)
@click.argument("source", metavar="INPUT", type=click.Path(allow_dash=True))
@click.argument("given", metavar="OUTPUT", required=False, type=click.Path(allow_dash=True))
@option(
    "--output",
    "-o",
    "named",
    metavar="FILE",
    type=click.Path(allow_dash=True),
    group=RESULT,
    variable=False,
    help="OUTPUT as an option, for scripts.",
)
@destination_option
@option(
    "--matte",
    metavar="FILE",
    type=click.Path(),
    group=RESULT,
    variable=False,
    brief="Also write the matte to this file.",
    help="Also write the matte, as gray, to this file.",
)
@option(
    "--layers",
    "plate",
    metavar="PLATE",
    type=click.Path(),
    group=RESULT,
    variable=False,
    brief="Also write the frame without the person.",
    help="Write two layers, for text between them: the person with alpha to OUTPUT, and the frame "
    "without the person to PLATE, with a hole in their place or filled by --background.",
)
@job_options
@overwrite_option
@option(
    "--no-overwrite",
    "-n",
    "keep",
    is_flag=True,
    group=JOB,
    brief=True,
    help="If OUTPUT exists, do nothing and exit with 0.",
)
@option(
    "--json",
    "report_file",
    metavar="FILE",
    group=JOB,
    variable=False,
    help="Write a report to this JSON file; - is stdout.",
)
@options_from(EngineOptions, "where")
@option(
    "--parts",
    type=click.IntRange(1),
    metavar="N",
    group=JOB,
    variable=False,
    show_default="by its length and the cluster",
    help="With --engine ray: in how many parts the video is made.",
)
@console_options
def run(
    source: str,
    given: str | None,
    named: str | None,
    matte: str | None,
    plate: str | None,
    job: Job,
    overwrite: bool,
    keep: bool,
    report_file: str | None,
    where: EngineOptions,
    parts: int | None,
    console: Console,
) -> None:
    """Cut the person out of INPUT and write OUTPUT.

    The extension of OUTPUT decides its type: .mp4, .mkv, .mov or .webm; .gif, .apng or .webp for an
    animated image. A folder or a pattern such as out/%05d.png is an image sequence. INPUT can also
    be a photo, or an image sequence given as a folder, frame.%04d.png or 'frame.####.exr'. Use - as
    INPUT or OUTPUT for a pipe from or to a program such as ffmpeg.
    """
    output = _output(given, named)
    check_output(output)
    if report_file == "-" and "-" in (output, matte, plate):
        raise SettingError("Standard output has the video, so --json cannot go there; give a file.")
    check_apart("overwrite", "keep")
    if keep and job.is_done(output):
        console.note(f"Skipped {source}: {output} exists.")
        return
    engine = where.ray()
    if engine is None and parts is not None:
        raise SettingError("--parts is for a Ray cluster; give --engine ray as well, or see plan.")
    if engine is not None:
        check_reports({"report": report_file}, {"input": source}, overwrite=overwrite)
        report = job.convert_in_shares(
            source,
            output,
            engine,
            shares=parts,
            matte=matte,
            plate=plate,
            overwrite=overwrite,
            console=console,
        )
        if report_file is not None:
            write_report(report_file, report.to_json(), overwrite=overwrite)
        return
    streamed = report_file if report_file is not None and is_stream(report_file) else None
    report = job.convert(
        source,
        output,
        matte=matte,
        plate=plate,
        overwrite=overwrite,
        console=console,
        report_file=None if streamed else report_file,
    )
    if streamed:
        write_report(streamed, report.to_json(), overwrite=overwrite)


def _output(given: str | None, named: str | None) -> str:
    """Return the output, which is given once, as an argument or as an option."""
    if given is not None and named is not None:
        raise click.UsageError(f"OUTPUT is given twice, as {given} and as {named}; give it once.")
    output = named if given is None else given
    if output is None:
        raise click.UsageError("Missing OUTPUT: a file, a folder, a pattern or -.")
    return output
