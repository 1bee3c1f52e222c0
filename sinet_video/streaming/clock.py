"""The times of live frames: those of their source, on one clock that never runs back."""

from __future__ import annotations

AHEAD = 0.25
"""Seconds that a frame may seem to come from the future. What a host has kept comes all at once."""

BEHIND = 5.0
"""Seconds that a frame may be late before its source is taken to have another clock."""

APART = 0.001
"""Seconds between two frames at least, as some streams count in milliseconds."""

EARLIER, STEADY, UNSETTLED = 0.005, 2, 1.0
"""Seconds by which a frame comes earlier than any before it while what a host has kept comes at
once; frames without such a lead after which that is over; and seconds that it lasts at most.
"""


class LiveClock:
    """Places frames of a source on the time since the first of them.

    Frames keep the distances that their source gives them. A source whose clock is faster is slowed
    down; one that begins anew goes on at the time that has passed.
    """

    def __init__(self) -> None:
        self._offset: float | None = None
        self._last: float | None = None
        self._begun = self._lead = 0.0
        self._steady, self._settled = 0, False

    def placed(self, stamp: float, elapsed: float) -> float:
        """Return the time of a frame, in seconds, later than that of the one before.

        `stamp` is its time by its source, and `elapsed` the seconds since the first one came.
        """
        if self._offset is None or elapsed - (stamp + self._offset) > BEHIND:
            self._offset = elapsed - stamp
            self._begun, self._lead, self._settled = elapsed, stamp - elapsed, False
        else:
            self._follow(stamp - elapsed)
        self._offset = min(self._offset, elapsed + AHEAD - stamp)
        time = stamp + self._offset
        if self._last is not None and time < self._last + APART:
            time = self._last + APART
        self._last = time
        return time

    def _follow(self, lead: float) -> None:
        """Notice whether frames still come faster than they are shown."""
        self._steady = 0 if lead > self._lead + EARLIER else self._steady + 1
        self._lead = max(self._lead, lead)
        self._settled = self._settled or self._steady >= STEADY

    def beside(self, stamp: float, elapsed: float) -> float | None:
        """Return the time of what comes along with the frames, such as audio.

        None if it is from before the first frame, if no frame has said yet what the source's clock
        means, or if it means something else by now, which the next frame will say.
        """
        if self._offset is None:
            return None
        time = stamp + self._offset
        return time if time > self._begun - APART and abs(time - elapsed) <= BEHIND else None

    def is_settled(self, elapsed: float) -> bool:
        """Whether frames have said what the source's clock means, and go on to say the same."""
        if self._offset is None:
            return False
        return self._settled or elapsed - self._begun >= UNSETTLED

    def restart(self) -> None:
        """Forget the source's clock: it was lost, and comes back with another."""
        self._offset = None
