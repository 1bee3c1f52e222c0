"""`sinet-video preview`: a report on a clip's matte to look at."""

from __future__ import annotations

import json
from fractions import Fraction

import click
from sinet_video.cli.matting_options import MattingOptions, matting_options
from sinet_video.cli.options import Moment, overwrite_option, quiet_option
from sinet_video.cli.progress import Progress
from sinet_video.cli.reports import check_reports, write_json


@click.command()
@click.argument("source", metavar="INPUT")
@click.option("-o", "--output", required=True, metavar="FILE", help="sheet.png or report.html.")
@click.option(
    "--moments", type=int, default=8, help="So many moments, spread evenly.", show_default=True
)
@click.option(
    "--at",
    type=Moment(),
    multiple=True,
    help="This moment as well: seconds or h:mm:ss. Repeatable.",
)
@click.option(
    "--worst",
    type=int,
    default=3,
    help="So many of the worst moments by flicker, and by uncertainty.",
    show_default=True,
)
@click.option("--start", type=Moment(), help="Begin here: seconds or h:mm:ss.")
@click.option("--end", type=Moment(), help="Stop before this.")
@matting_options
@overwrite_option
@quiet_option
@click.option("--json", "report_file", metavar="FILE", help="Write all figures; - is stdout.")
def preview(
    source: str,
    output: str,
    moments: int,
    at: tuple[Fraction, ...],
    worst: int,
    start: Fraction | None,
    end: Fraction | None,
    matting: MattingOptions,
    overwrite: bool,
    quiet: bool,
    report_file: str | None,
) -> None:
    """Show how well the person is cut out of INPUT: a picture, or a page for a browser.

    FILE has moments as source, matte and result over a checkerboard; coverage (mean alpha), flicker
    (how much alpha changes where the picture stands still) and uncertainty (share of the network's
    cells between 0.05 and 0.95) over time, cuts marked; and the worst moments enlarged. An .html
    file is whole in itself, works offline, and has a slider between before and after.
    """
    from sinet_video.media.time_range import TimeRange
    from sinet_video.quality.preview import preview as previewed

    writes = {"output": output, "report": report_file}
    check_reports(writes, matting.reads() | {"input": source}, overwrite=overwrite)
    span = TimeRange(start, end)
    progress = Progress(span, quiet=quiet)
    try:
        found = previewed(
            source,
            output,
            settings=matting.settings(),
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
        write_json(report_file, json.dumps(found.to_dict(), indent=2), overwrite=overwrite)
    if not quiet:
        click.echo(f"Wrote {output}: {len(found.figures.times)} frames looked at.", err=True)
