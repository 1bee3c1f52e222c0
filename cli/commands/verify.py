"""`sinet-video verify`: a result checked, alone or against its source."""

from __future__ import annotations

import json
import sys
from fractions import Fraction
from typing import TYPE_CHECKING

import click
from sinet_video.cli.options.click_options import (
    option_of,
    options_from,
    overwrite_option,
    own_option,
    report_option,
)
from sinet_video.cli.options.command import GroupedCommand
from sinet_video.cli.terminal.reports import check_reports, write_report, write_text

from sinet_video.media.time_range import TimeRange
from sinet_video.pipeline.settings import Settings
from sinet_video.words import counted

if TYPE_CHECKING:
    from sinet_video.decoding.access import Allow
    from sinet_video.quality.checks import Check, Wanted
    from sinet_video.quality.verification import Verification

SOURCE, CHECKS = "Source", "Checks"
"""Headings of these options."""

VERDICTS = {True: "ok", False: "FAILS", None: "-"}


@click.command(cls=GroupedCommand)
@click.argument("file", type=click.Path())
@own_option(
    SOURCE,
    "--against",
    "source",
    type=click.Path(),
    metavar="SOURCE",
    help="The clip that FILE was made from.",
)
@options_from(TimeRange, "span")
@own_option(
    CHECKS,
    "--alpha-mode",
    type=click.Choice(["straight", "premultiplied", "stacked", "none"]),
    help="Kind of alpha that FILE must have.  [default: any]",
)
@own_option(
    CHECKS,
    "--skip",
    multiple=True,
    metavar="CHECK",
    help="Leave out a check, by its name in the table. Can be repeated.",
)
@option_of(Settings, "stream")
@option_of(Settings, "stacked")
@option_of(Settings, "rate")
@option_of(Settings, "allow")
@overwrite_option
@report_option
def verify(
    file: str,
    source: str | None,
    span: TimeRange,
    alpha_mode: Wanted | None,
    skip: tuple[str, ...],
    stream: int | None,
    stacked: bool,
    rate: str | None,
    allow: Allow,
    overwrite: bool,
    report_file: str | None,
) -> None:
    """Decode FILE to its end and check it, alone or against its source.

    FILE is a video, a folder of images, or a pattern such as out/%05d.png. It must be complete, its
    timestamps must increase, and if it is marked as having alpha, it must have it. With --against,
    it must also match the source: as many frames, at the same times; the same size, rotation, pixel
    aspect ratio and colour tags; as many audio tracks, with the same start and length; and the same
    captions, subtitles, chapters and tags. What the format of FILE cannot hold is listed, but is
    not a failure.

    Prints a table; the exit status is 1 if a check fails.
    """
    from sinet_video.decoding.access import Source
    from sinet_video.quality.verify import verify as verified

    reads = {"input": file, "source": source}
    check_reports({"report": report_file}, reads, overwrite=overwrite)
    theirs = None if source is None else Source(source, allow, stream, rate, stacked)
    found = verified(Source(file, allow), theirs, span=span, alpha_mode=alpha_mode, skip=skip)
    if report_file != "-":
        write_text(describe(found))
    if report_file:
        write_report(report_file, json.dumps(found.to_dict(), indent=2), overwrite=overwrite)
    if not found.holds:
        names = ", ".join(check.name for check in found.failures)
        click.echo(f"sinet-video: {file} fails {_count(found)}: {names}.", err=True)
        sys.exit(1)


def _count(found: Verification) -> str:
    return f"{len(found.failures)} of {len(found.checks)} checks"


def describe(found: Verification) -> str:
    """Return what a file is, a line a fact, and its checks as a table."""
    against = f", against {found.source}" if found.source is not None else ""
    return "\n".join([f"{found.file}{against}", *_facts(found), "", *_table(found.checks)])


def _facts(found: Verification) -> list[str]:
    look = found.properties
    turned = f", {look.orientation}" if not look.orientation.upright else ""
    mode = f", alpha_mode {look.alpha_mode}" if look.alpha_mode else ""
    return [
        f"  container  {look.container}{mode}",
        f"  video      {look.codec}, {look.width}x{look.height}, {look.pixel_format}{turned}",
        f"  time       {_time(found)}",
        f"  colour     {_colour(found)}",
        f"  alpha      {_alpha(found)}",
        *(f"  audio      {line}" for line in _audio(found)),
    ]


def _time(found: Verification) -> str:
    timing = found.timing
    span = f"first at {_seconds(timing.first)}, last at {_seconds(timing.last)}"
    return f"{counted(timing.frames, 'frame')}, {span}, {_seconds(timing.duration)} long"


def _seconds(value: Fraction | None) -> str:
    return "unknown" if value is None else f"{float(value):.6f} s"


def _colour(found: Verification) -> str:
    from sinet_video.quality.checks import COLOUR_TAGS, colour_word

    if found.properties.is_rgb:
        return "RGB"
    return ", ".join(f"{tag} {colour_word(found.properties.colour, tag)}" for tag in COLOUR_TAGS)


def _alpha(found: Verification) -> str:
    alpha = found.alpha
    if alpha is None:
        return "none"
    return (
        f"{alpha.kind or 'straight or premultiplied, which it does not tell'}, "
        f"from {alpha.least:.3f} to {alpha.most:.3f}, mean {alpha.mean:.3f}, "
        f"{100 * alpha.partial:.2f} % partial"
    )


def _audio(found: Verification) -> list[str]:
    return [
        f"{heard.codec}, {heard.rate} Hz, {counted(heard.channels, 'channel')}, "
        f"from {_seconds(heard.start)} to {_seconds(heard.end)}"
        for heard in found.audio
    ] or ["none"]


def _table(checks: tuple[Check, ...]) -> list[str]:
    width = max((len(check.name) for check in checks), default=0)
    return [f"{VERDICTS[c.holds]:<5}  {c.name:<{width}}  {c.detail}" for c in checks]
