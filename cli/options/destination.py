"""Options by where a result is going: --preset-for premiere, web, meeting and others.

Nothing heavy is imported here.
"""

from __future__ import annotations

from pathlib import Path

import click
from sinet_video.cli.options.click_options import option
from sinet_video.cli.options.output import RESULT

from sinet_video.errors import SettingError
from sinet_video.paths import names_folder
from sinet_video.pipeline.destinations import DESTINATIONS, described

CHOSEN = "sinet_video.preset_for"
"""Where the context's notes have the destination."""


def choose(ctx: click.Context, _: click.Parameter, name: str | None) -> None:
    """Let what suits a destination be the command's defaults; a file of options counts more."""
    if name is None or ctx.resilient_parsing:
        return
    ctx.meta[CHOSEN] = name
    chosen = DESTINATIONS[name]
    kind = chosen.suffix.removeprefix(".") or "png"  # as batch has it
    ctx.default_map = {"kind": kind, **chosen.options, **(ctx.default_map or {})}


def check_output(output: str) -> None:
    """Raise `SettingError` if the destination that was chosen wants another kind of file."""
    name = click.get_current_context().meta.get(CHOSEN)
    if name is None or output == "-":
        return
    wanted = DESTINATIONS[name].suffix
    suffix = "" if names_folder(output) else Path(output).suffix.lower()
    if suffix != wanted:
        kind = f"a {wanted} file" if wanted else "a folder"
        raise SettingError(f"OUTPUT is {output}; with --preset-for {name} it must be {kind}.")


destination_option = option(
    "--preset-for",
    type=click.Choice(list(DESTINATIONS)),
    metavar="WHERE",
    group=RESULT,
    is_eager=True,
    expose_value=False,
    callback=choose,
    brief="premiere, resolve, web, nuke, meeting, ...",
    help=f"Options for where OUTPUT is used; other options override them. {described()}.",
)
