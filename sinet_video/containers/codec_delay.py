"""Audio that starts before 0, such as the priming samples of its decoder, in Matroska and WebM.

MP4 hides it with an edit list. Matroska has the element CodecDelay, which players subtract from the
times of the track and skip at its start. libav's muxer writes it if the stream has it, but its MP4
demuxer does not set it, and PyAV cannot. So the stream is written to a small Matroska file in
memory, with that element, and read back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from io import BytesIO
from typing import Any

import av
from av.audio.stream import AudioStream

from sinet_video.containers.ebml import (
    SEGMENT,
    TRACK,
    TRACKS,
    elements,
    in_segment,
    number,
    written,
)

CODEC_DELAY, CLUSTER, TIMESTAMP, SIMPLE_BLOCK = 0x56AA, 0x1F43B675, 0xE7, 0xA3

LONGEST = 2112
"""Largest number of priming samples of any encoder: Apple's for AAC."""

BLOCK = b"\x81\x00\x00\x80" + bytes(8)
"""A block of the first track, at 0, a key frame, with some bytes, as libav expects one."""


def priming(stream: AudioStream) -> Fraction:
    """Return how many seconds before 0 a stream's packets may start, to prime the decoder."""
    context: Any = stream.codec_context
    if delay := _delay(context):
        return delay
    unit = stream.time_base or Fraction(1)
    most = Fraction(LONGEST, context.sample_rate)
    times = (entry.timestamp * unit for entry in stream.index_entries)
    return -min((time for time in times if -most <= time < 0), default=Fraction(0))


def _delay(context: Any) -> Fraction:
    """Return how many seconds a decoder says that prime it, if it says so.

    FFmpeg 8 counts all that an edit list of MP4 hides, which may be any stretch that was cut away.
    """
    if context.name == "opus" and (context.extradata or b"").startswith(b"OpusHead"):
        return Fraction(int.from_bytes(context.extradata[10:12], "little"), 48_000)
    delay = context.delay if context.delay <= LONGEST else 0
    return Fraction(delay, 48_000 if context.name == "opus" else context.sample_rate)


@contextmanager
def described(stream: AudioStream, before: Fraction) -> Iterator[AudioStream]:
    """Yield a template for a track like this stream that starts `before` seconds before 0."""
    context: Any = stream.codec_context
    if context.delay <= LONGEST and (not before or context.delay):
        yield stream
        return
    primed = before or _delay(context)
    with av.open(BytesIO(_small_file(stream, primed)), format="matroska") as container:
        yield container.streams.audio[0]


def _small_file(stream: AudioStream, before: Fraction) -> bytes:
    made = BytesIO()
    with av.open(made, "w", format="matroska") as container:
        container.add_stream_from_template(stream)
        container.start_encoding()
    data = made.getvalue()
    (segment,) = (e for e in elements(data, 0, len(data)) if e.name == SEGMENT)
    (tracks,) = (e for e in in_segment(data) if e.name == TRACKS)
    (track,) = (e for e in elements(data, tracks.content, tracks.end) if e.name == TRACK)
    kept = (e for e in elements(data, track.content, track.end) if e.name != CODEC_DELAY)
    body = b"".join(data[each.start : each.end] for each in kept)
    body += number(CODEC_DELAY, round(before * 10**9)) if before else b""
    said = written(TRACKS, written(TRACK, body))
    block = written(CLUSTER, number(TIMESTAMP, 0) + written(SIMPLE_BLOCK, BLOCK))
    return data[: segment.start] + written(SEGMENT, said + block)
