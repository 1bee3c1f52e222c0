"""Audio on its way from the input to the output."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import av
import pytest
from made_flashes import clip_of_flashes

from sinet_video.streaming.audio_queue import AudioFormat, AudioQueue
from sinet_video.streaming.clock import LiveClock

if TYPE_CHECKING:
    Packet = av.Packet[Any]

FORM = AudioFormat("aac", b"")


def packet(time: float, length: float = 0.02) -> Packet:
    """A packet in milliseconds."""
    made: Packet = av.Packet(b"audio")
    made.time_base = Fraction(1, 1000)
    made.pts = made.dts = round(time * 1000)
    made.duration = round(length * 1000)
    return made


def times(queue: AudioQueue) -> list[float]:
    """When what is in the queue is played."""
    found = []
    while (given := queue.pop()) is not None:
        found.append(float(given.packet.pts * given.packet.time_base))
    return found


def settled(stamp: float = 0.0) -> LiveClock:
    """A clock whose frames have come in time since the one of this time stamp."""
    clock = LiveClock()
    for index in range(4):
        clock.placed(stamp + index * 0.04, index * 0.04)
    return clock


def test_packets_wait_for_the_first_frames_and_count_from_them() -> None:
    """Those of before are not played."""
    clock = LiveClock()
    queue = AudioQueue(clock)
    for each in (99.98, 100.0, 100.02):
        queue.put(packet(each), 0.0, FORM)
    for index in range(3):
        assert queue.pop() is None
        clock.placed(100.0 + index * 0.04, index * 0.04)
        queue.place()
    assert times(queue) == [0.0, 0.02]


@pytest.mark.parametrize("back", [0.0, 30.0])
def test_what_a_host_has_kept_begins_whole(back: float) -> None:
    """Two seconds come at once, first or after a break: what is played of them has no gap."""
    clock = settled()
    queue = AudioQueue(clock)
    if back:
        queue.put(packet(0.16), 0.16, FORM)
        assert times(queue) == [0.16]
    clock.restart()
    queue.restart()
    for index in range(200):  # the first hundred come at once, the others when they are due
        elapsed = back + max(0, index - 100) * 0.02
        placed = clock.placed(index * 0.02, elapsed)
        queue.put(packet(index * 0.02), elapsed, FORM)
    found = times(queue)
    assert all(round(later - earlier, 3) == 0.02 for earlier, later in pairwise(found))
    assert back <= found[0] < back + 0.3
    assert found[-1] == pytest.approx(placed, abs=0.001)


def test_audio_waits_no_longer_than_a_second_for_frames() -> None:
    """As of a presentation, of which one frame comes, and then none for long."""
    clock = LiveClock()
    queue = AudioQueue(clock)
    clock.placed(0.0, 0.0)
    for index in range(60):
        queue.put(packet(index * 0.02), index * 0.02, FORM)
    assert len(times(queue)) == 60


def test_a_packet_of_another_clock_is_not_placed() -> None:
    """The next frame will say what that clock means."""
    queue = AudioQueue(settled())
    queue.put(packet(1000.0), 0.1, FORM)
    queue.put(packet(0.1), 0.1, FORM)
    assert times(queue) == [0.1]


def test_packets_are_taken_up_to_a_time() -> None:
    """Later ones stay."""
    queue = AudioQueue(settled())
    for time in (0.1, 0.2):
        queue.put(packet(time), time, FORM)
    assert queue.pop(Fraction(1, 20)) is None
    assert queue.pop(Fraction(3, 20)) is not None
    assert queue.pop(Fraction(3, 20)) is None
    queue.clear()
    assert queue.pop() is None


@pytest.mark.parametrize("codec", ["aac", "flac", "libopus", "mp3", "pcm_s16le", "ac3"])
def test_a_format_outlives_its_file(tmp_path, codec) -> None:
    """It decodes the file's packets, and equals that of another file of the same kind."""
    paths = [clip_of_flashes(tmp_path / name, 0.4, codec) for name in ("a.mkv", "b.mkv")]
    formats = []
    for path in paths:
        with av.open(str(path)) as container:
            formats.append(AudioFormat.of(container.streams.audio[0]))
    assert formats[0] == formats[1]
    with av.open(str(paths[0])) as container, formats[0].opened() as stream:
        samples = sum(
            frame.samples
            for each in container.demux(audio=0)
            if each.size
            for frame in stream.codec_context.decode(each)
        )
    assert samples >= 0.35 * 48_000
