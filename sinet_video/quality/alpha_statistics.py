"""Statistics of alpha, including whether colours are premultiplied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from sinet_video.media.convert import BILINEAR, planes_of, reformat
from sinet_video.media.pixel_formats import has_alpha
from sinet_video.media.tiled_alpha import AlphaKind
from sinet_video.quality.metrics import PARTIAL

TOLERANCE = 0.04
"""How far a premultiplied colour may exceed its alpha, to allow for lossy codecs."""

DARK = 0.1
"""Colours below this are not informative: black is black, premultiplied or not."""

FEW = 0.02
"""Share of informative pixels above their alpha up to which colours count as premultiplied."""

ROWS = 270
"""Rows of a large frame that are examined for premultiplication."""

LIGHT = frozenset({"gbrapf16le", "gbrapf32le"})
"""Formats of linear light, in which colours may be above 1; the order of planes is the name's."""


@dataclass(frozen=True)
class AlphaFigures:
    """Statistics of alpha over some frames, in [0, 1].

    Attributes:
        frames: number of frames with an alpha channel.
        least, mean, most: over all their pixels.
        partial: share of pixels above 0.05 and below 0.95.
        kind: whether colours are straight or premultiplied; None if the frames do not show it.
        above: share of pixels with a colour above their alpha, among the informative ones: neither
            opaque nor dark.
    """

    frames: int
    least: float
    mean: float
    most: float
    partial: float
    kind: AlphaKind | None
    above: float


class Transparency:
    """Collects `AlphaFigures` frame by frame, in constant memory."""

    def __init__(self) -> None:
        self._frames = 0
        self._pixels = self._partial = self._telling = self._above = 0
        self._sum, self._least, self._most = 0.0, 1.0, 0.0

    def note(self, video: av.VideoFrame) -> None:
        """Add a frame; one without alpha does not count."""
        if not has_alpha(video):
            return
        rgba, top = rgba_of(video)
        alpha = np.ascontiguousarray(rgba[..., 3])
        partial = (alpha > PARTIAL[0] * top) & (alpha < PARTIAL[1] * top)
        self._frames += 1
        self._pixels += alpha.size
        self._sum += int(alpha.sum(dtype=np.int64)) / top
        self._least = min(self._least, int(alpha.min()) / top)
        self._most = max(self._most, int(alpha.max()) / top)
        self._partial += int(np.count_nonzero(partial))
        if video.format.name in LIGHT:
            self._note_light(np.stack([_few_rows(plane) for plane in planes_of(video)], axis=-1))
        else:
            self._note_colours(_few_rows(rgba), top)

    def _note_light(self, gbra: NDArray[Any]) -> None:
        """Add floats, which may be brighter than white: premultiplied, up to alpha of the most."""
        light = gbra.astype(np.float32)
        self._note_colours(light, 1, max(1.0, float(light[..., :3].max())))

    def _note_colours(self, colours: NDArray[Any], top: int, peak: float = 1.0) -> None:
        kind = np.int32 if colours.dtype.kind == "u" else np.float32
        soft = colours[colours[..., 3] < PARTIAL[1] * top].astype(kind)
        brightest, alpha = soft[..., :3].max(axis=-1, initial=0), soft[..., 3]
        telling = brightest > DARK * top
        above = brightest > peak * alpha + TOLERANCE * top
        self._telling += int(np.count_nonzero(telling))
        self._above += int(np.count_nonzero(telling & above))

    def figures(self) -> AlphaFigures | None:
        """Return the statistics, or None if no frame had alpha."""
        if not self._frames:
            return None
        return AlphaFigures(
            frames=self._frames,
            least=self._least,
            mean=self._sum / self._pixels,
            most=self._most,
            partial=self._partial / self._pixels,
            kind=self._kind,
            above=self._above_share,
        )

    @property
    def _above_share(self) -> float:
        return self._above / self._telling if self._telling else 0.0

    @property
    def _kind(self) -> AlphaKind | None:
        if not self._telling:
            return None
        return "straight" if self._above_share > FEW else "premultiplied"


def _few_rows(plane: NDArray[Any]) -> NDArray[Any]:
    return plane[:: max(1, len(plane) // ROWS)]


def rgba_of(video: av.VideoFrame) -> tuple[NDArray[Any], int]:
    """Return a frame as (H, W, 4) uint8, or uint16 beyond 8 bits, and its value for 1."""
    deep = max(component.bits for component in video.format.components) > 8
    packed = reformat(video, pixel_format="rgba64le" if deep else "rgba", interpolation=BILINEAR)
    return packed.to_ndarray(), 65535 if deep else 255
