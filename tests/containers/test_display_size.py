"""How wide pixels are in Matroska and WebM, as ffprobe reads it; nothing else changes."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matrix import Seen
from plain_mattes import EVERYTHING

from sinet_video import TimeRange, convert
from sinet_video.containers.display_size import RATIO, display, write_display_size

ASPECT = Fraction(128, 117)
"""That of the real clip: no whole number of pixels fits its frames."""


@given(
    st.integers(2, 8192),
    st.integers(2, 8192),
    st.fractions(Fraction(1, 4), 4, max_denominator=255),
)
def test_the_display_is_exactly_as_wide(width, height, aspect):
    """Whatever the unit; and a ratio is never smaller than the frame."""
    wide, high, unit = display(width, height, aspect)
    assert Fraction(wide, high) == width * aspect / height
    assert unit != RATIO or wide >= width


@pytest.mark.parametrize(
    ("name", "options"),
    [("a.webm", {}), ("o.mkv", {"background": "green"}), ("a.mkv", {"background": "transparent"})],
)
@pytest.mark.usefixtures("ffmpeg")
def test_players_hear_of_it(name, options, carphone, tmp_path):
    """In each codec, without a warning."""
    span = TimeRange(end=Fraction(1, 5))
    report = convert(carphone, tmp_path / name, settings=EVERYTHING, span=span, **options)
    found = Seen(tmp_path / name)
    assert found.aspect == ASPECT
    assert len(found.frames) == report.frames == 6
    assert report.warnings == []


@pytest.mark.parametrize("suffix", [".webm", ".mkv"])
def test_all_else_stays(suffix, make_clip, ffmpeg, tmp_path):
    """Packets stay where they are, seeking still lands, and what is said twice is said anew."""
    source, output = make_clip(audio=True), tmp_path / f"o{suffix}"
    convert(source, output, background="green", settings=EVERYTHING)
    show = ("ffprobe", "-show_packets", "-show_data_hash", "md5", "-show_format", output)
    before, size = ffmpeg(*show), output.stat().st_size
    for aspect in (Fraction(4, 3), ASPECT):
        assert write_display_size(output, (160, 96), aspect)
        assert Seen(output).aspect == aspect
    assert ffmpeg(*show) == before
    assert output.stat().st_size == size
    late = ffmpeg("ffprobe", "-read_intervals", "0.4%", "-show_entries", "packet=pts", output)
    assert "pts=440" in late


def test_a_file_without_room_is_left_as_it_is(make_clip, tmp_path):
    """Another muxer might leave no gap; here it is made something else."""
    output = tmp_path / "o.webm"
    convert(make_clip(), output, settings=EVERYTHING)
    gap = output.read_bytes().index(b"\xec\x01\x00\x00\x00")
    data = bytearray(output.read_bytes())
    data[gap] = 0xBF  # no gap any more, but a checksum
    output.write_bytes(data)
    assert not write_display_size(output, (160, 96), ASPECT)
    assert output.read_bytes() == data


@pytest.mark.usefixtures("ffmpeg")
def test_square_pixels_are_not_mentioned(make_clip, tmp_path):
    """The twin: such a file is as the muxer wrote it."""
    convert(make_clip(), tmp_path / "o.webm", settings=EVERYTHING)
    head = (tmp_path / "o.webm").read_bytes()[:1000]
    assert b"\x54\xb0" not in head
    assert Seen(tmp_path / "o.webm").aspect == 1


def test_behind_a_title_of_megabytes(tmp_path, ffmpeg, carphone):
    """The tracks come after it, far from the beginning."""
    source = tmp_path / "title.mkv"
    chapters = tmp_path / "title.txt"
    chapters.write_text(";FFMETADATA1\ntitle=" + "long " * 300_000 + "\n")
    ffmpeg(
        "ffmpeg", "-i", carphone, "-i", chapters, "-map_metadata", 1, "-t", "0.2", "-c", "copy",
        source,
    )  # fmt: skip
    output = tmp_path / "o.mkv"
    convert(source, output, background="green", settings=EVERYTHING)
    assert Seen(output).aspect == ASPECT
