"""What the commands of `sinet-video generate` share: options, lists of names, what is said."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from sinet_video.cli.options.click_options import Decorator, own_option

from sinet_video.errors import InputError
from sinet_video.paths import read_text
from sinet_video.words import counted

if TYPE_CHECKING:
    from sinet_video.training.generate.manifest import Manifest


class Canvas(click.ParamType[tuple[int, int]]):
    """A size: 384x216."""

    name = "WxH"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Read it."""
        try:
            width, height = (int(side) for side in str(value).lower().split("x"))
        except ValueError:
            self.fail(f"{value!r} is not a size such as 384x216.", param, ctx)
        return width, height


class Place(click.ParamType[tuple[str, Path]]):
    """Where a folder is now: people=photos/."""

    name = "NAME=FOLDER"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, Path]:
        """Read it."""
        name, equals, folder = str(value).partition("=")
        if not (name and equals and folder):
            self.fail(f"{value!r} is not a name and a folder such as people=photos.", param, ctx)
        return name, Path(folder)


RESULT, SOURCES, DRAWS = "Result", "Sources", "Random draws"
"""Headings of these options, beside each command's own."""

output_option = own_option(
    RESULT,
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="A new or empty folder. It appears when everything is done.",
)
seed_option = own_option(
    DRAWS, "--seed", type=click.IntRange(0), default=0, help="Seed of the random numbers."
)
bad_option = own_option(
    SOURCES,
    "--on-bad",
    type=click.Choice(["skip", "refuse"]),
    default="skip",
    help="What to do if a file cannot be used: report and skip it, or stop.",
)
exclude_option = own_option(
    RESULT,
    "--exclude",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="File with the names of products to leave out, one per line.",
)
folder_argument = click.argument("folder", type=click.Path(path_type=Path))


def share_option(group: str, name: str, default: float, text: str) -> Decorator:
    """Return an option from 0 to 1."""
    return own_option(group, name, type=click.FloatRange(0, 1), default=default, help=text)


def read_names(path: Path | None) -> frozenset[str]:
    """Read a list of names, one a line; what follows a # or a colon does not count."""
    if path is None:
        return frozenset()
    try:
        lines = read_text(path).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as a list of names: {error}.") from error
    names = (line.partition("#")[0].partition(":")[0].strip() for line in lines)
    return frozenset(name for name in names if name)


def print_summary(
    manifest: Manifest, output: Path, excluded: frozenset[str], *, quiet: bool
) -> None:
    """Say on stderr what was made, and by name what was bad."""
    if quiet:
        return
    for line in _summary(manifest, output, excluded):
        click.echo(line, err=True)


def _summary(manifest: Manifest, output: Path, excluded: frozenset[str]) -> list[str]:
    """Return lines that say what was made, what was not and why, and what was bad, by name."""
    lines = [f"Bad: {each.name}: {each.reason}" for each in manifest.bad]
    known = {each.name for each in manifest.products} | {each.name for each in manifest.rejected}
    lines += [f"Note: Nothing is called {name}." for name in sorted(excluded - known)]
    lines.append(
        f"Wrote {output}: {counted(len(manifest.products), 'image')} with masks; "
        f"{len(manifest.rejected)} rejected{_reasons(manifest)}; "
        f"{len(manifest.bad)} bad."
    )
    return lines


def _reasons(manifest: Manifest) -> str:
    # "agreement 0.871" and "agreement 0.893" are one reason.
    reasons = Counter(each.reason.rstrip("0123456789. ") for each in manifest.rejected)
    text = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
    return f" ({text})" if text else ""
