"""Reports for programs: JSON in a file, or on stdout."""

from __future__ import annotations

from pathlib import Path

import click


def check_report(name: str) -> None:
    """Raise `OutputError` before the work, not after it, if a report cannot be written there."""
    from sinet_video.atomic import check_file

    if not _is_stream(name):
        check_file(Path(name), overwrite=True)


def write_json(name: str, text: str) -> None:
    """Write to a file, whole or not at all, or to stdout for "-"."""
    from sinet_video.atomic import store, translate_write_errors

    if name == "-":
        click.echo(text)
        return
    path = Path(name)
    with translate_write_errors(path):
        if _is_stream(name):
            path.write_text(text + "\n", encoding="utf-8")
        else:
            store(path, f"{text}\n".encode())


def _is_stream(name: str) -> bool:
    """Whether it is stdout, or what a shell gives for a pipe, which no file can replace."""
    path = Path(name)
    return name == "-" or (path.exists() and not path.is_file() and not path.is_dir())
