"""How live video is doing, on stderr."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from sinet_video.cli.terminal.console import Console
from sinet_video.cli.terminal.events import event
from sinet_video.cli.terminal.progress import Line, clock

from sinet_video.words import counted, printable

if TYPE_CHECKING:
    from sinet_video.streaming.report import LiveReport, LiveStatus


class LiveLine(Line):
    """Called after every frame, shows itself every so often."""

    def __init__(self, console: Console) -> None:
        super().__init__(quiet=console.quiet, events=console.log_json, width=100)
        self._json = console.log_json

    def __call__(self, status: LiveStatus) -> None:
        """Take note of a frame that was sent."""
        self.show(lambda _: self._event(status) if self._json else described(status))

    @staticmethod
    def _event(status: LiveStatus) -> str:
        return event(
            "progress",
            seconds=round(status.time, 3),
            frame=status.frames,
            dropped=status.dropped,
            latency_ms=status.latency,
        )

    def finish(self, report: LiveReport) -> None:
        """Say what it came to."""
        self.clear()
        if self._json:
            click.echo(event("done", report=report.to_dict()), err=True)
        elif not self.quiet:
            for line in summary(report):
                click.echo(printable(line), err=True)


def described(status: LiveStatus) -> str:
    """Return one line: time, frames, drops and latency."""
    rate = status.frames / status.time if status.time else 0.0
    return (
        f"{clock(status.time)}, frame {status.frames}, {rate:.1f} frames/s, "
        f"{status.dropped} dropped, latency {status.latency} ms"
    )


def summary(report: LiveReport) -> list[str]:
    """Return what to say at the end."""
    lost = [
        f"{count} {what}"
        for count, what in (
            (report.dropped, "dropped"),
            (report.unsent, "made while the host was lost"),
            (report.damaged, "damaged"),
        )
        if count
    ]
    frames = f"{counted(report.frames, 'frame')}, {report.frames_per_second:.1f} a second"
    return [
        *(f"Note: {warning}" for warning in report.warnings),
        f"Live for {clock(report.seconds)} to {report.output}: {frames}; "
        f"{', '.join(lost) or 'none dropped'}; latency {report.latency_median} ms (median), "
        f"{report.latency_95} ms (95th percentile), {report.encoder}.",
    ]


class _Notes(logging.Handler):
    """Shows what the library warns of as notes."""

    def __init__(self, console: Console, line: LiveLine) -> None:
        super().__init__(logging.WARNING)
        self._console, self._line = console, line

    def emit(self, record: logging.LogRecord) -> None:
        """Show one record."""
        self._line.clear()
        self._console.note(printable(record.getMessage()))


@contextmanager
def noted(console: Console, line: LiveLine) -> Iterator[None]:
    """Show what is lost and comes back while a block runs; verbose shows it by itself."""
    if console.verbose:
        yield
        return
    logger, notes = logging.getLogger("sinet_video"), _Notes(console, line)
    logger.addHandler(notes)
    try:
        yield
    finally:
        logger.removeHandler(notes)
