"""What an error advises, in the words of the command that met it."""

from __future__ import annotations

import click

from sinet_video.errors import SinetVideoError


def in_options(error: SinetVideoError, command: click.Command | None) -> str:
    """Return an error's message, its remedy named by the command's option as it is typed."""
    remedy = error.remedy
    if remedy is None or command is None:
        return str(error)
    options = (each for each in command.params if each.name == remedy.setting)
    option = next(options, None)
    if not isinstance(option, click.Option):
        return error.message
    typed = next(name for name in option.opts if name.startswith("--"))
    if not option.is_flag:
        typed += f" {remedy.value}"
    return f"{error.message} Use {typed} {remedy.purpose}."
