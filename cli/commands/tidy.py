"""`sinet-video tidy`: what runs that were killed have left."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from sinet_video.cli.terminal.reports import write_text
from sinet_video.cli.terminal.streams import write_stdout
from sinet_video.cli.terminal.tables import aligned, in_bytes

from sinet_video.errors import OutputError
from sinet_video.words import counted

if TYPE_CHECKING:
    from sinet_video.pipeline.resuming.leftovers import Leftover

AGES = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


@click.command()
@click.argument("folders", nargs=-1, metavar="[FOLDER]...")
@click.option("--recursive", is_flag=True, help="Also look in subfolders.")
@click.option("--remove", is_flag=True, help="Remove what is listed, but for unfinished jobs.")
@click.option(
    "--unfinished",
    is_flag=True,
    help="With --remove: also the jobs that --resume would go on with.",
)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def tidy(
    folders: tuple[str, ...], recursive: bool, remove: bool, unfinished: bool, as_json: bool
) -> None:
    """List what killed runs have left in FOLDERS, and remove it with --remove.

    A run that is interrupted or fails tidies up by itself; one that is killed (kill -9, a power
    cut) leaves hidden files and folders beside its output. Only what sinet-video made is listed,
    and nothing that a running job uses. Without FOLDERS this looks in the current one, and in the
    one for temporary files, where copies of remote files are.
    """
    from sinet_video.pipeline.resuming.leftovers import leftovers

    if unfinished and not remove:
        raise click.UsageError("--unfinished is for --remove; add it, or leave it out.")
    found = list(leftovers(folders or (".", tempfile.gettempdir()), recursive=recursive))
    going = [each for each in found if remove and (unfinished or each.kind != "job")]
    gone = [each for each in going if each.remove()]
    if as_json:
        write_stdout(json.dumps([_plain(each, each in gone) for each in found], indent=2))
    else:
        write_text(_told(found, gone, remove=remove))
    if len(gone) < len(going):
        raise OutputError(f"{len(going) - len(gone)} of them could not be removed, or are in use.")


def _plain(each: Leftover, gone: bool) -> dict[str, object]:
    return {**asdict(each), "path": str(each.path), "age": round(each.age), "removed": gone}


def _told(found: list[Leftover], gone: list[Leftover], *, remove: bool) -> str:
    if not found:
        return "Nothing was left by runs that were killed."
    rows = [[str(e.path), _what(e), _age(e.age), in_bytes(e.size)] for e in found]
    lines = aligned([["what", "which is", "age", "size"], *rows], numbers=2)
    if remove:
        lines.append(f"Removed {len(gone)} of {len(found)}, {_sum(gone)}.")
    loose = [each for each in found if each.kind != "job"]
    if loose and not remove:
        lines.append(f"--remove removes {len(loose)} of them, {_sum(loose)}.")
    kept = [each for each in found if each.kind == "job" and each not in gone]
    if kept:
        lines.append(
            "A job goes on where it stopped if its command is given again; "
            f"--remove --unfinished removes {len(kept)} of them, {_sum(kept)}."
        )
    return "\n".join(lines)


def _what(each: Leftover) -> str:
    if each.kind == "job":
        return f"a job of which {counted(each.frames, 'frame is', 'frames are')} finished"
    return "never finished" if each.kind == "draft" else "replaced by a newer one"


def _sum(some: list[Leftover]) -> str:
    return in_bytes(sum(each.size for each in some))


def _age(seconds: float) -> str:
    """Return a time in its largest unit."""
    length, unit = next((each for each in AGES if seconds >= each[0]), AGES[-1])
    return counted(int(seconds // length), unit)
