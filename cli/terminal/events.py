"""What the command says for programs: JSON on stderr, one object a line."""

from __future__ import annotations

import json
import logging
from typing import Any

import click

EVENTS = "sinet_video.log_json"
"""Whether errors are to be JSON as well, in the context's notes."""


def event(name: str, **facts: Any) -> str:
    """Return one event as a JSON object in a line."""
    return json.dumps({"event": name, **facts})


def write_event(name: str, **facts: Any) -> None:
    """Write one event to stderr."""
    click.echo(event(name, **facts), err=True)


class EventHandler(logging.Handler):
    """Writes log records as events."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        write_event("log", message=self.format(record))
