"""How images say that colours are multiplied by alpha, read by Pillow and by ourselves."""

from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from sinet_video import InputError, probe
from sinet_video.containers.still_tags import (
    EXTRA_SAMPLES,
    alpha_kind,
    read_alpha_tag,
    unread_tiff,
    write_alpha_tag,
)

KINDS = {"straight": 2, "premultiplied": 1}


def encoded(codec: str, pixel_format: str) -> bytes:
    """A small image as libav encodes it."""
    encoder = av.CodecContext.create(codec, "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.framerate = 8, 6, pixel_format, 1
    frame = av.VideoFrame(8, 6, pixel_format)
    for plane in frame.planes:
        plane.update(bytes(plane.buffer_size))
    frame.pts = 0
    return b"".join(bytes(p) for p in [*encoder.encode(frame), *encoder.encode(None)])


@pytest.mark.parametrize("kind", KINDS)
def test_tiff(kind: str, tmp_path: Path) -> None:
    """ExtraSamples, as Pillow reads it; the samples stay."""
    plain = encoded("tiff", "rgba")
    data = write_alpha_tag(plain, kind, 1)
    image = Image.open(BytesIO(data))
    assert image.tag_v2[EXTRA_SAMPLES] == (KINDS[kind],)
    assert np.asarray(image).shape == (6, 8, 4)
    (tmp_path / "a.tif").write_bytes(data)
    assert read_alpha_tag(tmp_path / "a.tif") == kind


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("primaries", [1, 9])
def test_exr(kind: str, primaries: int, tmp_path: Path) -> None:
    """An attribute; libav reads the image as before."""
    plain = encoded("exr", "gbrapf32le")
    (tmp_path / "a.exr").write_bytes(write_alpha_tag(plain, kind, primaries))
    assert read_alpha_tag(tmp_path / "a.exr") == kind
    with av.open(str(tmp_path / "a.exr")) as container:
        assert next(container.decode(video=0)).width == 8


def test_what_says_nothing(tmp_path: Path) -> None:
    """PNG is straight by its standard; EXR is premultiplied by convention; no alpha, no tag."""
    png = encoded("png", "rgba")
    assert write_alpha_tag(png, "premultiplied", 1) == png
    (tmp_path / "a.png").write_bytes(png)
    assert read_alpha_tag(tmp_path / "a.png") == "straight"
    (tmp_path / "a.exr").write_bytes(encoded("exr", "gbrapf32le"))
    assert read_alpha_tag(tmp_path / "a.exr") == "premultiplied"
    tiff = encoded("tiff", "rgb24")
    assert write_alpha_tag(tiff, None, 1) == tiff


def directory(order: str, *entries: tuple[int, int]) -> bytes:
    """A TIFF of one directory with these tags, each of one short value."""
    begins = b"II*\0" if order == "<" else b"MM\0*"
    made = b"".join(struct.pack(f"{order}HHIHH", tag, 3, 1, value, 0) for tag, value in entries)
    return begins + struct.pack(f"{order}IH", 8, len(entries)) + made + bytes(4)


@pytest.mark.parametrize("order", ["<", ">"])
def test_alpha_of_tiffs_in_either_byte_order(order: str) -> None:
    """Photoshop writes both."""
    for kind, value in KINDS.items():
        assert alpha_kind(directory(order, (259, 1), (EXTRA_SAMPLES, value))) == kind
    assert alpha_kind(directory(order, (EXTRA_SAMPLES, 0))) is None


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([(259, 5)], None),
        ([(259, 7)], "compressed with JPEG"),
        ([(259, 50000)], "compressed with Zstandard"),
        ([(259, 4711)], "compressed with method 4711"),
        ([(259, 1), (324, 8)], "in tiles"),
    ],
)
def test_tiffs_that_would_be_blank(
    order: str, entries: list[tuple[int, int]], words: str | None
) -> None:
    """What libav does not decode has a name."""
    assert unread_tiff(directory(order, *entries)) == words


def test_a_tiff_that_is_not_decoded_is_refused(tmp_path: Path) -> None:
    """It gave a blank image."""
    image = Image.new("RGB", (64, 48), "red")
    image.save(tmp_path / "jpeg.tif", compression="jpeg")
    with pytest.raises(InputError, match=r"is a TIFF compressed with JPEG.*LZW or ZIP"):
        probe(tmp_path / "jpeg.tif")
    image.save(tmp_path / "big.tif", big_tiff=True)
    with pytest.raises(InputError, match=r"BigTIFF.*plain TIFF"):
        probe(tmp_path / "big.tif")
    image.save(tmp_path / "zip.tif", compression="tiff_adobe_deflate")
    assert probe(tmp_path / "zip.tif").codec == "tiff"
