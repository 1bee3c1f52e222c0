"""What live video came to: how late frames were, how many were dropped, what was lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from sinet_video.encoding.audio import AudioResult

Ended = Literal["input ended", "stopped", "length", "input lost", "output lost"]


class Latencies:
    """Counts latencies to a millisecond, in as much memory for a week as for a minute."""

    MOST = 60_000
    """Milliseconds; more counts as this."""

    def __init__(self) -> None:
        self._counts = [0] * (self.MOST + 1)
        self.count = 0

    def add(self, seconds: float) -> None:
        """Count one."""
        self._counts[min(self.MOST, max(0, round(seconds * 1000)))] += 1
        self.count += 1

    def percentile(self, share: float) -> int | None:
        """Return the milliseconds that this share of all, in (0, 1], does not exceed."""
        if not self.count:
            return None
        left = share * self.count
        for milliseconds, count in enumerate(self._counts):
            left -= count
            if left <= 0:
                return milliseconds
        return self.MOST


@dataclass(frozen=True)
class LiveStatus:
    """How live video is doing.

    Attributes:
        time: seconds since the first frame.
        frames: frames that were sent or written.
        dropped: frames for which there was no time.
        latency: milliseconds from when the last frame came until it was sent.
    """

    time: float
    frames: int
    dropped: int
    latency: int


LiveProgress = Callable[[LiveStatus], None]
"""Called after every frame."""


@dataclass
class LiveReport:
    """What became of live video, for people and programs.

    Latency is from when a frame came, before it was decoded, until it was handed to the network,
    the virtual camera or the file, in milliseconds. What a camera, the network and a player add is
    not in it.

    Attributes:
        source, output: the names that were given.
        width, height: of the frames that were read.
        seconds: how long it went on.
        captured: frames that came.
        frames: frames that were sent or written.
        frames_per_second: of those.
        dropped: frames for which there was no time: a newer one had come before they were begun.
        unsent: frames that were made while the host was lost.
        damaged: frames that could not be decoded.
        latency_median, latency_95: milliseconds; None if there were no frames.
        input_lost, output_lost: how often the source and the host were lost.
        ended: why it ended.
        network_size, weights, runtime, device, encoder, pixel_format, audio: as in `Report`.
        warnings: what else there is to say.
    """

    source: str
    output: str
    width: int = 0
    height: int = 0
    seconds: float = 0.0
    captured: int = 0
    frames: int = 0
    frames_per_second: float = 0.0
    dropped: int = 0
    unsent: int = 0
    damaged: int = 0
    latency_median: int | None = None
    latency_95: int | None = None
    input_lost: int = 0
    output_lost: int = 0
    ended: Ended = "input ended"
    network_size: tuple[int, int] | None = None
    weights: str = ""
    runtime: str = ""
    device: str = ""
    encoder: str = ""
    pixel_format: str = ""
    audio: AudioResult = "none"
    warnings: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return asdict(self)

    def to_json(self) -> str:
        """Return it as JSON, for programs."""
        return json.dumps(self.to_dict(), indent=2)
