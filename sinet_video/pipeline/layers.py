"""Two layers of a clip: the person, and the plate, which is the frame without the person."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sinet_video.media.frame import Matte
from sinet_video.media.tiled_alpha import Kind, TiledAlpha
from sinet_video.pipeline.report import Meter
from sinet_video.stages.matte_settings import SourceAlpha

if TYPE_CHECKING:
    from sinet_video.pipeline.chain import Work
    from sinet_video.pipeline.output_kind import OutputKind

Shown = Callable[[Iterator[Matte], "Work", Meter], Iterator[Matte]]
"""The stages from full-size mattes to what is written: one matte for each, without delay."""


@dataclass(frozen=True)
class Layered(Matte):
    """The person as it is written, and the plate of the same frame."""

    plate: Matte | None = None


def layered(
    mattes: Iterator[Matte], work: Work, plate: OutputKind, shown: Shown, meter: Meter
) -> Iterator[Matte]:
    """Yield both layers of each matte, each made by stages of its own.

    Alpha of the plate is what the person's leaves, so it is cleaned of the person's colours as the
    person is of the room's. It has no spill to be removed: what there is, is the screen.
    """
    kept: deque[Matte] = deque()

    def noted() -> Iterator[Matte]:
        for matte in mattes:
            kept.append(matte)
            yield matte

    def rests() -> Iterator[Matte]:
        while True:
            yield rest(kept.popleft(), work.settings.source_alpha)

    settings = replace(work.settings, despill=None)
    other = replace(work, look=plate, plate=None, settings=settings)
    # Both are begun here, in order, and run when they are asked.
    return _together(shown(noted(), work, meter), shown(rests(), other, Meter()))


def _together(persons: Iterator[Matte], plates: Iterator[Matte]) -> Iterator[Matte]:
    for shown in persons:
        yield Layered(shown.frame, shown.plane, next(plates))


def rest(matte: Matte, source_alpha: SourceAlpha) -> Matte:
    """Return the frame with alpha where the person is not.

    Of a source with its own alpha, which the person's has in it unless it is to be ignored, that is
    what it has beside the person.
    """
    own = matte.frame.source_alpha
    if own is not None and source_alpha != "ignore":
        left = np.clip(own.dense() - matte.alpha, 0, 1).astype(np.float32)
        return matte.with_alpha(TiledAlpha.of(left))
    tiles = matte.tiles
    opposite = np.array([Kind.SOLID, Kind.CLEAR, Kind.PARTIAL], np.uint8)
    turned = replace(tiles, kinds=opposite[tiles.kinds], values=1 - tiles.values)
    return matte.with_alpha(turned)
