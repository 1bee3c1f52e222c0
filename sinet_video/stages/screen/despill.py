"""Removal of the screen's light that the person reflects.

The usual rules limit green to the mean of red and blue, or to the larger of them. In the chroma
plane the first removes all of the screen's hue, and the second removes a wedge around it. Here both
are rotated to the hue of the actual screen. Luma stays as it is: lowering green alone would darken
whoever stands near the screen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import hypot

import numpy as np
from numpy.typing import NDArray

from sinet_video.checked import check_kinds
from sinet_video.errors import SettingError
from sinet_video.media.arrays import FloatArray
from sinet_video.media.convert import blank_like, planes_of
from sinet_video.media.frame import Frame, Matte
from sinet_video.media.tiled_alpha import Canvas, Kind, TiledAlpha
from sinet_video.native import colours as kernels
from sinet_video.native.tiles import suits
from sinet_video.stages.memory import EVERYTHING, remembers
from sinet_video.stages.screen.clean_plate import (
    Cells,
    Plate,
    as_yuv,
    centred,
    detect_screen,
    update_plate,
)
from sinet_video.stages.screen.settings import Despill, Limit, hues_of

NARROWING = {"average": 0.0, "maximum": 1.0}
"""How strongly chroma across the screen's hue counts against chroma along it."""

STEADINESS = 0.8
"""Share of the screen's colour that is kept from frame to frame, as in `ChromaKey`."""

BATCH = 32
"""Tiles processed at once: as many as fit in the processor's cache."""


@remembers(EVERYTHING)
def despill(mattes: Iterable[Matte], settings: Despill = Despill()) -> Iterator[Matte]:
    """Yield each matte with the screen's light removed from its frame wherever alpha is above 0.

    Alpha must be at the frame's size, (H, W) in [0, 1], and does not change. Samples without spill
    stay bit for bit, as do frames in which no screen is found.
    """
    check_kinds(settings=(settings, Despill))
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
    """Return a frame without light of this hue, (Pb, Pr), where alpha is above 0.

    Raises `SettingError` for a limit that does not exist.
    """
    if frame.format.is_rgb:
        raise SettingError(
            "A screen's light can be taken out of YUV frames only, and this one is RGB; "
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


def spill(chroma: FloatArray, unit: FloatArray, limit: Limit) -> FloatArray:
    """Return the excess of a hue; `chroma` is (2, ...), with gray at 0."""
    along = chroma[0] * unit[0] + chroma[1] * unit[1]
    across = np.abs(chroma[0] * unit[1] - chroma[1] * unit[0])
    excess: FloatArray = np.maximum(along - np.float32(NARROWING[limit]) * across, 0)
    return excess


def _shown(alpha: TiledAlpha, down: int, across: int) -> NDArray[np.bool_]:
    """Return which chroma samples have alpha, in all tiles that are not clear."""
    kinds = alpha.kinds[alpha.kinds != Kind.CLEAR]
    values = alpha.reduced(down=down, across=across)
    shown = np.ones((len(kinds), *values.shape[1:]), bool)
    shown[kinds == Kind.PARTIAL] = values > 0
    return shown
