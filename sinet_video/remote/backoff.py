"""Tries again, after longer and longer pauses."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

LOGGER = logging.getLogger("sinet_video")

Result = TypeVar("Result")


class Permanent(Exception):  # noqa: N818  # carries an error; it is none by itself
    """Wraps what trying again does not help."""


def pauses(first: float = 0.5, longest: float = 30.0) -> Iterator[float]:
    """Yield seconds to wait before each next try, for ever.

    Each is random, between half and all of `first` * 2 ** n and at most `longest`, so that many
    machines do not all come back at the same moment.
    """
    most = first
    while True:
        yield min(longest, most) * random.uniform(0.5, 1)
        most = min(longest, 2 * most)


@dataclass(frozen=True)
class Backoff:
    """How often something is tried again, after pauses as those of `pauses`."""

    tries: int = 5
    first: float = 0.5
    longest: float = 30.0

    def __call__(self, what: str, attempt: Callable[[], Result]) -> Result:
        """Return what `attempt` returns at last; an exception of the last try is raised."""
        for _, pause in zip(range(1, self.tries), pauses(self.first, self.longest), strict=False):
            try:
                return attempt()
            except Permanent:
                raise
            except Exception as error:
                LOGGER.info("%s: %s; trying again in %.1f s.", what, error, pause)
                time.sleep(pause)
        return attempt()
