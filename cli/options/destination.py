"""Options by where a result is going: --preset-for premiere, web, meeting and others.

Nothing heavy is imported here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from sinet_video.cli.options.click_options import option
from sinet_video.cli.options.output import RESULT

from sinet_video.errors import SettingError

CHOSEN = "sinet_video.preset_for"
"""Where the context's notes have the destination."""


@dataclass(frozen=True)
class Destination:
    """What suits one: the extension of OUTPUT ("" is a folder), and options by their names."""

    about: str
    suffix: str
    options: Mapping[str, Any]


_EDITOR = {"background": "transparent", "codec": "prores", "alpha_mode": "straight"}
_ALPHA = {"background": "transparent"}

DESTINATIONS = {
    "resolve": Destination("ProRes 4444 with straight alpha, for DaVinci Resolve", ".mov", _EDITOR),
    "premiere": Destination("the same, for Premiere Pro", ".mov", _EDITOR),
    "finalcut": Destination("the same, for Final Cut Pro", ".mov", _EDITOR),
    "aftereffects": Destination("the same, for After Effects", ".mov", _EDITOR),
    "nuke": Destination("EXR frames, premultiplied", "", _ALPHA | {"format": "exr"}),
    "blender": Destination("PNG frames, straight alpha", "", _ALPHA | {"format": "png"}),
    "web": Destination("VP9 with alpha, for Chrome and Firefox", ".webm", _ALPHA),
    "safari": Destination(
        "H.264 with alpha below the colours, for the page in docs/alpha.md and any browser",
        ".mp4",
        _ALPHA | {"alpha_mode": "stacked"},
    ),
    "meeting": Destination(
        "H.264, at most 1080 lines, with a blurred background",
        ".mp4",
        {"background": "blur", "codec": "h264", "max_height": 1080},
    ),
    "youtube": Destination(
        "H.264 in high quality, on green unless --background is given",
        ".mp4",
        {"codec": "h264", "crf": 16, "preset": "medium"},
    ),
    "matte": Destination("the matte alone, lossless, as gray", ".mkv", {"show": "alpha"}),
}


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
    if Path(output).suffix.lower() != wanted:
        kind = f"a {wanted} file" if wanted else "a folder"
        raise SettingError(f"OUTPUT is {output}; with --preset-for {name} it must be {kind}.")


def described() -> str:
    """Return what each destination is, for help."""
    return "; ".join(f"{name}: {each.about}" for name, each in DESTINATIONS.items())


destination_option = option(
    "--preset-for",
    type=click.Choice(list(DESTINATIONS)),
    metavar="WHERE",
    group=RESULT,
    is_eager=True,
    expose_value=False,
    callback=choose,
    brief="resolve, premiere, web, nuke, meeting, ...",
    help=f"Options for where OUTPUT is used; other options override them. {described()}.",
)
