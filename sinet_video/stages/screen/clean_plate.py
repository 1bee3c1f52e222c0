"""Detection of a single-colour screen, and an estimate of the screen without the person.

The clean plate is a second-order surface, fitted to what is clearly screen with weights that ignore
the rest, because the colour of a screen varies from place to place.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import cos, radians

import numpy as np
from av.video.reformatter import Colorspace
from numpy.typing import NDArray

from sinet_video.media.arrays import FloatArray
from sinet_video.media.convert import reformat
from sinet_video.media.frame import Frame, Matte
from sinet_video.planes.pyramid import colour_subsampling, reduced, reduced_alpha
from sinet_video.stages.screen.settings import SATURATED, hues_of

AROUND = {True: cos(radians(70)), False: cos(radians(30))}
"""Least cosine between a screen's hue and the wanted hue: for a named colour, for a given one."""

FEWEST = 0.05
"""Least share of the frame that a screen covers; anything smaller is not a screen."""

ENOUGH = 64
"""About so many cells along the longer side are looked at, as a screen is large and smooth."""


@dataclass(frozen=True)
class Cells:
    """A matte averaged over cells of `factor` pixels.

    `colours` is (3, h, w): Y, U and V in [-0.5, 0.5], with gray at 0. `person` is alpha, (h, w) in
    [0, 1].
    """

    factor: int
    colours: FloatArray
    person: FloatArray

    @classmethod
    def of(cls, matte: Matte) -> Cells:
        """Reduce a matte's frame and its alpha, which must be at the frame's size."""
        factor = colour_subsampling(matte.frame)
        colours = centred(reduced(matte.frame, factor), matte.frame)
        return cls(factor, colours, reduced_alpha(matte.tiles, factor))


@dataclass(frozen=True)
class Plate:
    """The empty screen: second-order surfaces for Y, U and V, as (6, 3) coefficients."""

    surfaces: FloatArray

    def planes(self, height: int, width: int) -> FloatArray:
        """Return the screen's colours on a grid, (3, height, width), in the range of `centred`."""
        flat: FloatArray = (_monomials(height, width) @ self.surfaces).T.reshape(3, height, width)
        return flat

    def mixed(self, newer: Plate, share: float) -> Plate:
        """Return this plate mixed with a share of a newer one, or the newer one if they differ."""
        change = np.abs(newer.planes(4, 4) - self.planes(4, 4)).mean()
        if change > 0.05:
            return newer
        return Plate(self.surfaces + np.float32(share) * (newer.surfaces - self.surfaces))


def centred(values: FloatArray, frame: Frame) -> FloatArray:
    """Return code values of any shape scaled to [-0.5, 0.5], with gray at 0."""
    top = np.float32(1 / (1 << frame.format.bits))
    centred: FloatArray = values * top - np.float32(0.5)
    return centred


def detect_screen(cells: Cells, name: str) -> Plate | None:
    """Return the screen of the named colour, or None if the cells show none.

    Cells that the matte covers are not searched.
    """
    shape = cells.person.shape
    step = max(1, max(shape) // ENOUGH)
    colours = np.ascontiguousarray(cells.colours[:, ::step, ::step])
    free = cells.person[::step, ::step] < 0.5
    near = AROUND[not name.startswith("#")]
    choices = [_like(colours[1:], free, hue, near) for hue in hues_of(name)]
    screen = max(choices, key=np.count_nonzero)
    if np.count_nonzero(screen) < FEWEST * screen.size:
        return None
    places = _monomials(*shape).reshape(*shape, 6)[::step, ::step].reshape(-1, 6)
    return _fit_clean_plate(colours.reshape(3, -1).T, places, screen.ravel())


def update_plate(plate: Plate | None, newer: Plate | None, steadiness: float) -> Plate | None:
    """Return the plate after another frame, which shows `newer`."""
    return plate.mixed(newer, 1 - steadiness) if plate and newer else newer


def _like(
    chroma: FloatArray, free: NDArray[np.bool_], hue: tuple[float, float], near: float
) -> NDArray[np.bool_]:
    """Return which cells have the hue of a screen that resembles `hue`."""
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


def _fit_clean_plate(values: FloatArray, places: FloatArray, chosen: NDArray[np.bool_]) -> Plate:
    """Fit surfaces to the chosen cells, with weights that fall off with the distance.

    Each cell, (n, ...), has its colour and the monomials of its place.
    """
    weight = chosen.astype(np.float32)
    for _ in range(4):
        weighted = places * weight[:, None]
        # Regularised towards a flat surface: a screen visible in one corner says nothing about the
        # others.
        normal = weighted.T @ places + np.diag([0, 1, 1, 1, 1, 1]) * np.float32(1e-3 * weight.sum())
        surfaces = np.linalg.solve(normal, weighted.T @ values).astype(np.float32)
        off = np.hypot(*(values - places @ surfaces)[:, 1:].T)
        spread = max(0.004, 1.48 * float(np.median(off[chosen]))) if chosen.any() else 1.0
        weight = chosen / np.square(1 + np.square(off / np.float32(2 * spread)))
    return Plate(surfaces)


def as_yuv(frame: Frame) -> Frame:
    """Return a frame that has chroma planes: RGB is converted, YUV is returned as it is."""
    if not frame.format.is_rgb:
        return frame
    name = frame.video.format.name.replace("gbrp", "yuv444p")
    return frame.with_video(reformat(frame.video, pixel_format=name, matrix=Colorspace.ITU601))


@lru_cache(8)
def _monomials(height: int, width: int) -> FloatArray:
    """Return 1, x, y, x^2, xy and y^2 over a grid from -1 to 1, (height * width, 6)."""
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    y, x = (rows + 0.5) * 2 / height - 1, (columns + 0.5) * 2 / width - 1
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=2).reshape(-1, 6)


def difference(chroma: FloatArray, screen: FloatArray) -> FloatArray:
    """Return how far a colour is from the screen's: 0 for as much of its hue, 1 for none or less.

    Both are chroma arrays, (2, ...), with gray at 0. Chroma along the screen's hue counts for the
    screen. Chroma across it, such as skin in front of a yellowish screen, counts against it.
    """
    squared = screen[0] * screen[0] + screen[1] * screen[1] + np.float32(1e-9)
    along = chroma[0] * screen[0] + chroma[1] * screen[1]
    across = np.abs(chroma[0] * screen[1] - chroma[1] * screen[0])
    rest: FloatArray = 1 - (along - across) / squared
    return rest
