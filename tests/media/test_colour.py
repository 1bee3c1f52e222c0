"""The one table of H.273 codes, against libav's enumerations."""

from __future__ import annotations

import av
import pytest
from av.video.reformatter import ColorPrimaries, ColorTrc

from sinet_video.media import colour


@pytest.mark.parametrize(
    ("table", "theirs"), [(colour.PRIMARIES, ColorPrimaries), (colour.TRANSFERS, ColorTrc)]
)
def test_codes_are_libavs(table: dict[str, int], theirs: type) -> None:
    """Every code is one that PyAV knows too."""
    known = {int(value) for value in theirs}
    assert set(table.values()) <= known


def tagged(option: str, name: str) -> av.VideoFrame:
    """A frame that libav's own filter has tagged by a name."""
    graph = av.filter.Graph()
    source = graph.add("color", "s=16x16:d=0.04")
    setting = graph.add("setparams", f"{option}={name}")
    sink = graph.add("buffersink")
    source.link_to(setting)
    setting.link_to(sink)
    graph.configure()
    return graph.pull()


@pytest.mark.parametrize(
    ("option", "table", "field"),
    [
        ("range", colour.RANGES, "range"),
        ("colorspace", colour.MATRICES, "matrix"),
        ("color_primaries", colour.PRIMARIES, "primaries"),
        ("color_trc", colour.TRANSFERS, "transfer"),
    ],
)
def test_names_are_libavs(option: str, table: dict[str, int], field: str) -> None:
    """A frame that is tagged by a name has the code that the table says."""
    for name, code in table.items():
        try:
            frame = tagged(option, name)
        except ValueError:  # names that this filter lacks
            continue
        assert getattr(colour.Colour.of(frame), field) == code, name


def test_a_frame_says_its_own() -> None:
    """Tags as they were set; 2, or 0 for the range, where nothing is said."""
    video = av.VideoFrame(16, 16, "yuv420p")
    assert colour.Colour.of(video) == colour.Colour(2, 0, 2, 2)
    video.colorspace, video.color_range = 1, 1
    video.color_primaries, video.color_trc = 9, 16
    assert colour.Colour.of(video) == colour.Colour(1, 1, 9, 16)
