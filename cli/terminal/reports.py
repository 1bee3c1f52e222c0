"""Results for programs and people: JSON in a file, text on stdout."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sinet_video.cli.terminal.streams import write_stdout

from sinet_video.words import printable


def check_reports(
    reports: Mapping[str, str | None], reads: Mapping[str, str | None], *, overwrite: bool
) -> None:
    """Raise an error before the work, not after it, if a report cannot or must not be written.

    Both have names of files by what they are; of `reads`, folders are read with all that is in
    them.
    """
    from sinet_video.atomic import check_file
    from sinet_video.paths import check_apart

    writes = {what: Path(name) for what, name in reports.items() if name and not is_stream(name)}
    sources = {what: Path(name) for what, name in reads.items() if name and name != "-"}
    within = {what: _read_in(path, writes) for what, path in sources.items()}
    check_apart(writes, {what: path for what, path in within.items() if path is not None})
    for path in writes.values():
        check_file(path, overwrite=overwrite)


def _read_in(source: Path, writes: Mapping[str, Path]) -> Path | None:
    """Return the file of a source that would be written: itself, or one that is in it."""
    if not source.is_dir():
        return source
    folder = source.resolve()
    return next((p for p in writes.values() if p.exists() and folder in p.resolve().parents), None)


def write_report(name: str, text: str, *, overwrite: bool) -> None:
    """Write text, such as JSON, to a file, whole or not at all, or to stdout for "-"."""
    from sinet_video.atomic import store, translate_write_errors

    if name == "-":
        write_stdout(text)
        return
    path = Path(name)
    with translate_write_errors(path):
        if is_stream(name):
            path.write_text(text + "\n", encoding="utf-8")
        else:
            store(path, f"{text}\n".encode(), overwrite=overwrite)


def write_text(text: str) -> None:
    """Write lines for people to stdout."""
    write_stdout(printable(text, but="\n"))


def is_stream(name: str) -> bool:
    """Whether it is stdout, or what a shell gives for a pipe, which no file can replace."""
    from sinet_video.atomic import is_special, translate_write_errors

    with translate_write_errors(Path(name)):
        return name == "-" or is_special(Path(name))
