"""A computer that is too slow to decode all that comes skips some of it, and stays near."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from plain_mattes import EVERYTHING

import sinet_video
from sinet_video import Streaming
from sinet_video.streaming import backlog
from sinet_video.streaming.backlog import LATE, LONGEST, Backlog

STEP = 1 / 25
NETWORK = replace(EVERYTHING, allow="network")


def read(cost: float, packets: int, *, keys: int = 50, pause: float = 0.0) -> tuple[float, int]:
    """Read a source of 25 frames a second; decoding one costs so many seconds.

    With a pause the source sends nothing for so long, after a third. Returns by how much the last
    packet was late, and how many were skipped.
    """
    found, now, skipped, late = Backlog(), 0.0, 0, 0.0
    for index in range(packets):
        due = index * STEP + (pause if index > packets // 3 else 0.0)
        waited = max(0.0, due - now)
        now += waited + 0.0001
        late = now - due
        if found.is_late(index * STEP, now, waited, key=index % keys == 0):
            skipped += 1
        else:
            now += cost
    return late, skipped


@pytest.mark.parametrize("cost", [0.0, 0.01, 0.035])
def test_what_can_be_decoded_is_not_skipped(cost: float) -> None:
    """Nor is it after a pause of the source, or where its clock is slower than ours."""
    assert read(cost, 2000)[1] == 0
    assert read(cost, 2000, pause=20.0)[1] == 0


@pytest.mark.parametrize("cost", [0.045, 0.06, 0.2])
def test_it_is_never_far_behind(cost: float) -> None:
    """Without skipping, it would be minutes late by then."""
    late, skipped = read(cost, 5000)
    assert late < LATE + 1
    assert 0 < skipped < 5000


def test_a_stream_without_key_frames_goes_on() -> None:
    """After a while."""
    _, skipped = read(0.06, 5000, keys=10**9)
    assert 0 < skipped < 4000
    assert LONGEST / STEP > 100


def test_a_decoder_that_is_too_slow_does_not_fall_behind(
    tmp_path, port, monkeypatch, wait_for_port, listening: Callable[..., object]
) -> None:
    """All that came is counted, soon after it came."""
    monkeypatch.setattr(backlog, "LATE", 0.4)
    from sinet_video.decoding.decoder import Decoder

    fast = Decoder.decode

    def slow(self, packet):
        time.sleep(0.06)
        yield from fast(self, packet)

    monkeypatch.setattr(Decoder, "decode", slow)
    url = f"tcp://127.0.0.1:{port}"
    source = ("-re", "-f", "lavfi", "-i", "testsrc=size=64x48:rate=25", "-t", 20)
    encoder = ("-c:v", "libx264", "-tune", "zerolatency", "-g", 12, "-f", "mpegts")
    listening(*source, *encoder, f"{url}?listen")
    wait_for_port()
    report = sinet_video.live(
        url, tmp_path / "a.mkv", settings=NETWORK, streaming=Streaming(length=8.0)
    )
    assert report.dropped > 20
    assert report.captured > 25 * 8.0 * 0.8
