"""The audio of a clip for the small video that browsers play, on the clock of its first frame."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
from av.container import OutputContainer

from sinet_video.decoding.clip import Clip
from sinet_video.decoding.demux import opened, video_stream
from sinet_video.decoding.timeline import Timeline
from sinet_video.encoding.audio import Encoded
from sinet_video.errors import reason
from sinet_video.media.time_range import TimeRange

logger = logging.getLogger("sinet_video")

RATE, BITS = 48_000, 96_000

AHEAD = Fraction(1, 2)
"""Seconds of audio that are written ahead of the frames."""


class PlayerAudio:
    """Writes a clip's first audio track, as AAC, as far as the frames have come."""

    def __init__(self, clip: Clip, container: OutputContainer) -> None:
        self._container = container
        self._packets: Iterator[av.Packet[Any]] = iter(())
        self._next: av.Packet[Any] | None = None
        if clip.audio:
            target = container.add_stream("aac", rate=RATE, layout="stereo")
            target.bit_rate = BITS
            self._packets = _encoded(clip, target)

    def write(self, until: Fraction | None = None) -> None:
        """Write what is heard until so many seconds after the first frame, or all that is left."""
        while (packet := self._next or next(self._packets, None)) is not None:
            self._next = packet
            if until is not None and (packet.dts or 0) * packet.time_base > until + AHEAD:
                return
            self._container.mux(packet)
            self._next = None


def _encoded(clip: Clip, target: Any) -> Iterator[av.Packet[Any]]:
    """Yield packets until the audio ends, or is damaged: a job says so, the player goes on."""
    begin = clip.start * clip.time_base
    span = TimeRange(begin) if begin > 0 else TimeRange()
    try:
        with opened(clip.source) as container:
            source = container.streams.audio[0]
            track = Encoded(source, target, span)
            lead = video_stream(container, clip.source)
            for packet in Timeline(container, lead).packets(source):
                yield from track.feed(packet)
            yield from track.flush()
    except av.FFmpegError as error:
        logger.warning("The audio breaks off in the player: %s", reason(error))
