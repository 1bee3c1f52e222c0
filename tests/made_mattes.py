"""Made mattes: a textured disc that moves over a ramp, with soft alpha on a coarse grid."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np

from sinet_video.media.convert import planes_of
from sinet_video.media.frame import Frame, Matte
from sinet_video.media.pixel_formats import PLANAR


def inside(height: int, width: int, index: int) -> np.ndarray:
    """How far each place is within the disc, about (H, W), in shares of the sides."""
    rows, columns = (np.mgrid[:height, :width] + 0.5) / np.array([height, width])[:, None, None]
    return 0.3 - np.hypot(rows - 0.5, columns - 0.45 - index / 60)


def made_frame(
    name: str, height: int, width: int, index: int = 0, *, inverted: bool = False, rotation: int = 0
) -> Frame:
    """A frame of a pixel format; noise and ramps, brighter and of another hue in the disc."""
    video, top = av.VideoFrame(width, height, name), PLANAR[name].top
    for number, plane in enumerate(planes_of(video)):
        rng = np.random.default_rng(number)
        disc = np.clip(inside(*plane.shape, index) * 30 + 0.5, 0, 1)
        ramp = np.linspace(0.2, 0.4, plane.shape[1]) + rng.random(plane.shape) * 0.04
        values = ramp + disc * (0.45 - 0.1 * number)
        plane[...] = np.rint((1 - values if inverted else values) * top)
    return Frame(video, index, Fraction(1, 25), rotation=rotation)


def made_alpha(height: int, width: int, index: int = 0) -> np.ndarray:
    """Alpha of the disc, (h, w) float32 in [0, 1], with exact zeros and ones."""
    return np.clip(inside(height, width, index) * 8 + 0.5, 0, 1).astype(np.float32)


def made_mattes(
    name: str = "yuv420p",
    height: int = 96,
    width: int = 128,
    *,
    count: int = 3,
    grid: tuple[int, int] | None = (36, 48),
    cut: int | None = None,
) -> list[Matte]:
    """Mattes on a coarse grid, or at the frame's size without one; from `cut` on of a new shot."""
    shape = grid or (height, width)
    return [
        Matte(
            made_frame(name, height, width, index, inverted=cut is not None and index >= cut),
            made_alpha(*shape, index),
        )
        for index in range(count)
    ]
