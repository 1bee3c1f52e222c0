"""Tries again, after longer and longer pauses."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

LOGGER = logging.getLogger("sinet_video")

Result = TypeVar("Result")


class Permanent(Exception):  # noqa: N818  # carries an error; it is none by itself
    """Wraps what trying again does not help."""


@dataclass(frozen=True)
class Backoff:
    """How often and after how many seconds something is tried again.

    The pause before try n + 1 is random, between half and all of `first` * 2 ** (n - 1), and at
    most `longest`, so that many machines do not all come back at the same moment.
    """

    tries: int = 5
    first: float = 0.5
    longest: float = 30.0

    def __call__(self, what: str, attempt: Callable[[], Result]) -> Result:
        """Return what `attempt` returns at last; an exception of the last try is raised."""
        for number in range(1, self.tries):
            try:
                return attempt()
            except Permanent:
                raise
            except Exception as error:
                pause = min(self.longest, self.first * 2 ** (number - 1)) * random.uniform(0.5, 1)
                LOGGER.info("%s: %s; trying again in %.1f s.", what, error, pause)
                time.sleep(pause)
        return attempt()
