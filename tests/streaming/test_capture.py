"""Where live frames come from."""

from __future__ import annotations

from sinet_video import Settings, Source, Streaming
from sinet_video.streaming.capture import TICK, Capture

PICTURE = Source("lavfi:testsrc=size=64x48:rate=25:duration=0.4,realtime")


def test_frames_count_from_the_first_one() -> None:
    """In ticks of 1/90000 s, each as long as the rate says; a made picture ends by itself."""
    capture = Capture(PICTURE, Settings(), Streaming())
    frames = [each.frame for each in capture.frames()]
    assert len(frames) == 10
    assert [frame.pts for frame in frames] == [3600 * index for index in range(10)]
    assert {(frame.time_base, frame.duration) for frame in frames} == {(TICK, 3600)}
    assert (capture.lost, capture.gave_up) == (0, False)


def test_a_clip_is_as_it_is_from_now_on(make_clip) -> None:
    """Without an end, audio and the rest, which are not carried over."""
    capture = Capture(Source(make_clip("a.mp4", audio=True)), Settings(), Streaming())
    clip = capture.clip
    assert (clip.duration, clip.frames, clip.audio, clip.start) == (None, None, (), 0)


def test_closing_ends_the_frames() -> None:
    """At the next one, or before the first."""
    capture = Capture(PICTURE, Settings(), Streaming())
    frames = capture.frames()
    next(frames)
    capture.close()
    assert list(frames) == []
    other = Capture(PICTURE, Settings(), Streaming())
    other.close()
    assert list(other.frames()) == []
