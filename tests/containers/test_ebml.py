"""Matroska's elements in a file: whatever their sizes say, reading them ends."""

from __future__ import annotations

import pytest

from sinet_video.containers.ebml import walk

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
