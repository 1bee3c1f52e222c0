"""Alpha from a screen of one colour (green, blue or any other) behind the person.

A colour-difference key, after Vlahos (US patent 4,100,569), which measures green above red and
blue. In YUV, luma cancels out of that difference, and it becomes a wedge in the chroma plane. Here
the wedge is rotated to the screen's own hue, so that a yellowish green is keyed as well as a pure
one. The screen's colour varies from place to place, so it is taken from a clean plate: a
second-order surface fitted to what is clearly screen, with weights that ignore the rest. Between
screen and person, alpha is the position of the sample between the plate's colour and the nearby
colour of the person.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sinet_video.checked import check_kinds
from sinet_video.media.arrays import Array, FloatArray
from sinet_video.media.frame import Frame, Matte
from sinet_video.media.tiled_alpha import Grid, Kind, TiledAlpha, grid_view, repeat_border
from sinet_video.native import colours as kernels
from sinet_video.native.tiles import suits
from sinet_video.planes.box_filter import box_sum
from sinet_video.planes.pyramid import Enlarged
from sinet_video.stages.memory import EVERYTHING, remembers
from sinet_video.stages.screen.clean_plate import (
    Cells,
    Plate,
    as_yuv,
    centred,
    detect_screen,
    difference,
    update_plate,
)
from sinet_video.stages.screen.settings import ChromaKey

LEVELS = (0.1, 0.8)
"""A difference below the first value is screen; above the second, person."""

SURE = 0.9
"""Whole cells with a difference above this are the person's."""

STRONGEST = 1.5
"""Upper limit for how much a person's hue may count against the screen's."""

HEARD = (0.1, 0.4)
"""Share of the keyed person that the other matte must find to have any say, and full say."""

CORE, GARBAGE = 1 / 60, 1 / 8
"""The depth inside the other matte from which nothing is removed, and the distance from it beyond
which nothing is kept, as shares of the longer side.
"""

SAME = 0.03
"""Largest colour distance from the screen for a gap to be screen, where black to white is 1."""

BATCH = 32
"""Tiles processed at once: as many as fit in the processor's cache."""


@dataclass
class Screened:
    """Counts the frames that were searched for a screen, and those that showed one."""

    frames: int = 0
    found: int = 0

    def warnings(self, screen: str) -> list[str]:
        """Return the warnings to show to the user; `screen` is as in `ChromaKey`."""
        missed = self.frames - self.found
        if not missed:
            return []
        kind = "green or blue" if screen == "auto" else screen
        where = "anywhere" if not self.found else f"in {missed} of {self.frames} frames"
        return [
            f"No {kind} screen was found {where}: there the matte is the network's alone; leave "
            "the key out, or give the colour of the screen."
        ]


@remembers(EVERYTHING)
def key(
    mattes: Iterable[Matte], settings: ChromaKey = ChromaKey(), *, screened: Screened | None = None
) -> Iterator[Matte]:
    """Yield each matte with alpha from the chroma key.

    Alpha must be at the frame's size, (H, W) in [0, 1], and stays so. It is computed at chroma
    resolution and enlarged bilinearly. The clean plate follows the screen slowly and restarts when
    the screen changes. A matte whose frame shows no screen is passed on unchanged. `screened`
    counts the frames that show a screen.
    """
    check_kinds(settings=(settings, ChromaKey))
    plate: Plate | None = None
    screened = screened or Screened()
    for matte in mattes:
        seen = matte.with_frame(as_yuv(matte.frame))
        cells = Cells.of(seen)
        plate = update_plate(plate, detect_screen(cells, settings.screen), settings.steadiness)
        screened.frames += 1
        screened.found += plate is not None
        yield matte.with_alpha(keyed(seen, cells, plate, settings)) if plate else matte


def between(chroma: FloatArray, screen: FloatArray, person: FloatArray) -> FloatArray:
    """Return the position of chroma samples between the screen (0) and the person (1).

    All arrays are (2, ...).
    """
    across, down = person - screen
    far = (chroma[0] - screen[0]) * across + (chroma[1] - screen[1]) * down
    share: FloatArray = far / (across * across + down * down + np.float32(1e-6))
    return share


def keyed(matte: Matte, cells: Cells, plate: Plate, settings: ChromaKey) -> TiledAlpha:
    """Return alpha from the key, at the frame's size."""
    grid = Grid.of(matte.frame.height, matte.frame.width)
    screen = plate.planes(*cells.person.shape)
    guess = difference(cells.colours[1:], screen[1:])
    lowest, highest = bounds(cells.colours, cells.person, screen, guess, heard=settings.person)
    kinds = _kinds(np.clip(guess, lowest, highest), grid, cells.factor)
    rows, columns = np.nonzero(kinds == Kind.PARTIAL)
    person = near_person(cells.colours[1:], guess)
    planes = np.concatenate([screen[1:], person, lowest[None], highest[None]])
    if suits(grid):
        values, least, most = _by_kernels(matte.frame, kinds, planes, cells.factor, settings)
    else:
        values = _worked_out(matte.frame, kinds, planes, cells.factor, settings)
        repeat_border(values, grid, rows, columns)
        least, most = values.min((1, 2), initial=1), values.max((1, 2), initial=0)
    kinds[rows[most <= 0], columns[most <= 0]] = Kind.CLEAR
    kinds[rows[least >= 1], columns[least >= 1]] = Kind.SOLID
    partial = (most > 0) & (least < 1)
    return TiledAlpha(grid, kinds, values if partial.all() else values[partial])


