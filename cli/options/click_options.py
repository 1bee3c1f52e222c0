"""What options of commands are made of, and those that most commands have.

Nothing heavy is imported here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import wraps
from typing import Any, cast

import click
from click.core import ParameterSource

from sinet_video.errors import SettingError
from sinet_video.media.time_range import clock_seconds
from sinet_video.option import Option as How
from sinet_video.option import built, options_of

Command = Callable[..., None]
Decorator = Callable[[Command], Command]

PREFIX = "SINET_VIDEO_"
"""What the environment variables of options begin with."""

READ = "sinet_video.config"
"""Where the context's notes have the file that options were read from."""


class Moment(click.ParamType[Fraction]):
    """A time: seconds (83.5) or a clock (1:23.5, 0:01:23.5)."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Fraction:
        """Read it, exactly."""
        if isinstance(value, Fraction):
            return value
        try:
            return clock_seconds(str(value))
        except SettingError as error:
            self.fail(str(error), param, ctx)


class Triple(click.ParamType[tuple[float, float, float]]):
    """Three numbers, one a channel: 123.7,116.3,103.5."""

    name = "a,b,c"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, float, float]:
        """Read them."""
        if isinstance(value, tuple | list) and len(value) == 3:
            return cast(tuple[float, float, float], tuple(map(float, value)))
        try:
            first, second, third = (float(part) for part in str(value).split(","))
        except ValueError:
            self.fail(f"{value!r} is not three numbers such as 123.7,116.3,103.5.", param, ctx)
        return first, second, third


TYPES: dict[type, click.ParamType[Any] | type] = {Fraction: Moment(), tuple: Triple()}
"""How what is typed is read, where its type alone does not say."""


FILES = frozenset({"FILE", "NAME|FILE", "WHAT"})
"""What stands for values that may be files."""


class Option(click.Option):
    """An option under a heading, which an environment variable gives as well."""

    def __init__(
        self,
        names: Sequence[str],
        *,
        group: str = "General",
        brief: str | bool = "",
        variable: bool = True,
        **more: Any,
    ) -> None:
        self.group = group
        self.brief = str(more.get("help")) if brief is True else brief or ""
        if variable:
            more["envvar"] = PREFIX + _key(names).upper()
        super().__init__(names, show_default=more.pop("show_default", True), **more)

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        """Check and convert a value; an error says where it came from, unless it was typed."""
        try:
            return super().process_value(ctx, value)
        except click.BadParameter as error:
            origin = self._origin(ctx)
            if origin is None:
                raise
            said = f"{error.message.removesuffix('.')}, from {origin}."
            raise click.BadParameter(said, ctx, self) from error

    def _origin(self, ctx: click.Context) -> str | None:
        source = ctx.get_parameter_source(self.name or "")
        if source is ParameterSource.ENVIRONMENT:
            return str(self.envvar)
        return ctx.meta.get(READ) if source is ParameterSource.DEFAULT_MAP else None

    def brief_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return what short help says of it: two names at most, what goes there, a few words."""
        if not self.brief:
            return None
        short = [name for name in self.opts if not name.startswith("--")][:1]
        long = [name for name in self.opts if name.startswith("--")][:1]
        text = ", ".join([*short, *long])
        if not self.is_flag:
            text += f" {self.make_metavar(ctx)}"
        return text, self.brief

    @property
    def key(self) -> str:
        """Its longest name, with underscores: in files of settings and in variables."""
        return _key(self.opts)


def _key(names: Sequence[str]) -> str:
    """Return the first long name among those of an option, with underscores."""
    long = next(name for name in names if name.startswith("--"))
    return long.partition("/")[0].removeprefix("--").replace("-", "_")


def option(*names: str, group: str = "General", **more: Any) -> Decorator:
    """Return a decorator that adds an option under a heading."""
    return click.option(*names, cls=Option, group=group, **more)


def own_option(group: str, *names: str, **more: Any) -> Decorator:
    """Return a decorator that adds an option which no file or environment variable gives."""
    return option(*names, group=group, variable=False, **more)


def options_from(settings: type, name: str, *, without: Collection[str] = ()) -> Decorator:
    """Return a decorator that adds the options of a settings class, but for some.

    The command gets them as one value of that class, called `name`.
    """
    found = [each for each in options_of(settings) if each[0] not in without]

    def decorate(command: Command) -> Command:
        @wraps(command)
        def gathered(**given: Any) -> None:
            typed = {key: given.pop(key) for key, *_ in found}
            command(**given, **{name: built(settings, typed)})

        decorated: Command = gathered
        for key, how, default in reversed(found):
            decorated = _option(key, how, default)(decorated)
        return decorated

    return decorate


def option_of(settings: type, key: str, **changed: Any) -> Decorator:
    """Return a decorator that adds one option of a settings class, perhaps changed."""
    (found,) = (each for each in options_of(settings) if each[0] == key)
    return _option(key, replace(found[1], **changed), found[2])


def _option(key: str, how: How, default: Any) -> Decorator:
    """Return the command's option for one of a settings class."""
    flag = "--" + key.replace("_", "-")
    names = [f"{flag}/--{how.off}" if how.off else flag, *MORE_NAMES.get(key, ())]
    typed = default if how.typed is None and how.parse is None else how.typed
    more: dict[str, Any] = {"type": TYPES.get(how.kind, how.kind)}
    if how.metavar in FILES:
        more = {"type": click.Path()}  # which shells complete
    if how.kind is bool:
        more = {"is_flag": True}
    elif how.choices:
        more = {"type": click.Choice(how.choices)}
    if how.metavar:
        more["metavar"] = how.metavar
    if how.shown:
        more["show_default"] = how.shown
    return option(
        *names, key, group=how.group, brief=how.brief, default=typed, help=how.help, **more
    )


MORE_NAMES = {"weights": ("--model", "-m"), "quiet": ("-q",), "verbose": ("-v",)}
"""Other names of options: short ones, and those by which people look for them."""

JOB = "Job"

overwrite_option = option(
    "--overwrite",
    "-y",
    is_flag=True,
    group=JOB,
    brief=True,
    help="Replace existing files.",
)


def check_apart(*names: str) -> None:
    """Raise `click.UsageError` if two flags that exclude each other, by their names, are given.

    It has all the names of each, so that the one that was typed is among them.
    """
    context = click.get_current_context()
    flags = [each for name in names for each in context.command.params if each.name == name]
    if all(context.params[name] for name in names):
        first, second = (_spellings(each) for each in flags)
        raise click.UsageError(f"{first} and {second} exclude each other; give one.")


def _spellings(flag: click.Parameter) -> str:
    """Return all names of a flag: --overwrite (-y)."""
    name, *others = sorted(flag.opts, key=lambda each: not each.startswith("--"))
    return f"{name} ({', '.join(others)})" if others else name


report_option = option(
    "--json",
    "report_file",
    metavar="FILE",
    group=JOB,
    variable=False,
    help="Write all figures to this JSON file; - is stdout.",
)
quiet_option = option("--quiet", "-q", is_flag=True, help="Print only errors.")
