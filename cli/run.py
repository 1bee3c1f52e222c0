"""`sinet-video run`: one clip."""

from __future__ import annotations

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
from sinet_video.cli.reports import is_stream, write_json

from sinet_video.errors import SettingError


@click.command()
@click.argument("source", metavar="INPUT")
@click.argument("output")
@output_options
@click.option("--matte", metavar="FILE", help="Write the matte, as gray, to this file as well.")
@matting_options
@resume_options
@overwrite_option
@quiet_option
@click.option("--json", "report_file", metavar="FILE", help="Write what was done; - is stdout.")
def run(
    source: str,
    output: str,
    matte: str | None,
    look: OutputOptions,
    matting: MattingOptions,
    going_on: ResumeOptions,
    overwrite: bool,
    quiet: bool,
    report_file: str | None,
) -> None:
    """Cut the person out of INPUT and write OUTPUT.

    OUTPUT's extension decides: .mp4 .mkv .mov .webm, a folder for PNGs, or out/%05d.png. As INPUT
    and as OUTPUT, - is a pipe, such as from and to ffmpeg.
    """
    if report_file == "-" and "-" in (output, matte):
        raise SettingError("Standard output has the video, so --json cannot go there; give a file.")
    streamed = report_file is not None and is_stream(report_file)
    report = convert_shown(
        source,
        output,
        look,
        matting.settings(),
        matte=matte,
        resume=going_on.wanted(),
        overwrite=overwrite,
        quiet=quiet,
        report_file=None if streamed else report_file,
    )
    if streamed and report_file is not None:
        write_json(report_file, report.to_json(), overwrite=overwrite)
