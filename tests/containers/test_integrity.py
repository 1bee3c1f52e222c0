"""Whether a file is all there, by cutting whole ones off."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from sinet_video.containers.integrity import damage


def said(path: Path) -> str | None:
    """What is wrong with a file."""
    with path.open("rb") as file, av.open(str(path)) as container:
        return damage(file, container)


@pytest.fixture
def clip(make_clip):
    """A clip in any container."""
    return lambda name: make_clip(name, width=64, height=48, frames=10)


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "a.avi"])
def test_a_whole_file(name: str, clip) -> None:
    """Nothing is missing."""
    assert said(clip(name)) is None


@pytest.mark.parametrize("name", ["a.mkv", "a.avi"])
@pytest.mark.parametrize("lost", [1, 100])
def test_a_file_that_is_cut_off(name: str, lost: int, clip, tmp_path: Path) -> None:
    """It says by how many bytes."""
    data = clip(name).read_bytes()
    path = tmp_path / name
    path.write_bytes(data[:-lost])
    assert said(path) == f"is cut off: {lost} of its bytes are missing"


def test_a_byte_that_is_wrong(clip, tmp_path: Path) -> None:
    """Matroska's checksums say where; libav writes them if asked."""
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w", options={"write_crc32": "1"}) as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for index in range(5):
            frame = av.VideoFrame(64, 48, "yuv420p")
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert said(path) is None
    data = bytearray(path.read_bytes())
    place = data.index(b"\xae")  # in the list of tracks
    data[place + 12] ^= 1
    path.write_bytes(data)
    found = said(path)
    assert found is not None
    assert "checksum does not agree" in found
