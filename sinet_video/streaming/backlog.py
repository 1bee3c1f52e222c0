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
"""Seconds to wait for a key frame when it is no longer late: some streams have none."""

LOOKED_AT, WAITED, PACE = 8, 0.6, 0.9
"""Packets that tell whether they are read as they come: that is so if this part of their time was
spent waiting for them, if they took no less than this part of it, as what has piled up would, and
if no more than this part was spent otherwise. On a machine with too much to do, all takes long.
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
        self._skips, self._near_since = False, 0.0
        self._last: deque[tuple[float, float, float]] = deque(maxlen=LOOKED_AT)

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
        self._last.append((stamp, now, waited))
        if self._best is None or lead > self._best or self._comes_as_read():
            self._best = lead
        late = self._best - lead
        if late > LATE / 4:
            self._near_since = now
        near = late <= LATE / 4 and (key or now - self._near_since > LONGEST)
        if late > LATE if not self._skips else near:
            self._skips = not self._skips
            self._last.clear()  # skipping and decoding take time of their own
        return self._skips

    def _comes_as_read(self) -> bool:
        if len(self._last) < LOOKED_AT:
            return False
        (first, began, _), (last, ended, _) = self._last[0], self._last[-1]
        length, took = last - first, ended - began
        spent = sum(waited for _, _, waited in list(self._last)[1:])
        if length <= 0:
            return True
        waits = spent >= WAITED * length
        return waits and took >= PACE * length and took - spent <= PACE * length
