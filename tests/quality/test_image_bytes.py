"""PNG and JPEG files in memory, read back by Pillow."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from sinet_video.quality.image_bytes import jpeg, png

RNG = np.random.default_rng(3)
SMOOTH = np.linspace(0, 255, 64 * 48 * 3).reshape(48, 64, 3).astype(np.uint8)


@pytest.mark.parametrize("shape", [(1, 1, 3), (7, 5, 3), (48, 64, 3)])
def test_png_is_exact(shape: tuple[int, int, int]) -> None:
    """Any size, also a view whose rows do not follow one another."""
    image = RNG.integers(0, 256, shape, np.uint8)
    assert np.array_equal(Image.open(BytesIO(png(image))), image)
    turned = image.swapaxes(0, 1)
    assert np.array_equal(Image.open(BytesIO(png(turned))), turned)


def test_jpeg_is_near() -> None:
    """In colour and in gray, and the better the lower the quantiser."""
    near = [
        np.abs(np.asarray(Image.open(BytesIO(jpeg(SMOOTH, quantiser=q))), float) - SMOOTH).mean()
        for q in (2, 31)
    ]
    assert near[0] < 2 < near[1] + 2
    assert near[0] < near[1]
    gray = np.asarray(Image.open(BytesIO(jpeg(SMOOTH[..., 0]))).convert("L"), float)
    assert np.abs(gray - SMOOTH[..., 0]).mean() < 2
