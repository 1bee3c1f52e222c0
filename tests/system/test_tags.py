"""Colour tags of any combination, through every video output, as ffprobe reads them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import matrix
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_inputs import H264, Made

MATRICES = ("unknown", "bt709", "smpte170m", "bt470bg", "smpte240m", "bt2020nc")
PRIMARIES = ("unknown", "bt709", "bt470m", "bt470bg", "smpte170m", "film", "bt2020", "smpte432")
TRANSFERS = (
    "unknown", "bt709", "smpte170m", "linear", "iec61966-2-1", "bt2020-10", "smpte2084",
    "arib-std-b67",
)  # fmt: skip
VIDEOS = sorted(set(matrix.OUTPUTS) - {"png"})


@pytest.mark.usefixtures("ffmpeg")
@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    st.sampled_from(MATRICES),
    st.sampled_from(PRIMARIES),
    st.sampled_from(TRANSFERS),
    st.booleans(),
    st.sampled_from(["yuv420p", "yuv422p10le"]),
    st.sampled_from(VIDEOS),
)
def test_tags_are_the_sources(space, primaries, transfer, full, pixel, output):
    """What is said is said, each by itself; what is not said is not made up; depth stays."""
    said = f"-colorspace {space} -color_primaries {primaries} -color_trc {transfer}"
    made = Made("s.mkv", H264, pixel, output, colour="", full=full, container=said)
    with tempfile.TemporaryDirectory() as folder:
        cells = matrix.row(made, Path(folder))
    tags = cells[0].source.tags
    assert tags["color_primaries"] == primaries
    assert tags["color_space"] == space
    wrong = {name: cells[0].wrong.get(name) for name in ("colour", "depth", "frames", "times")}
    assert not any(wrong.values()), f"{output}: {wrong} of {tags}"
