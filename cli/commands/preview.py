"""`sinet-video preview`: a visual report on a clip's matte."""

from __future__ import annotations

import json
from fractions import Fraction

import click
from sinet_video.cli.options.click_options import (
    Moment,
    option,
    options_from,
    overwrite_option,
    report_option,
)
from sinet_video.cli.options.command import Command
from sinet_video.cli.options.console import console_options
from sinet_video.cli.options.output import RESULT
from sinet_video.cli.terminal.console import Console
from sinet_video.cli.terminal.reports import check_reports, write_report

from sinet_video.media.time_range import TimeRange
from sinet_video.pipeline.settings import Settings
from sinet_video.words import counted


@click.command(cls=Command)
@click.argument("source", metavar="INPUT", type=click.Path())
@option(
    "-o",
    "--output",
    required=True,
    metavar="FILE",
    group=RESULT,
    brief=True,
    variable=False,
    help="sheet.png or report.html.",
)
@option(
    "--moments",
    type=int,
    default=8,
    group=RESULT,
    brief="Number of moments to show.",
    help="Number of moments to show, spread evenly.",
)
@option(
    "--at",
    type=Moment(),
    multiple=True,
    group=RESULT,
    brief="Also show this moment. Can be repeated.",
    help="Also show this moment: seconds or h:mm:ss. Can be repeated.",
)
@option(
    "--worst",
    type=int,
    default=3,
    group=RESULT,
    brief="Number of worst moments to show.",
    help="Number of worst moments to show, by flicker and by uncertainty.",
)
@options_from(TimeRange, "span")
@options_from(Settings, "settings")
@overwrite_option
@report_option
@console_options
def preview(
    source: str,
    output: str,
    moments: int,
    at: tuple[Fraction, ...],
    worst: int,
    span: TimeRange,
    settings: Settings,
    overwrite: bool,
    report_file: str | None,
    console: Console,
) -> None:
    """Show how well the person is cut out of INPUT, as an image or as a page for a browser.

    FILE shows some moments as source, matte and result over a checkerboard, and the worst moments
    enlarged. It plots coverage (mean alpha), flicker (how much alpha changes where the frame does
    not move) and uncertainty (share of the network's cells between 0.05 and 0.95) over time, and
    marks cuts. An .html file needs no other files, works offline, and has a before/after slider.
    """
    from sinet_video.quality.preview import preview as previewed

    writes = {"output": output, "report": report_file}
    reads = {what: str(path) for what, path in settings.reads().items()} | {"input": source}
    check_reports(writes, reads, overwrite=overwrite)
    progress = console.progress(span)
    try:
        found = previewed(
            source,
            output,
            settings=settings,
            span=span,
            moments=moments,
            at=at,
            worst=worst,
            overwrite=overwrite,
            progress=progress,
        )
    finally:
        progress.clear()
    if report_file:
        write_report(report_file, json.dumps(found.to_dict(), indent=2), overwrite=overwrite)
    console.note(f"Wrote {output}: {counted(len(found.figures.times), 'frame')} looked at.")
