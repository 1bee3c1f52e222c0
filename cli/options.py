"""What options of commands are made of, and those that most commands have.

Nothing heavy is imported here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from fractions import Fraction
from functools import wraps
from typing import Any, cast

import click

Command = Callable[..., None]
Decorator = Callable[[Command], Command]


CLOCK = re.compile(
    r"(?:(?:(\d{1,7}):(?=[0-5]?\d:))?(\d{1,7}):(?=[0-5]?\d(?:\.|$)))?(\d{1,9}(?:\.\d{0,30})?|\.\d{1,30})",
    re.ASCII,
)
"""Hours, minutes and seconds, of which all but the first that is given are less than 60."""


class Moment(click.ParamType[Fraction]):
    """A time: seconds (83.5) or a clock (1:23.5, 0:01:23.5)."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Fraction:
        """Read it, exactly."""
        if isinstance(value, Fraction):
            return value
        read = CLOCK.fullmatch(str(value))
        if read is None:
            self.fail(f"{value!r} is no time; give seconds (83.5) or a clock (1:23.5).", param, ctx)
        hours, minutes, seconds = (Fraction(part or 0) for part in read.groups())
        return hours * 3600 + minutes * 60 + seconds


class Triple(click.ParamType[tuple[float, float, float]]):
    """Three numbers, one a channel: 123.7,116.3,103.5."""

    name = "a,b,c"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, float, float]:
        """Read them."""
        if isinstance(value, tuple):
            return cast(tuple[float, float, float], value)
        try:
            first, second, third = (float(part) for part in str(value).split(","))
        except ValueError:
            self.fail(f"{value!r} is not three numbers such as 123.7,116.3,103.5.", param, ctx)
        return first, second, third


def grouped(kind: type, name: str, options: tuple[Decorator, ...]) -> Decorator:
    """Return a decorator that adds options and hands them to the command as one `kind`, `name`."""

    def decorate(command: Command) -> Command:
        @wraps(command)
        def gathered(**given: Any) -> None:
            own = {field.name: given.pop(field.name) for field in fields(kind)}
            command(**given, **{name: kind(**own)})

        decorated: Command = gathered
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return decorate


weights_option = click.option(
    "--weights",
    default="default",
    metavar="NAME|FILE",
    help="default; official or cityscapes (each fetched once); or a .pth or .onnx file.",
)

allow_option = click.option(
    "--allow",
    type=click.Choice(["nothing", "files", "network"]),
    default="nothing",
    help="What may be read besides the files that you name: files that these name, as playlists "
    "do, or the network, as for URLs.",
)

overwrite_option = click.option("--overwrite", is_flag=True, help="Replace what is there.")
quiet_option = click.option("--quiet", "-q", is_flag=True, help="Say nothing but errors.")
