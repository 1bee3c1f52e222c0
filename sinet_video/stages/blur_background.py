"""The blurred original as a background."""

from __future__ import annotations

from math import ceil

import av
import numpy as np

from sinet_video.checked import is_number
from sinet_video.errors import SettingError
from sinet_video.media.convert import AREA, BILINEAR, blank_like, planes_of, reformat
from sinet_video.media.frame import Frame, Matte
from sinet_video.media.pixel_formats import Plane
from sinet_video.planes.gaussian import gaussian
from sinet_video.planes.quantise import write_alpha
from sinet_video.stages.composite import Named

SMALL = 240
"""Longer side of the reduced frame that is blurred, about."""

FAINT = 1e-4
"""Weight of a sample that is the person's: where nothing else is in reach it stands in."""


def small_size(frame: Frame) -> tuple[int, int]:
    """Return the width and height of the reduced frame."""
    factor = max(1, max(frame.width, frame.height) // SMALL)
    # The size is a multiple of the chroma subsampling, so that chroma and luma stay aligned.
    step = max(2, frame.format.across, frame.format.down)
    width, height = (max(step, s // factor // step * step) for s in (frame.width, frame.height))
    return width, height


class BlurBackground(Named):
    """The original background, blurred, without the person bleeding into the blur.

    `radius` is the standard deviation of the blur, as a percentage of the frame's longer side.

    Raises `SettingError` for a radius out of range.
    """

    def __init__(self, radius: float = 2.0) -> None:
        if not is_number(radius) or not 0 < radius <= 20:
            raise SettingError(
                f"Blur is {radius!r}; it must be above 0 and at most 20, in percent of the frame's "
                "longer side."
            )
        self.radius: float = radius
        self.name = f"{radius:g}"

    def planes(self, matte: Matte) -> tuple[Plane, ...]:
        """Return the blurred planes of the frame; see `Background.planes`."""
        video = matte.frame.video
        width, height = small_size(matte.frame)
        small = reformat(video, width=width, height=height, interpolation=AREA)
        room = 1 - _reduced_alpha(matte, width, height)
        blurred = blank_like(small)  # at a factor of 1, `small` is the frame's own video frame
        for plane, target in zip(planes_of(small), planes_of(blurred), strict=True):
            sigma = self.radius / 100 * max(plane.shape)
            target[...] = _masked_blur(plane, _averaged(room, plane.shape), sigma)
        large = reformat(blurred, width=video.width, height=video.height, interpolation=BILINEAR)
        return planes_of(large)


def _reduced_alpha(matte: Matte, width: int, height: int) -> Plane:
    gray = av.VideoFrame(matte.frame.width, matte.frame.height, "gray")
    write_alpha(matte.plane, 0, 255, planes_of(gray)[0])
    small = reformat(gray, width=width, height=height, interpolation=AREA)
    return planes_of(small)[0].astype(np.float32) / 255


def _averaged(values: Plane, shape: tuple[int, ...]) -> Plane:
    down, across = values.shape[0] // shape[0], values.shape[1] // shape[1]
    cells = values.reshape(shape[0], down, shape[1], across)
    means: Plane = cells.mean((1, 3), dtype=np.float32)
    return means


def _masked_blur(plane: Plane, weight: Plane, sigma: float) -> Plane:
    """Blur a plane with a Gaussian, weighting each sample by `weight`, (h, w) in [0, 1]."""
    weight = np.maximum(np.square(weight), np.float32(FAINT))
    values, weights = gaussian(np.stack([plane * weight, weight]), sigma, ceil(3 * sigma))
    result: Plane = np.rint(values / weights).astype(plane.dtype)
    return result
