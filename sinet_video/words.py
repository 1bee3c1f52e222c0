"""Counts in sentences."""

from __future__ import annotations


def counted(count: int, one: str, several: str = "") -> str:
    """Return a count with its words: "1 frame has", "2 frames have"; an s is added by default."""
    return f"{count} {one if count == 1 else several or f'{one}s'}"
