"""The commands as they describe themselves, for the reference on the site and the manual page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import click
from sinet_video.cli.main import cli
from sinet_video.cli.options.command import ALL

Rows = list[tuple[str, str]]


@dataclass(frozen=True)
class Described:
    """A command: how it is typed, what it does, and its options under their headings."""

    name: str
    usage: str
    about: tuple[str, ...]
    options: dict[str, Rows]


@dataclass
class _Kept(click.HelpFormatter):
    """Keeps what a command writes about its options instead of laying it out."""

    found: dict[str, Rows] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()

    @contextmanager
    def section(self, name: str) -> Iterator[None]:
        """Begin a heading."""
        self._heading = name
        yield

    def write_dl(self, rows: Sequence[tuple[str, str]], *_: object, **__: object) -> None:
        """Keep options."""
        self.found.setdefault(self._heading, []).extend(rows)


def described() -> Iterator[Described]:
    """Yield every command, in the order of use, and each command of a group after it."""
    root = click.Context(cli, info_name="sinet-video")
    for name in cli.list_commands(root):
        yield from _described(cli.commands[name], click.Context(cli.commands[name], root, name))


def _described(command: click.Command, ctx: click.Context) -> Iterator[Described]:
    ctx.meta[ALL] = True
    kept = _Kept()
    command.format_options(ctx, kept)
    kept.found.pop("Commands", None)
    usage = " ".join([ctx.command_path, *command.collect_usage_pieces(ctx)])
    yield Described(ctx.command_path, usage, _paragraphs(command.help or ""), kept.found)
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            yield from _described(each, click.Context(each, ctx, name))


def _paragraphs(text: str) -> tuple[str, ...]:
    """Return the paragraphs of a help text, each in one line."""
    parts = re.split(r"\n\s*\n", text.replace("\b", "").strip())
    return tuple(" ".join(part.split()) for part in parts)
