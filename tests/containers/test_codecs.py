"""The table of encoders, against what libav's encoders say that they take."""

from __future__ import annotations

import av
import pytest

from sinet_video.containers.codecs import CODECS, yuv_like
from sinet_video.media.pixel_formats import PLANAR


def taken(encoder: str) -> set[str]:
    """The pixel formats that an encoder says it takes."""
    return {each.name for each in av.Codec(encoder, "w").video_formats or ()}


@pytest.mark.parametrize("name", CODECS)
def test_formats_are_taken(name: str) -> None:
    """Whatever the clip's format: without alpha, with it, and alpha alone."""
    codec = CODECS[name]
    formats = taken(codec.encoder)
    if not formats:  # rawvideo takes them all
        return
    for working in PLANAR:
        assert codec.rgb(working) in formats, working
        assert codec.rgba is None or codec.rgba(working) in formats, working
    assert codec.alpha in formats


@pytest.mark.parametrize(
    ("working", "depths", "alpha", "expected"),
    [
        ("yuv420p", (8, 10), "", "yuv420p"),
        ("yuv422p9le", (8, 10), "", "yuv422p10le"),
        ("gbrp16le", (8, 10), "", "yuv444p10le"),
        ("yuv440p", (8,), "", "yuv444p"),
        ("yuv411p", (8,), "", "yuv422p"),
        ("yuv420p12le", (8, 12), "a", "yuva422p12le"),
    ],
)
def test_the_nearest_format(
    working: str, depths: tuple[int, ...], alpha: str, expected: str
) -> None:
    """At least its bits where there are so many, and its chroma."""
    assert yuv_like(working, *depths, alpha=alpha) == expected
