"""A command as this program has them: options under headings, all of them on request, from a file.

Nothing heavy is imported here.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from sinet_video.cli.options import config_file
from sinet_video.cli.options.click_options import PREFIX, Option
from sinet_video.cli.options.environment import note_unknown
from sinet_video.cli.options.other_programs import hint

ALL = "sinet_video.help_all"
"""Whether help is to have every option, in the context's notes."""

GENERAL = "General"

JOINED = {"Encoding": "Result", "Network": "Matte", "Green screen": "Matte", "Edge": "Matte"}
"""Headings that are one in short help."""

MORE = (
    "--help-all lists every option. Options can also be set in a file (--config) or by an "
    f"environment variable: {PREFIX}CHOKE=1 is --choke 1."
)


class GroupedCommand(click.Command):
    """A command whose help lists every option, each under its heading."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run it, after naming variables that are nobody's."""
        note_unknown(ctx)
        return super().invoke(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, each under its heading."""
        write_headings(self.headings(ctx), formatter)

    def headings(
        self, ctx: click.Context, *, brief: bool = False
    ) -> dict[str, list[tuple[str, str]]]:
        """Return what is said of the options under each heading, the general ones last."""
        found: dict[str, list[tuple[str, str]]] = {}
        for each in self.get_params(ctx):
            if isinstance(each, click.Argument):
                continue
            group = each.group if isinstance(each, Option) else GENERAL
            if brief and isinstance(each, Option):
                record = each.brief_record(ctx)
            else:
                record = each.get_help_record(ctx)
            if record:
                heading = JOINED.get(group, group) if brief else group
                found.setdefault(heading, []).append(record)
        found[GENERAL] = found.pop(GENERAL, [])
        return found


class Command(GroupedCommand):
    """A command with many options: the common ones in --help, all in --help-all.

    Options are listed under the headings that they were given, in the order in which these first
    appear.
    """

    def __init__(self, name: str | None, **more: Any) -> None:
        more["params"] = [*more.get("params", []), *_own_options()]
        super().__init__(name, **more)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; those of other programs are answered with what they are here."""
        for word in _before_dashes(args):
            if (said := hint(word)) is not None and word not in self._names():
                raise click.UsageError(said, ctx)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run it, after writing down its options if that was asked."""
        target: Path | None = ctx.meta.get(config_file.SAVE)
        if target is not None:
            config_file.save(target, self._given(ctx))
        return super().invoke(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, each under its heading."""
        whole = ctx.meta.get(ALL, False)
        write_headings(self.headings(ctx, brief=not whole), formatter)
        if not whole:
            formatter.write_paragraph()
            formatter.write_text(MORE)

    def _names(self) -> set[str]:
        return {name for each in self.params for name in (*each.opts, *each.secondary_opts)}

    def _given(self, ctx: click.Context) -> dict[str, Any]:
        """Return what the user gave, by whatever way, by the options' names."""
        unspecified = (ParameterSource.DEFAULT, None)
        return {
            each.key: ctx.params[each.name or ""]
            for each in self.params
            if isinstance(each, Option)
            and each.name in ctx.params
            and ctx.get_parameter_source(each.name) not in unspecified
        }


def write_headings(
    headings: dict[str, list[tuple[str, str]]], formatter: click.HelpFormatter
) -> None:
    """Write options under their headings."""
    for heading, records in headings.items():
        with formatter.section(heading):
            formatter.write_dl(records)


def _before_dashes(args: Sequence[str]) -> Sequence[str]:
    """Return the arguments before "--", after which nothing is an option."""
    return args[: args.index("--")] if "--" in args else args


def _show_all(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        ctx.meta[ALL] = True
        click.echo(ctx.get_help(), color=ctx.color)
        ctx.exit()


def _own_options() -> list[click.Option]:
    """Return the options that each such command has."""
    return [
        Option(
            ["--config"],
            brief="Read options from a file.",
            is_eager=True,
            expose_value=False,
            metavar="FILE.toml",
            callback=config_file.load,
            help="Read options from a file; options on the command line override them.",
        ),
        Option(
            ["--save-config"],
            variable=False,
            expose_value=False,
            metavar="FILE.toml",
            type=click.Path(path_type=Path),
            callback=config_file.remember,
            help="Save the options of this call to a file for --config, then run; not "
            "the names of its outputs, nor --overwrite.",
        ),
        Option(
            ["--help-all"],
            variable=False,
            brief=True,
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_show_all,
            help="Show every option and exit.",
        ),
    ]
