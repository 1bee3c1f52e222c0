"""Environment variables that look like options and are none.

Nothing heavy is imported here, and the other commands only where a variable is not known yet.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import click
from sinet_video.cli.options.click_options import PREFIX, Option
from sinet_video.cli.terminal.events import write_event

OTHER_VARIABLES = frozenset({"SINET_VIDEO_CACHE", "SINET_VIDEO_NATIVE", "SINET_VIDEO_PIPE_BUFFER"})
"""What the library itself reads, which is no option."""

CLOSE = 0.7
"""How alike two names must be, of 1, for one to be meant by the other."""


def note_unknown(ctx: click.Context) -> None:
    """Say which variables are ignored, as they are nobody's, so that no typing error hides."""
    given = {name for name in os.environ if name.startswith(PREFIX)} - OTHER_VARIABLES
    given -= set(_variables([ctx.command]))
    if not given:
        return
    root = ctx.find_root().command
    known = [*_variables([root]), *OTHER_VARIABLES]
    unknown = sorted(given.difference(known))
    if not unknown:
        return
    message = f"Note: {_ignored([_with_meant(name, known) for name in unknown])}"
    if ctx.params.get("log_json"):
        write_event("note", message=message)
    elif not ctx.params.get("quiet"):
        click.echo(message, err=True)


def _variables(commands: Sequence[click.Command]) -> Iterator[str]:
    """Yield the variables of the options of commands, and of those in them."""
    for command in commands:
        yield from (str(e.envvar) for e in command.params if isinstance(e, Option) and e.envvar)
        if isinstance(command, click.Group):
            yield from _variables(list(command.commands.values()))


def _with_meant(name: str, known: Sequence[str]) -> str:
    """Return a name, with the one that was probably meant."""
    from difflib import get_close_matches

    # Without the prefix, which would make all of them alike.
    names = {each.removeprefix(PREFIX): each for each in known}
    near = get_close_matches(name.removeprefix(PREFIX).upper(), names, 1, CLOSE)
    return f"{name} (did you mean {names[near[0]]}?)" if near else name


def _ignored(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"the environment variable {names[0]} stands for no option and is ignored."
    listed = f"{', '.join(names[:-1])} and {names[-1]}"
    return f"the environment variables {listed} stand for no options and are ignored."
