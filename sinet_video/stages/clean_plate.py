"""Screens of one colour behind a person: which there is, and what it would be without the person.

The clean plate is a surface of the second order, fitted to what is plainly screen by weights that
pass over the rest: how green a screen is differs from place to place.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import cos, radians
from typing import Any

import numpy as np
from av.video.reformatter import Colorspace
from numpy.typing import NDArray

from sinet_video.media.convert import reformat
from sinet_video.media.frame import Frame, Matte
from sinet_video.media.pyramid import reduced, reduced_alpha, subsampling
from sinet_video.stages.screen_settings import SATURATED, hues_of

Array = NDArray[Any]
"""Float32 throughout; numpy's types would call much of it float64."""

AROUND = {True: cos(radians(70)), False: cos(radians(30))}
"""How near a screen's hue is to that of its name, and to that of a colour that was given."""

FEWEST = 0.05
"""Least share of the picture that a screen takes; with less there is none."""


@dataclass(frozen=True)
class Cells:
    """A matte on cells of `factor` pixels.

    `colours` is (3, h, w), Y, U and V in [-0.5, 0.5], gray at 0; `person` is alpha, (h, w).
    """

    factor: int
    colours: Array
    person: Array

    @classmethod
    def of(cls, matte: Matte) -> Cells:
        """Reduce a matte's frame and its alpha, which is at the frame's size."""
        factor = subsampling(matte.frame)
        colours = centred(reduced(matte.frame, factor), matte.frame)
        return cls(factor, colours, reduced_alpha(matte.tiles, factor))


@dataclass(frozen=True)
class Plate:
    """The empty screen: surfaces of the second order for Y, U and V, (6, 3) coefficients."""

    surfaces: Array

    def planes(self, height: int, width: int) -> Array:
        """Return the screen's colours on a grid, (3, height, width), as `centred` has them."""
        flat: Array = (_monomials(height, width) @ self.surfaces).T.reshape(3, height, width)
        return flat

    def mixed(self, newer: Plate, share: float) -> Plate:
        """Return this plate with a share of a newer one; the newer alone if it is another."""
        change = np.abs(newer.planes(4, 4) - self.planes(4, 4)).mean()
        if change > 0.05:
            return newer
        return Plate(self.surfaces + np.float32(share) * (newer.surfaces - self.surfaces))


def centred(values: Array, frame: Frame) -> Array:
    """Return code values in [-0.5, 0.5], gray at 0."""
    top = np.float32(1 / (1 << frame.format.bits))
    centred: Array = values * top - np.float32(0.5)
    return centred


def detect_screen(cells: Cells, name: str) -> Plate | None:
    """Return the screen of this name that cells show, or None where there is none.

    What the matte holds is no screen.
    """
    chroma, free = cells.colours[1:], cells.person < 0.5
    near = AROUND[not name.startswith("#")]
    choices = [_like(chroma, free, hue, near) for hue in hues_of(name)]
    screen = max(choices, key=np.count_nonzero)
    if np.count_nonzero(screen) < FEWEST * screen.size:
        return None
    return _fit_clean_plate(cells.colours, screen)


def update_plate(plate: Plate | None, newer: Plate | None, steadiness: float) -> Plate | None:
    """Return the plate after another picture, which shows `newer`."""
    return plate.mixed(newer, 1 - steadiness) if plate and newer else newer


def _like(
    chroma: Array, free: NDArray[np.bool_], hue: tuple[float, float], near: float
) -> NDArray[np.bool_]:
    """Return which cells have the hue of a screen that is somewhat like `hue`."""
    size = np.hypot(*chroma)
    along = (chroma[0] * hue[0] + chroma[1] * hue[1]) / np.hypot(*hue)
    chosen: NDArray[np.bool_] = free & (along > near * size) & (size > SATURATED)
    for _ in range(3):
        if not chosen.any():
            break
        middle = np.median(chroma[:, chosen], axis=1)
        length = np.hypot(*middle)
        along = (chroma[0] * middle[0] + chroma[1] * middle[1]) / length
        chosen = free & (along > cos(radians(25)) * size) & (size > 0.5 * length)
    return chosen


def _fit_clean_plate(colours: Array, screen: NDArray[np.bool_]) -> Plate:
    """Fit surfaces to the cells of a screen, by weights that fall off with how far a cell is."""
    step = max(1, max(screen.shape) // 64)
    values = colours[:, ::step, ::step].reshape(3, -1).T
    chosen = screen[::step, ::step].ravel()
    places = _monomials(*screen.shape).reshape(*screen.shape, 6)[::step, ::step].reshape(-1, 6)
    weight = chosen.astype(np.float32)
    for _ in range(4):
        weighted = places * weight[:, None]
        # A little towards a flat surface: a screen seen in one corner says nothing of the others.
        normal = weighted.T @ places + np.diag([0, 1, 1, 1, 1, 1]) * np.float32(1e-3 * weight.sum())
        surfaces = np.linalg.solve(normal, weighted.T @ values)
        off = np.linalg.norm((values - places @ surfaces)[:, 1:], axis=1)
        spread = max(0.004, 1.48 * float(np.median(off[chosen]))) if chosen.any() else 1.0
        weight = (chosen / (1 + np.square(off / (2 * spread))) ** 2).astype(np.float32)
    return Plate(surfaces.astype(np.float32))


def as_yuv(frame: Frame) -> Frame:
    """Return a frame with chroma to look at: RGB is converted, YUV is as it is."""
    if not frame.format.is_rgb:
        return frame
    name = frame.video.format.name.replace("gbrp", "yuv444p")
    return frame.with_video(reformat(frame.video, pixel_format=name, matrix=Colorspace.ITU601))


@lru_cache(8)
def _monomials(height: int, width: int) -> Array:
    """Return 1, x, y, x^2, xy and y^2 over a grid from -1 to 1, (height * width, 6)."""
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    y, x = (rows + 0.5) * 2 / height - 1, (columns + 0.5) * 2 / width - 1
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=2).reshape(-1, 6)


def difference(chroma: Array, screen: Array) -> Array:
    """Return how little of the screen's colour there is: 0 as much as in it, 1 none or less.

    Both are (2, ...) chromas, gray at 0. Along the screen's hue a chroma counts, across it, as that
    of skin before a yellowish screen, counts against.
    """
    squared = screen[0] * screen[0] + screen[1] * screen[1] + np.float32(1e-9)
    along = chroma[0] * screen[0] + chroma[1] * screen[1]
    across = np.abs(chroma[0] * screen[1] - chroma[1] * screen[0])
    rest: Array = 1 - (along - across) / squared
    return rest
