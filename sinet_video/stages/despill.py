"""Taking a screen's light, reflected by the person, out of their colours.

The usual rules hold green below the mean of red and blue, or below the larger of them. In the
plane of the two chromas the first takes out all of the screen's hue, and the second what lies in a
wedge about it; both are turned here to the hue of the screen that there is. Luma stays as it is:
lowering green alone would darken whoever stands near the screen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import hypot
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sinet_video.errors import SettingError
from sinet_video.media.convert import blank_like, planes_of
from sinet_video.media.frame import Frame, Matte
from sinet_video.media.tiled_alpha import Canvas, Kind, TiledAlpha
from sinet_video.native import colours as kernels
from sinet_video.native.tiles import suits
from sinet_video.stages.clean_plate import (
    Cells,
    Plate,
    as_yuv,
    centred,
    detect_screen,
    update_plate,
)
from sinet_video.stages.memory import EVERYTHING, remembers
from sinet_video.stages.screen_settings import Despill, Limit, hues_of

Array = NDArray[Any]
"""Float32 throughout; numpy's types would call much of it float64."""

NARROWING = {"average": 0.0, "maximum": 1.0}
"""How much what lies across the hue counts against what lies along it."""

STEADINESS = 0.8

BATCH = 32
"""Tiles worked on at once: as many as stay in the processor's cache."""


@remembers(EVERYTHING)
def despill(mattes: Iterable[Matte], settings: Despill = Despill()) -> Iterator[Matte]:
    """Yield each matte with the screen's light taken out wherever alpha is above 0.

    Samples that have none of it stay bit for bit, as do all where there is no screen to be found.
    """
    plate: Plate | None = None
    for matte in mattes:
        seen = matte.with_frame(as_yuv(matte.frame))
        plate = update_plate(plate, detect_screen(Cells.of(seen), settings.screen), STEADINESS)
        hue = _hue(plate, settings.screen)
        if hue is None:
            yield matte
        else:
            yield matte.with_frame(despilled(matte.frame, matte.tiles, hue, settings.limit))


def _hue(plate: Plate | None, name: str) -> tuple[float, float] | None:
    if plate is not None:
        _, across, down = plate.planes(8, 8).mean((1, 2))
        return float(across), float(down)
    return None if name == "auto" else hues_of(name)[0]


def despilled(
    frame: Frame, alpha: TiledAlpha, hue: tuple[float, float], limit: Limit = "maximum"
) -> Frame:
    """Return a frame without the light of this hue, (Pb, Pr), where alpha is above 0."""
    if frame.format.is_rgb:
        raise SettingError(
            "A screen's light can be taken out of YUV pictures only, and this one is RGB; "
            "leave despill off, or convert the source first."
        )
    video, top = blank_like(frame.video), frame.format.top
    for source, target in zip(frame.planes, planes_of(video), strict=True):
        target[...] = source
    down, across = frame.format.down, frame.format.across
    unit = np.array(hue, np.float32) / np.float32(hypot(*hue))
    if suits(alpha.grid):
        planes, narrow = planes_of(video)[1:], NARROWING[limit]
        kernels.despill(planes, frame.format.bits, (down, across), alpha, unit, narrow, top)
        return frame.with_video(video)
    canvases = [Canvas(plane, alpha.grid, down, across) for plane in planes_of(video)[1:]]
    rows, columns = np.nonzero(alpha.kinds != Kind.CLEAR)
    shown = _shown(alpha, down, across)
    for start in range(0, len(rows), BATCH):
        at = rows[start : start + BATCH], columns[start : start + BATCH]
        chroma = np.stack([canvas.tiles[at[0], :, at[1], :] for canvas in canvases])
        excess = spill(centred(chroma, frame), unit, limit) * shown[start : start + BATCH]
        excess *= 1 << frame.format.bits
        for canvas, old, share in zip(canvases, chroma, unit, strict=True):
            new = np.rint(np.clip(old - excess * share, 0, top)).astype(old.dtype)
            canvas.tiles[at[0], :, at[1], :] = new
    for canvas in canvases:
        canvas.flush()
    return frame.with_video(video)


def spill(chroma: Array, unit: Array, limit: Limit) -> Array:
    """Return how much of a hue there is too much of; `chroma` is (2, ...), gray at 0."""
    along = chroma[0] * unit[0] + chroma[1] * unit[1]
    across = np.abs(chroma[0] * unit[1] - chroma[1] * unit[0])
    excess: Array = np.maximum(along - np.float32(NARROWING[limit]) * across, 0)
    return excess


def _shown(alpha: TiledAlpha, down: int, across: int) -> NDArray[np.bool_]:
    """Return which samples of chroma have alpha, in all tiles that are not clear."""
    kinds = alpha.kinds[alpha.kinds != Kind.CLEAR]
    values = alpha.reduced(down=down, across=across)
    shown = np.ones((len(kinds), *values.shape[1:]), bool)
    shown[kinds == Kind.PARTIAL] = values > 0
    return shown
