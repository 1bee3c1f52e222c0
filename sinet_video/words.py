"""Counts in sentences, and text from elsewhere that is safe to show."""

from __future__ import annotations

import unicodedata

JOINERS = "\u200c\u200d"
"""Characters without a shape of their own that scripts and emoji are written with."""

UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Categories of Unicode that terminals obey or cannot show: controls, directions, surrogates."""


def counted(count: int, one: str, several: str = "") -> str:
    """Return a count with its words: "1 frame has", "2 frames have"; an s is added by default."""
    return f"{count} {one if count == 1 else several or f'{one}s'}"


def how_often(count: int) -> str:
    """Return a number of times: "once", "3 times"."""
    return "once" if count == 1 else f"{count} times"


def printable(text: object, *, but: str = "") -> str:
    r"""Return text in which what a terminal would obey is written as an escape, such as \x1b.

    That includes line breaks. Characters in `but` stay.
    """
    return "".join(c if c in but else _shown(c) for c in str(text))


def _shown(character: str) -> str:
    if unicodedata.category(character) in UNSEEN and character not in JOINERS:
        return character.encode("unicode_escape").decode()
    return character
