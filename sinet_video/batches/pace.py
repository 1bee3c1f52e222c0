"""How far a batch is, and how long it will take."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sinet_video.batches.naming import Task
from sinet_video.remote.address import StrPath


@dataclass(frozen=True)
class State:
    """How far a batch is.

    Attributes:
        done, total: clips, of those that are to be converted.
        source: the clip that this is news of.
        frames, expected: its finished frames, and about how many there will be; None if unknown.
        seconds_left: for the whole batch, about; None before there is anything to go by.
    """

    done: int
    total: int
    source: StrPath
    frames: int
    expected: int | None
    seconds_left: float | None


class Pace:
    """Counts clips and frames, and tells `progress`.

    `sizes` has the bytes of each input, by the names of their tasks: it is by bytes that the time
    left is reckoned, as all other would need every clip to be opened first.
    """

    def __init__(self, sizes: Mapping[str, int], progress: Callable[[State], None] | None) -> None:
        self._sizes, self._progress = dict(sizes), progress
        self._start = time.monotonic()
        self._shares: dict[str, float] = {}
        self._finished: set[str] = set()

    def expect(self, name: str, size: int) -> None:
        """Take note of a clip that has come, of so many bytes."""
        self._sizes[name] = size
        self._shares.pop(name, None)
        self._finished.discard(name)

    def note(self, task: Task, frames: int, expected: int | None) -> None:
        """Take note of finished frames of a clip."""
        self._shares[task.name] = min(1.0, frames / expected) if expected else 0.0
        if self._progress is not None:
            done, total = len(self._finished), len(self._sizes)
            self._progress(State(done, total, task.source, frames, expected, self._left()))

    def finish(self, task: Task) -> None:
        """Take note that a clip is done or failed."""
        self._shares[task.name] = 1.0
        self._finished.add(task.name)

    def _left(self) -> float | None:
        worked = sum(self._sizes[name] * share for name, share in self._shares.items())
        if not worked:
            return None
        return (time.monotonic() - self._start) * (sum(self._sizes.values()) - worked) / worked
