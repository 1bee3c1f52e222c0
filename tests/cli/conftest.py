"""What all tests of the command share."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def quiet_logger() -> Iterator[None]:
    """The command sets up logging for its process, which here is that of all tests."""
    logger = logging.getLogger("sinet_video")
    before = logger.handlers[:], logger.propagate, logger.level
    yield
    logger.handlers, logger.propagate, logger.level = before[0], before[1], before[2]
