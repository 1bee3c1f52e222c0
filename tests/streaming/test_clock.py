"""The clock of live frames: it follows its source, never runs back, and never far ahead."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sinet_video.streaming.clock import AHEAD, APART, BEHIND, LiveClock

STEPS = st.lists(
    st.tuples(st.floats(-20, 20, allow_nan=False), st.floats(0, 20, allow_nan=False)), max_size=50
)


@settings(deadline=None)
@given(STEPS)
def test_times_always_grow_and_stay_near(steps: list[tuple[float, float]]) -> None:
    """Whatever a source says of the time, and whenever its frames come."""
    clock, stamp, elapsed, last = LiveClock(), 0.0, 0.0, None
    for count, (by, waited) in enumerate(steps):
        stamp, elapsed = stamp + by, elapsed + waited
        time = clock.placed(stamp, elapsed)
        assert last is None or time >= last + APART / 2
        assert time <= elapsed + AHEAD + count * APART + 1e-9
        assert time >= elapsed - BEHIND - 1e-9
        last = time


def test_a_steady_source_keeps_its_own_times() -> None:
    """Jitter of the network is not in them."""
    clock = LiveClock()
    jitter = [0.0, 0.03, 0.01, 0.08, 0.0]
    placed = [clock.placed(100 + i / 25, i / 25 + late) for i, late in enumerate(jitter)]
    assert [round(time, 9) for time in placed] == [i / 25 for i in range(5)]


def test_a_clock_that_begins_anew_goes_on() -> None:
    """As after the source was restarted."""
    clock = LiveClock()
    assert clock.placed(1000, 0) == 0
    assert round(clock.placed(0, 7), 9) == 7
    clock.restart()
    assert round(clock.placed(500, 9), 9) == 9


def test_what_was_kept_and_comes_at_once_is_no_future() -> None:
    """Three seconds that a host had kept come in no time."""
    clock = LiveClock()
    times = [clock.placed(i / 25, 0.001 * i) for i in range(75)]
    assert max(times) < 0.075 + AHEAD + 75 * APART


def test_what_comes_beside_frames_is_placed_like_them() -> None:
    """Not before a frame has come, nor by a clock that is another one by now."""
    clock = LiveClock()
    assert clock.beside(100.0, 0.0) is None
    clock.placed(100.0, 0.0)
    assert clock.beside(100.5, 0.5) == 0.5
    assert clock.beside(3000.0, 0.5) is None
    clock.restart()
    assert clock.beside(100.5, 0.5) is None
