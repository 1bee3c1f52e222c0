"""How images say that colours are multiplied by alpha, read by Pillow and by ourselves."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from sinet_video.containers.still_tags import EXTRA_SAMPLES, read_alpha_tag, write_alpha_tag

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
