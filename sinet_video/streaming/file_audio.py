"""The audio of a file that is played in real time."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer

from sinet_video.decoding.clip import Clip
from sinet_video.decoding.demux import opened, video_stream
from sinet_video.decoding.timeline import Timeline
from sinet_video.errors import reason
from sinet_video.media.time_range import seconds
from sinet_video.streaming.audio_queue import AudioFormat, AudioQueue

if TYPE_CHECKING:
    Packet = av.Packet[Any]

LOGGER = logging.getLogger("sinet_video")


def audio_stream(container: InputContainer) -> AudioStream | None:
    """Return the audio of an input that goes with its video, if it can be decoded."""
    found = container.streams.best("audio")
    if not isinstance(found, AudioStream) or found.codec_context is None:
        return None
    return found if found.codec_context.sample_rate else None


def file_format(clip: Clip) -> AudioFormat | None:
    """Return what the audio of a file is like; None if it has none."""
    if not clip.audio:
        return None
    with opened(clip.source) as container:
        stream = audio_stream(container)
        return None if stream is None else AudioFormat.of(stream)


class FileAudio:
    """Reads the audio of a file beside its frames, which are read on their own."""

    def __init__(self, clip: Clip, queue: AudioQueue) -> None:
        assert queue.format is not None  # else there is nothing to read
        self._queue, self._format = queue, queue.format
        self._packets = self._read(clip)
        self._waiting: Packet | None = None

    def until(self, time: Fraction, first: Fraction) -> bool:
        """Queue what is played before a time, and return whether there is more after it.

        The time of the first frame is 0 in the queue.
        """
        while (packet := self._waiting or next(self._packets, None)) is not None:
            moment = seconds(packet.pts, packet.time_base)
            self._waiting = packet if moment >= time else None
            if self._waiting is not None:
                return True
            self._queue.add(packet, float(moment - first), self._format)
        return False

    def close(self) -> None:
        """Close the file."""
        self._packets.close()

    @staticmethod
    def _read(clip: Clip) -> Any:
        with opened(clip.source) as container:
            stream = audio_stream(container)
            if stream is None:
                return
            timeline = Timeline(container, video_stream(container, clip.source))
            try:
                yield from _real(timeline.packets(stream))
            except av.FFmpegError as error:
                LOGGER.warning("The audio of %s ends here (%s).", clip.source, reason(error))


def _real(packets: Iterator[Packet]) -> Iterator[Packet]:
    """Leave out what has no time, as the empty packets at the end of a file."""
    return (packet for packet in packets if packet.size and packet.pts is not None)
