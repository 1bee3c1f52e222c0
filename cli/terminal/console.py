"""What the command says while it works, for people or for programs: always on stderr."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click
from sinet_video.cli.terminal.events import EVENTS, EventHandler, write_event
from sinet_video.cli.terminal.progress import JsonProgress, Progress

from sinet_video.option import option

if TYPE_CHECKING:
    from sinet_video.media.time_range import TimeRange

REPORTED = "reported"
"""What marks those records that the report of a job has as well, which is shown anyway."""

GENERAL = "General"
"""The heading of these options."""


@dataclass(frozen=True)
class Console:
    """How much is said, and whether it is for programs."""

    quiet: bool = option(False, "Print only errors.", GENERAL, brief=True)
    verbose: bool = option(
        False,
        "Also print details of the job.",
        GENERAL,
        brief=True,
    )
    log_json: bool = option(
        False, "Print progress to stderr as JSON, one object per line.", GENERAL
    )

    def progress(self, span: TimeRange) -> Progress:
        """Return what shows how far a job is."""
        if self.log_json:
            return JsonProgress(span, quiet=self.quiet)
        return Progress(span, quiet=self.quiet)

    def note(self, text: str) -> None:
        """Print a remark."""
        if self.log_json:
            write_event("note", message=text)
        elif not self.quiet:
            click.echo(text, err=True)

    def begin(self) -> None:
        """Let what the library logs be seen, if that was asked, and errors be events."""
        click.get_current_context().find_root().meta[EVENTS] = self.log_json
        if not self.verbose:
            return
        handler: logging.Handler = EventHandler() if self.log_json else logging.StreamHandler()
        handler.addFilter(lambda record: not getattr(record, REPORTED, False))
        handler.setFormatter(logging.Formatter("%(message)s"))
        logger = logging.getLogger("sinet_video")
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.INFO)
