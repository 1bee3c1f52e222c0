"""Whether an input is read later than it comes: a computer that is too slow to decode it all."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import av

from sinet_video.media.time_range import seconds

if TYPE_CHECKING:
    Packet = av.Packet[Any]

LATE = 3.0
"""Seconds behind after which packets are skipped."""

LONGEST = 10.0
"""Seconds after which it goes on without a key frame: some streams have none."""

LOOKED_AT, WAITED = 8, 0.6
"""Packets over which waiting is measured, and the part of their time that is spent waiting for them
if they are read as they come.
"""


class Backlog:
    """Says which packets of video to skip, so that what is decoded is never far behind.

    Packets of a live input have to be waited for. If none has to be, though its time has passed,
    more have come than could be decoded. Then they are skipped without being decoded until they
    have to be waited for again, and from there to the next key frame.

    Attributes:
        skipped: how many packets were.
    """

    def __init__(self) -> None:
        self.skipped = 0
        self._waited = 0.0
        self.restart()

    def restart(self) -> None:
        """Begin anew: what has come by now is not late."""
        self._best: float | None = None
        self._since: float | None = None
        self._last: deque[tuple[float, float]] = deque(maxlen=LOOKED_AT)

    def timed(self, packets: Iterator[Packet]) -> Iterator[Packet]:
        """Yield packets, and note how long each has to be waited for."""
        while True:
            before = time.monotonic()
            packet = next(packets, None)
            self._waited += time.monotonic() - before
            if packet is None:
                return
            yield packet

    def skips(self, packet: Packet) -> bool:
        """Whether to skip a packet of video, which has just come."""
        if packet.dts is None or not packet.size:
            return False
        stamp = float(seconds(packet.dts, packet.time_base))
        waited, self._waited = self._waited, 0.0
        skips = self.is_late(stamp, time.monotonic(), waited, key=packet.is_keyframe)
        self.skipped += skips
        return skips

    def is_late(self, stamp: float, now: float, waited: float, *, key: bool) -> bool:
        """Whether to skip a packet, by its time, when it came, and how long it was waited for."""
        lead = stamp - now
        self._last.append((stamp, waited))
        if self._best is None or lead > self._best or self._comes_as_read():
            self._best = lead
        late = self._best - lead
        if late > LATE and self._since is None:
            self._since = now
        elif key and late < LATE / 4:
            self._since = None
        elif self._since is not None and now - self._since > LONGEST:
            self._since, self._best = None, lead
        return self._since is not None

    def _comes_as_read(self) -> bool:
        (first, _), (last, _) = self._last[0], self._last[-1]
        spent = sum(waited for _, waited in list(self._last)[1:])
        return last <= first or spent >= WAITED * (last - first)
