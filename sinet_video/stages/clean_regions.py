"""Removal of islands, filling of holes and choice of one subject, on the coarse grid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from sinet_video.checked import check_kinds
from sinet_video.media.arrays import Array, Mask
from sinet_video.media.frame import Frame, Matte
from sinet_video.planes.components import erased, label
from sinet_video.planes.levels import SEEN
from sinet_video.planes.resample import resized
from sinet_video.planes.scene_change import coarse_luma, is_cut
from sinet_video.stages.matte_settings import RegionFilter
from sinet_video.stages.memory import EVERYTHING, remembers

FULL = 0.9
"""Alpha from it on is person, where holes are told apart."""

STEADY = 2.0
"""Factor by which the size limits of islands and holes favour the previous frame's decision."""

PART = 0.25
"""Largest share of the subject for a region that splits off to remain part of it, such as a hand
behind a dark sleeve. A larger region is another person who stood in front of the subject.
"""

PATIENCE = Fraction(1, 2)
"""Seconds to wait for a lost subject before another is chosen."""

LEARNT = 0.2
"""Weight of each new frame in the running average of the subject's position. A brief touch does not
make another person part of the subject.
"""


@remembers(EVERYTHING)
def filter_regions(
    mattes: Iterable[Matte], regions: RegionFilter = RegionFilter()
) -> Iterator[Matte]:
    """Yield each matte without unwanted regions; decisions are kept steady over time.

    Use it on alpha of the coarse grid, (h, w) float32 in [0, 1], before `refine`; at full size it
    is many times slower. If the grid changes, the state is resampled to the new one. Memory
    restarts at a cut.
    """
    check_kinds(regions=(regions, RegionFilter))
    if regions == RegionFilter():
        yield from mattes
        return
    known: Known | None = None
    last: Frame | None = None
    for matte in mattes:
        shape = matte.alpha.shape
        if last is None or is_cut(coarse_luma(last, shape), coarse_luma(matte.frame, shape)):
            known = None
        last = matte.frame
        known = known.on(shape) if known else None
        alpha, known = tidied(matte.alpha, matte.time, regions, known)
        yield matte.with_alpha(alpha)


@dataclass(frozen=True)
class Known:
    """State carried over from the previous frame.

    Attributes:
        kept: (h, w), where the person was.
        filled: (h, w), where holes were filled.
        subject: (h, w) float32, running average of the subject's position.
        time: when a subject was last found, in seconds.
    """

    kept: Mask
    filled: Mask
    subject: Array
    time: Fraction

    def on(self, shape: tuple[int, ...]) -> Known:
        """Return the state resampled to a grid of another shape, (h, w)."""
        if self.kept.shape == shape:
            return self
        kept, filled = (resized(mask.astype(np.float32), shape) > 0.5
                        for mask in (self.kept, self.filled))  # fmt: skip
        return Known(kept, filled, resized(self.subject, shape), self.time)


def tidied(
    alpha: Array, time: Fraction, regions: RegionFilter, known: Known | None
) -> tuple[Array, Known | None]:
    """Return alpha, (h, w) float32 in [0, 1], of the wanted regions, and the new state."""
    labels, sizes, _ = label(alpha > SEEN)
    wanted = _large(labels, sizes, regions.islands * sizes.max(), known.kept if known else None)
    if regions.subject == "main":
        wanted &= _of_subject(labels, sizes, time, known)
    kept: Mask = wanted[labels]
    removed = (labels > 0) & ~kept
    alpha = erased(alpha, removed, SEEN)
    filled = _holes(alpha, regions.holes * sizes.max(), known.filled if known else None)
    alpha = np.where(filled, np.float32(1), alpha)
    if not kept.any():
        return alpha, known
    subject = kept.astype(np.float32)
    if known is not None:
        subject = known.subject + np.float32(LEARNT) * (subject - known.subject)
    return alpha, Known(kept, filled, subject, time)


def _large(labels: Array, sizes: Array, least: float, before: Mask | None) -> Mask:
    """Return which regions are large enough, or nearly so and kept in the previous frame."""
    wanted: Mask = sizes >= np.where(_shared(labels, sizes, before) > 0.5, least / STEADY, least)
    wanted[0] = False
    return wanted


def _shared(labels: Array, sizes: Array, before: Array | None) -> Array:
    """Return the share of each region that overlaps `before`."""
    if before is None:
        return np.zeros(len(sizes))
    return np.bincount(labels.ravel(), before.ravel(), len(sizes)) / np.maximum(sizes, 1)


def _of_subject(labels: Array, sizes: Array, time: Fraction, known: Known | None) -> Mask:
    """Return which regions are the subject: one, and small parts of it a frame ago."""
    chosen = np.zeros(len(sizes), bool)
    if known is None:
        chosen[_most_prominent(labels, sizes)] = True
        return chosen
    # The share dominates the size, or a large passer-by would win over the person they covered.
    shared = _shared(labels, sizes, known.subject) ** 3 * sizes
    shared[0] = 0
    if shared.any():
        main = shared.argmax()
        chosen = (_shared(labels, sizes, known.kept) > 0.5) & (sizes < PART * sizes[main])
        chosen[main] = True
    elif time - known.time > PATIENCE:
        chosen[_most_prominent(labels, sizes)] = True
    return chosen


def _most_prominent(labels: Array, sizes: Array) -> int:
    """Return the largest region, with cells in the centre weighted four times those at a corner."""
    down, across = (np.abs(np.linspace(-1, 1, length)) for length in labels.shape)
    middle = 1 - 0.75 * np.maximum(down[:, None], across)
    weights = np.bincount(labels.ravel(), middle.ravel(), len(sizes))
    weights[0] = 0
    return int(weights.argmax())


def _holes(alpha: Array, most: float, before: Mask | None) -> Mask:
    """Return the enclosed background regions that are small, or nearly so and filled before."""
    if not most:
        return np.zeros(alpha.shape, bool)
    labels, sizes, _ = label(alpha < FULL)
    limits = np.where(_shared(labels, sizes, before) > 0.5, most * STEADY, most)
    small: Mask = sizes < limits
    small[0] = False
    for border in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        small[border] = False
    return small[labels]
