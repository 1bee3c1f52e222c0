"""What tests of training share."""

from __future__ import annotations

import pytest

from sinet_video.training.kernels.build import unavailable_reason


@pytest.fixture
def _built() -> None:
    """The kernels can be built here."""
    reason = unavailable_reason()
    if reason:
        pytest.skip(f"FUSED LAYERS ARE NOT TESTED on this machine: {reason}")
