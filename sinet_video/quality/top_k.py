"""The worst of many examples, of which only few are made and kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class TopK(Generic[T]):
    """The worst examples so far, at most one per group, such as frames that look alike."""

    def __init__(self, count: int = 10) -> None:
        self._count = count
        self._held: dict[object, tuple[float, T]] = {}

    def offer(self, group: object, score: float, make: Callable[[], T]) -> None:
        """Offer an example; it is only made if it is bad enough."""
        if group not in self._held and len(self._held) < self._count:
            self._held[group] = score, make()
            return
        if not self._held:
            return
        rival = group if group in self._held else min(self._held, key=self._badness)
        if score > self._badness(rival):
            del self._held[rival]
            self._held[group] = score, make()

    def _badness(self, group: object) -> float:
        return self._held[group][0]

    def __iter__(self) -> Iterator[T]:
        """Iterate over the examples, the worst first."""
        held = sorted(self._held.values(), key=lambda pair: -pair[0])
        return (example for _, example in held)
