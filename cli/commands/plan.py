"""`sinet-video plan`: how a video is divided among machines."""

from __future__ import annotations

import click
from sinet_video.cli.options.click_options import JOB, option, options_from
from sinet_video.cli.options.command import Command
from sinet_video.cli.options.console import console_options
from sinet_video.cli.terminal.console import Console
from sinet_video.cli.terminal.progress import clock
from sinet_video.cli.terminal.reports import write_text

from sinet_video.media.time_range import TimeRange


@click.command(cls=Command)
@click.argument("source", metavar="INPUT")
@option(
    "--parts",
    "-n",
    type=click.IntRange(1),
    required=True,
    metavar="N",
    group=JOB,
    brief=True,
    help="Number of machines.",
)
@option(
    "--checkpoint-every",
    type=float,
    default=10.0,
    metavar="SECONDS",
    group=JOB,
    help="Length of a segment; it must be the same as for run.",
)
@options_from(TimeRange, "span")
@console_options
def plan(
    source: str, parts: int, checkpoint_every: float, span: TimeRange, console: Console
) -> None:
    """Show how INPUT is divided among N machines.

    Each machine makes its part with run --only K/N and otherwise the same options. Then join
    puts the parts together.
    """
    from sinet_video.pipeline.resuming.settings import Resume
    from sinet_video.pipeline.shares import plan as planned

    lines = ["part  segments  start    end      reads from"]
    for each in planned(source, parts, span=span, resume=Resume(checkpoint_every)):
        times = (clock(float(time)) for time in (each.start, each.end, each.reads_from))
        cells = (str(each.shard), str(len(each.segments)), *times)
        widths = (4, 8, 7, 7, 10)
        lines.append("  ".join(f"{c:<{w}}" for c, w in zip(cells, widths, strict=True)).rstrip())
    write_text("\n".join(lines))
