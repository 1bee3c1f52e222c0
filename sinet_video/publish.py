"""Giving finished files their names: all of a job's together, and nothing that must stay replaced.

    with Publication() as publication:
        publication.place(part, target, overwrite=False)
        publication.place(other, elsewhere, overwrite=False)

When one of them cannot have its name, those before it lose theirs again, and what they replaced is
there as it was.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from sinet_video.atomic import OVERWRITE, patiently, place, temporary_name
from sinet_video.errors import OutputError
from sinet_video.hold import hold, let_go


class Publication:
    """Names given together, or none of them; a context manager."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], object]] = []
        self._aside: list[Path] = []
        self._placed: set[Path] = set()
        self._held: list[int | None] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is not None:
                for undo in reversed(self._undo):
                    undo()
                return
            for old in self._aside:
                old.unlink(missing_ok=True)
        finally:
            for handle in self._held:
                let_go(handle)

    def place(self, part: Path, target: Path, *, overwrite: bool) -> None:
        """Give a file or a folder its name; both names are in one file system.

        Raises `OutputError` where there is something that must not be replaced, which a folder
        never may be.
        """
        if overwrite and not part.is_dir() and target.exists():
            self._replace(part, target)
            return
        try:
            place(part, target)
        except FileExistsError as error:
            raise OutputError(
                f"{target} has appeared since the job was begun, and stays as it is.",
                remedy=OVERWRITE,
            ) from error
        self._placed.add(target.absolute())
        self._undo.append(lambda: target.replace(part))

    def has_placed(self, target: Path) -> bool:
        """Whether a name was given here."""
        return target.absolute() in self._placed

    def _replace(self, part: Path, target: Path) -> None:
        aside = temporary_name(target, "old")
        try:
            os.link(target, aside, follow_symlinks=False)
        except OSError:  # a file system without links: what is there cannot be put back
            patiently(part.replace, target)
            return
        self._keep(aside)
        try:
            patiently(part.replace, target)
        except OSError:  # on Windows, where a player has it open
            aside.unlink()
            raise
        self._undo += [lambda: aside.replace(target), lambda: target.replace(part)]

    def remove(self, old: Path) -> None:
        """Take a file away; it is removed at the end, or put back."""
        aside = temporary_name(old, "old")
        patiently(old.rename, aside)
        self._undo.append(lambda: aside.replace(old))
        self._keep(aside)

    def _keep(self, aside: Path) -> None:
        self._aside.append(aside)
        self._held.append(hold(aside))
