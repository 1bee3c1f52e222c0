"""Writes the manual page, in the language of man, to standard output: `make man`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from commands import Described, described

from sinet_video._version import __version__


def escaped(text: str) -> str:
    """Return text as it is, for man: dashes stay dashes, and no line is a request."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{text}" if text.startswith((".", "'")) else text


def page() -> Iterator[str]:
    """Yield the lines."""
    yield f'.TH SINET\\-VIDEO 1 "" "sinet\\-video {__version__}"'
    yield from (".SH NAME", "sinet\\-video \\- cut people out of video")
    yield from (".SH SYNOPSIS", ".B sinet\\-video", "COMMAND [OPTIONS]...")
    for command in described():
        yield from section(command)
    yield from (".SH EXIT STATUS", "0 for success, 1 for a failure, 2 for wrong usage.")


def section(command: Described) -> Iterator[str]:
    """Yield the lines on one command."""
    yield f'.SH "{escaped(command.name.upper())}"'
    yield escaped(command.usage)
    for paragraph in command.about:
        yield from (".PP", escaped(paragraph))
    for heading, rows in command.options.items():
        yield f'.SS "{escaped(heading)}"'
        for option, about in rows:
            yield from (".TP", f".B {escaped(option)}", escaped(about))


if __name__ == "__main__":
    sys.stdout.write("\n".join(page()) + "\n")
