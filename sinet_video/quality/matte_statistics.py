"""Statistics of mattes, frame by frame, without ground truth."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

import numpy as np

from sinet_video.media.arrays import Array
from sinet_video.media.frame import Matte
from sinet_video.planes.quantise import quantised
from sinet_video.planes.scene_change import coarse_luma, is_cut, motion
from sinet_video.quality.metrics import partial_share
from sinet_video.quality.thumbnails import resized


@dataclass(frozen=True)
class FrameStatistics:
    """Statistics of each frame's matte, in frame order.

    Attributes:
        times: in seconds.
        coverage: mean alpha, in [0, 1].
        flicker: mean change of alpha since the previous frame, in [0, 1], where nothing moves;
            places where luma changes count in part or not at all. 0 at a cut.
        uncertainty: share of the network's cells between 0.05 and 0.95.
        cuts: start times of all shots but the first, in seconds.
    """

    times: array[float] = field(default_factory=lambda: array("d"))
    coverage: array[float] = field(default_factory=lambda: array("d"))
    flicker: array[float] = field(default_factory=lambda: array("d"))
    uncertainty: array[float] = field(default_factory=lambda: array("d"))
    cuts: list[float] = field(default_factory=list)


class MatteStatistics:
    """Measures mattes one after the other, keeping only the last."""

    def __init__(self) -> None:
        self.figures = FrameStatistics()
        self.before: Matte | None = None
        self._small: Array | None = None
        self._luma: Array | None = None
        self._grid: tuple[int, int] | None = None

    def take(self, time: float, matte: Matte, network: Array) -> Array:
        """Measure the next matte, at a time in seconds, and the network's own alpha, (h, w).

        Returns where alpha changed although nothing moved, in [0, 1], on the first network's grid.
        """
        whole = matte.alpha
        # Later ones are on other grids if people are followed.
        height, width = self._grid = self._grid or (network.shape[0], network.shape[1])
        small = resized(quantised(whole, 0, 255), (width, height)) / np.float32(255)
        luma = coarse_luma(matte.frame, self._grid)
        changed = self._changed(time, small, luma)
        figures = self.figures
        figures.times.append(time)
        figures.coverage.append(float(whole.mean()))
        figures.flicker.append(float(changed.mean()))
        figures.uncertainty.append(partial_share(network))
        self.before, self._small, self._luma = matte, small, luma
        return changed

    def _changed(self, time: float, small: Array, luma: Array) -> Array:
        if self._small is None or self._luma is None:
            return np.zeros_like(small)
        if is_cut(self._luma, luma):
            self.figures.cuts.append(time)
            return np.zeros_like(small)
        changed: Array = np.abs(small - self._small) * (1 - motion(self._luma, luma))
        return changed
