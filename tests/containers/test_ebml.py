"""EBML elements: written and read, and read of a file that libav wrote."""

from __future__ import annotations

from io import BytesIO

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinet_video.containers.ebml import SEGMENT, TRACKS, elements, in_segment, number, walk, written

NAMES = st.sampled_from([SEGMENT, TRACKS, 0x56AA, 0xA3, 0xE7])


@given(st.lists(st.tuples(NAMES, st.binary(max_size=300)), max_size=5))
def test_what_is_written_is_read(pieces: list[tuple[int, bytes]]) -> None:
    """Names, order and contents."""
    data = b"".join(written(name, content) for name, content in pieces)
    found = [(e.name, data[e.content : e.end]) for e in elements(data, 0, len(data))]
    assert found == pieces


@given(NAMES, st.integers(0, 2**63))
def test_numbers(name: int, value: int) -> None:
    """Big-endian, in as few bytes as there need be."""
    data = number(name, value)
    (element,) = elements(data, 0, len(data))
    assert int.from_bytes(data[element.content : element.end]) == value


def test_a_file_of_libavs() -> None:
    """It has one segment with one list of tracks."""
    made = BytesIO()
    with av.open(made, "w", format="matroska") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 16, 16, "yuv420p"
        container.mux(stream.encode(av.VideoFrame(16, 16, "yuv420p")))
        container.mux(stream.encode(None))
    names = [element.name for element in in_segment(made.getvalue())]
    assert names.count(TRACKS) == 1


HOSTILE = {
    "a size beyond all files": b"\x1a\x45\xdf\xa3\x01\xff\xff\xff\xff\xff\xff\xfe" + bytes(20),
    "a size that is not said": b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff" + bytes(20),
    "half a name": b"\x1a\x45",
    "nothing but noughts": bytes(50),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_sizes_that_were_made_up(kind, tmp_path):
    """There is at most the one element, and no error."""
    path = tmp_path / "a.mkv"
    path.write_bytes(HOSTILE[kind])
    with path.open("rb") as file:
        assert len(list(walk(file, path.stat().st_size))) <= 1