def bounds(
    colours: FloatArray, person: FloatArray, screen: FloatArray, guess: FloatArray, *, heard: bool
) -> tuple[FloatArray, FloatArray]:
    """Return the lowest and highest alpha that the other matte allows in each cell, (h, w) each.

    `person` is the other matte and `guess` the key's own alpha. The say of the other matte grows
    with the share of the keyed person that it finds, so that nothing jumps when it finds somebody.
    """
    kept = guess > 0.5
    seen = np.count_nonzero(kept & (person > 0.5)) / (np.count_nonzero(kept) or 1)
    trust = np.float32(np.clip((seen - HEARD[0]) / (HEARD[1] - HEARD[0]), 0, 1) * heard)
    longer = max(person.shape)
    inside = ~box_sum(person < 0.95, max(1, round(longer * CORE)))
    away = ~box_sum(person > 0.05, max(1, round(longer * GARBAGE)))
    # A gap that the other matte missed: what matches the screen in colour and brightness is screen.
    inside &= np.abs(colours - screen).max(0) > SAME
    return trust * inside, 1 - trust * away


def near_person(chroma: FloatArray, guess: FloatArray) -> FloatArray:
    """Return the person's mean chroma around each cell, (2, h, w); gray where nobody is near."""
    weight = (guess > LEVELS[1]).astype(np.float32)
    radius = max(1, max(guess.shape) // 20)
    near: Array = box_sum(chroma * weight, radius) / (box_sum(weight, radius) + np.float32(1e-3))
    return near


def _kinds(guess: FloatArray, grid: Grid, factor: int) -> NDArray[np.uint8]:
    """Return the kind of each tile: flat where its cells and their neighbours are."""
    height, width = guess.shape
    cells = Grid(height, width, grid.down // factor, grid.across // factor)
    kept, missing = box_sum(guess > LEVELS[0] / 2, 1), box_sum(guess < SURE, 1)
    some, lacking = (cells.tiled(which).any(axis=(1, 3)) for which in (kept, missing))
    kinds = np.where(some & lacking, Kind.PARTIAL, np.where(some, Kind.SOLID, Kind.CLEAR))
    return kinds.astype(np.uint8)


def _by_kernels(
    frame: Frame, kinds: NDArray[np.uint8], planes: FloatArray, factor: int, settings: ChromaKey
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return what `_worked_out` does, and each tile's least and most alpha."""
    shared = frame.format.down, frame.format.across
    grid, levels = (
        Grid.of(frame.height, frame.width),
        (settings.black, settings.white - settings.black),
    )
    values, extremes = kernels.keyed(
        frame.planes[1:], frame.format.bits, shared, planes, factor, levels, grid, kinds
    )
    return values, extremes[:, 0], extremes[:, 1]


def _worked_out(
    frame: Frame, kinds: NDArray[np.uint8], planes: FloatArray, factor: int, settings: ChromaKey
) -> FloatArray:
    """Return alpha of the partial tiles, (n, tile height, tile width).

    `planes` holds, per cell, the screen's two chroma values, the person's two, and the bounds.
    """
    down, across = frame.format.down, frame.format.across
    grid = Grid.of(frame.height, frame.width)
    _, height, width = planes.shape
    cells = Grid(height, width, grid.down // factor, grid.across // factor)
    height, width = frame.planes[1].shape
    chroma = Grid(height, width, grid.down // down, grid.across // across)
    large = [Enlarged(plane, cells, (factor // down, factor // across)) for plane in planes]
    sources = [chroma.tiled(plane) for plane in frame.planes[1:]]
    whole = np.empty((chroma.rows * chroma.down, chroma.columns * chroma.across), np.float32)
    tiles = grid_view(whole, chroma)
    tiles[...] = (kinds == Kind.SOLID)[:, None, :, None]
    rows, columns = np.nonzero(kinds == Kind.PARTIAL)
    for start in range(0, len(rows), BATCH):
        at = rows[start : start + BATCH], columns[start : start + BATCH]
        seen = np.stack([source[at[0], :, at[1], :] for source in sources])
        known = np.stack([plane.tiles(*at) for plane in large])
        tiles[at[0], :, at[1], :] = _alpha(centred(seen, frame), known, settings)
    samples = whole[: chroma.height, : chroma.width]
    return Enlarged(samples, chroma, (down, across)).tiles(rows, columns)


def _alpha(chroma: FloatArray, known: FloatArray, settings: ChromaKey) -> FloatArray:
    """Return alpha in [0, 1] for chroma samples, (2, ...)."""
    screen, person, (lowest, highest) = known[:2], known[2:4], known[4:]
    guess = difference(chroma, screen)
    fine = between(chroma, screen, person)
    fine = np.clip((fine - settings.black) / (settings.white - settings.black), 0, 1)
    # A hue other than the screen's, such as skin, counts against the screen's: a mixture with it
    # would otherwise seem to hold less of the screen than it does.
    sure = LEVELS[1] * np.clip(difference(person, screen), 1, STRONGEST)
    alpha = np.where(guess <= LEVELS[0], 0, np.where(guess >= sure, 1, fine))
    return np.clip(alpha, lowest, highest).astype(np.float32, copy=False)
