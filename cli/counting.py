"""How many are done, on stderr, and what became of them."""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import click
from sinet_video.cli.progress import PLAIN_SECONDS, TERMINAL_SECONDS

if TYPE_CHECKING:
    from sinet_video.train.making.manifest import Manifest


class Counting:
    """Called with how many are done, and of how many; shows it every so often."""

    def __init__(self, noun: str, *, quiet: bool) -> None:
        self._noun, self._quiet = noun, quiet
        self._moves = sys.stderr.isatty()
        self._every = TERMINAL_SECONDS if self._moves else PLAIN_SECONDS
        self._shown = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._moves and not self._quiet:
            click.echo(f"\r{'':<72}\r", err=True, nl=False)

    def __call__(self, done: int, total: int) -> None:
        """Take note."""
        now = time.monotonic()
        if self._quiet or now - self._shown < self._every:
            return
        self._shown = now
        text = f"{self._noun} {done} of {total}, {100 * done // total} %"
        click.echo(f"\r{text:<72}" if self._moves else text, err=True, nl=not self._moves)


def summarise(manifest: Manifest, output: Path, excluded: frozenset[str]) -> list[str]:
    """Return lines that say what was made, what was not and why, and what was bad, by name."""
    lines = [f"Bad: {each.name}: {each.reason}" for each in manifest.bad]
    known = {each.name for each in manifest.products} | {each.name for each in manifest.rejected}
    lines += [f"Note: Nothing is called {name}." for name in sorted(excluded - known)]
    lines.append(
        f"Wrote {output}: {len(manifest.products)} pictures with masks; "
        f"{len(manifest.rejected)} rejected{_reasons(manifest)}; "
        f"{len(manifest.bad)} bad."
    )
    return lines


def _reasons(manifest: Manifest) -> str:
    # "agreement 0.871" and "agreement 0.893" are one reason.
    reasons = Counter(each.reason.rstrip("0123456789. ") for each in manifest.rejected)
    text = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
    return f" ({text})" if text else ""
