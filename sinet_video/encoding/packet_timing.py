"""Times and durations of encoded packets, as the container can hold them."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor, lcm
from typing import TYPE_CHECKING, Any

import av

from sinet_video.containers.formats import BY_MUXER
from sinet_video.decoding.clip import Clip
from sinet_video.encoding.plan import Plan
from sinet_video.words import counted

if TYPE_CHECKING:
    Packet = av.Packet[Any]

LARGEST_TIMESCALE = 2**31 - 1
LARGEST_LENGTH = 2**32 - 1


class Ticks:
    """Keeps frames apart that a file's units of time would put on one moment."""

    def __init__(self, muxer: str, time_base: Fraction) -> None:
        # Matroska and WebM count in milliseconds, GIF in hundredths of a second.
        self._tick = BY_MUXER[muxer].tick
        self._unit = time_base / self._tick if self._tick else None
        self._last: int | None = None
        self._moved = 0

    def placed(self, pts: int) -> int:
        """Return a time that is no earlier, and later in the file than that of the last frame."""
        if self._unit is None or self._unit >= 1:
            return pts
        tick = floor(pts * self._unit + Fraction(1, 2))
        if self._last is not None and tick <= self._last:
            tick = self._last + 1
            pts = ceil((tick - Fraction(1, 2)) / self._unit)
            self._moved += 1
        self._last = tick
        return pts

    def warnings(self, muxer: str) -> list[str]:
        """Return what to say of frames that were moved."""
        if not self._moved or not self._tick:
            return []
        unit = "millisecond" if self._tick == Fraction(1, 1000) else f"{float(self._tick):g} s"
        return [
            f"{counted(self._moved, 'frame comes', 'frames come')} less than a {unit} after the "
            f"one before, which a {muxer} file cannot tell apart: moved to the next {unit}."
        ]


class TooShort:
    """Leaves out the frames that players of a format would show for longer than they should."""

    def __init__(self, muxer: str) -> None:
        self._shortest, self._muxer = BY_MUXER[muxer].shortest, muxer
        # A frame may move by half a unit of time.
        self._least = self._shortest * Fraction(3, 4)
        self._last: Fraction | None = None
        self._count = self._dropped = 0

    def drops(self, time: Fraction) -> bool:
        """Whether a frame comes too soon after the last one that was not left out."""
        self._count += 1
        if self._least and self._last is not None and time - self._last < self._least:
            self._dropped += 1
            return True
        self._last = time
        return False

    def warnings(self) -> list[str]:
        """Return what to say of frames that were left out."""
        if not self._dropped:
            return []
        return [
            f"{self._dropped} of {self._count} frames were dropped: browsers show frames of a "
            f"{self._muxer} that last less than {float(self._shortest):g} s for 0.1 s."
        ]


class PacketTimes:
    """The durations of packets, which encoders lose.

    Each packet is held back until the next one, because the last one needs its own duration. A
    muxer computes a file's length from dts, and with a variable frame rate and reordering the last
    packet by dts is not the last by pts.
    """

    def __init__(self) -> None:
        self.count = 0
        self._durations: dict[int, int] = {}
        self._held: Packet | None = None
        self._first_pts = self._first_dts = self._end = 0

    def note(self, pts: int, duration: int) -> None:
        """Remember a frame on its way into the encoder."""
        self._first_pts = pts if self.count == 0 else self._first_pts
        self._end = pts + duration
        self._durations[pts] = duration
        self.count += 1

    def next(self, packet: Packet | None) -> Packet | None:
        """Take a packet, or None at the end, and return the previous one."""
        held, self._held = self._held, packet
        if held is None:
            self._first_dts = (packet.dts or 0) if packet is not None else 0
            return None
        held.duration = self._durations.pop(held.pts or 0, 0)
        if packet is None:
            length = self._end - self._first_pts
            # The muxer computes some lengths from pts and some from dts; neither may be too short.
            held.duration = max(held.duration, length - ((held.dts or 0) - self._first_dts), 1)
        return held


def timescale_of(clip: Clip, plan: Plan) -> dict[str, str]:
    """Return the option that gives an MP4 its exact length and the exact start of late tracks.

    By default its edit lists count milliseconds. Late starts use units in which audio and video are
    both exact. Otherwise such units are used as long as the file's length fits into 32 bits, which
    is what old players read. Empty if no finer units fit.
    """
    late = clip.start != 0 or any(track.start > 0 for track in clip.audio)
    units = lcm(clip.time_base.denominator, *(track.rate or 1 for track in clip.audio))
    if not late and units * (clip.duration or LARGEST_LENGTH) >= LARGEST_LENGTH:
        units = clip.time_base.denominator
    if not BY_MUXER[plan.muxer].edit_list or not 1000 <= units <= LARGEST_TIMESCALE:
        return {}
    return {"movie_timescale": str(units)}
