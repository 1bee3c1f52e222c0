"""What the command says while it works, for people or for programs: always on stderr."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import click
from sinet_video.cli.options import Command, options_from
from sinet_video.cli.progress import JsonProgress, Progress, event

from sinet_video.option import option

if TYPE_CHECKING:
    from sinet_video.media.time_range import TimeRange

REPORTED = "reported"
"""What marks those records that the report of a job has as well, which is shown anyway."""

GENERAL = "General"
"""The heading of these options."""

EVENTS = "sinet_video.log_json"
"""Whether errors are to be JSON as well, in the context's notes."""


@dataclass(frozen=True)
class Talk:
    """How much is said, and whether it is for programs."""

    quiet: bool = option(False, "Print nothing but errors.", GENERAL, brief=True)
    verbose: bool = option(
        False,
        "Also print what is done, and how.",
        GENERAL,
        brief=True,
    )
    log_json: bool = option(
        False, "Print progress as JSON on stderr, one object a line, for programs.", GENERAL
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
        handler: logging.Handler = _Events() if self.log_json else logging.StreamHandler()
        handler.addFilter(lambda record: not getattr(record, REPORTED, False))
        handler.setFormatter(logging.Formatter("%(message)s"))
        logger = logging.getLogger("sinet_video")
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.INFO)


def talk_options(command: Command) -> Command:
    """Add the options of what is said; the command gets them as `talk`."""

    @wraps(command)
    def begun(**given: Any) -> None:
        given["talk"].begin()
        command(**given)

    return options_from(Talk, "talk")(begun)


def write_event(name: str, **facts: Any) -> None:
    """Write one event for programs: a JSON object in a line on stderr."""
    click.echo(event(name, **facts), err=True)


class _Events(logging.Handler):
    """Writes what is logged as events."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one."""
        write_event("log", message=self.format(record))
