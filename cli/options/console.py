"""Options for what the command prints while it works."""

from __future__ import annotations

from functools import wraps
from typing import Any

from sinet_video.cli.options.click_options import Command, options_from
from sinet_video.cli.terminal.console import Console


def console_options(command: Command) -> Command:
    """Add the options of what is said; the command gets them as `console`."""

    @wraps(command)
    def begun(**given: Any) -> None:
        given["console"].begin()
        command(**given)

    return options_from(Console, "console")(begun)
