"""How many are done, on stderr, and what became of them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sinet_video.cli.progress import Line

if TYPE_CHECKING:
    from sinet_video.train.making.manifest import Manifest


class Counting(Line):
    """Called with how many are done, and of how many; shows it every so often."""

    def __init__(self, noun: str, *, quiet: bool) -> None:
        super().__init__(quiet=quiet)
        self._noun = noun

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def __call__(self, done: int, total: int) -> None:
        """Take note."""
        self.show(lambda _: f"{self._noun} {done} of {total}, {100 * done // total} %")


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
