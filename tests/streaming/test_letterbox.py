"""Frames of another shape than the first."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest

from sinet_video import probe
from sinet_video.streaming.letterbox import letterboxed, room_for


@pytest.fixture(scope="module")
def like(make_clip):
    """A clip of 160x96."""
    return probe(make_clip("a.mp4", frames=2))


def white(width: int, height: int, pts: int = 0) -> av.VideoFrame:
    """A white frame."""
    made = av.VideoFrame.from_ndarray(np.full((height, width, 3), 255, np.uint8), "rgb24")
    made = made.reformat(format="yuv420p")
    made.pts, made.time_base = pts, Fraction(1, 25)
    return made


@pytest.mark.parametrize(
    ("size", "room"),
    [
        ((160, 96), (160, 96)),
        ((320, 192), (320, 192)),  # twice as large
        ((96, 96), (160, 96)),
        ((160, 160), (266, 160)),
        ((96, 160), (266, 160)),
        ((320, 100), (320, 192)),
        ((162, 96), (162, 96)),  # as good as the same
    ],
)
def test_a_frame_gets_the_shape_of_the_first(like, size, room) -> None:
    """Without a change of its own size."""
    assert room_for(white(*size), Fraction(1), like) == room


def test_pixels_that_are_not_square_count(like) -> None:
    """Those of the frame, and those of the clip."""
    assert room_for(white(80, 96), Fraction(2), like) == (80, 96)
    wide = replace(like, sample_aspect=Fraction(2))
    assert room_for(white(320, 96), Fraction(1), wide) == (320, 96)
    assert room_for(white(80, 96), Fraction(1), wide) == (320, 96)


def test_only_what_differs_gets_borders(like) -> None:
    """In the middle of a stream, and back again; each frame keeps its time."""
    videos = [white(160, 96, 0), white(96, 96, 1), white(96, 96, 2), white(160, 96, 3)]
    found = list(letterboxed(iter(videos), Fraction(1), like))
    assert [each.pts for each in found] == [0, 1, 2, 3]
    assert {(each.width, each.height) for each in found} == {(160, 96)}
    shown = found[1].to_ndarray(format="gray")
    assert shown[:, :30].max() < 20
    assert shown[:, 34:-34].min() > 230
    assert found[3].to_ndarray(format="gray").min() > 230
