"""Latencies, counted in a memory that does not grow."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sinet_video.streaming.report import Latencies, LiveReport


@settings(deadline=None)
@given(st.lists(st.integers(0, 59_999), min_size=1), st.sampled_from([0.5, 0.95, 1.0]))
def test_percentiles_are_numpys(milliseconds: list[int], share: float) -> None:
    """To the millisecond."""
    latencies = Latencies()
    for each in milliseconds:
        latencies.add(each / 1000)
    expected = np.percentile(milliseconds, 100 * share, method="inverted_cdf")
    assert latencies.percentile(share) == expected


def test_none_and_too_long() -> None:
    """Nothing is no latency; what is beyond the longest counts as that."""
    latencies = Latencies()
    assert latencies.percentile(0.5) is None
    latencies.add(1e6)
    assert latencies.percentile(0.5) == Latencies.MOST


def test_a_report_is_json() -> None:
    """With every field."""
    assert '"latency_median": null' in LiveReport("a", "b").to_json()
