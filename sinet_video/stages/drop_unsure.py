"""Removal of what the network nowhere is sure of: furniture and clothes, mostly.

The network's evidence inside a person is far above what decides for one, while it is low all over
a chair or a coat that it takes for one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from sinet_video.media.arrays import Array, Mask
from sinet_video.media.frame import Matte
from sinet_video.planes.box_filter import box_sum
from sinet_video.planes.components import label
from sinet_video.planes.scene_change import Coarse, coarse_luma, is_cut
from sinet_video.stages.memory import PART, PartOf, remembers

SEEN = 0.3
"""Alpha up to it is background; as in `clean_regions` and `refine`."""

ENOUGH = 0.1
"""Least share of a region's cells that must be sure."""

HELD = Fraction(1)
"""Seconds for which a region stays that was sure, while most of it is where it was then."""

RIM = 2
"""Width in cells of the rim that is removed together with a region."""


@remembers(PART)
def drop_unsure(
    mattes: Iterable[Matte], sure: float, *, part_of: PartOf | None = None
) -> Iterator[Matte]:
    """Yield each matte without the regions in which hardly any alpha is above `sure`.

    A region that was sure stays for a second. Use it on alpha of the coarse grid, (h, w) float32
    in [0, 1], as the network gives it, before any other stage: sure alpha is so near to 1 that the
    least blur hides it. Starts afresh at a cut, and in each part of a job.
    """
    known: Known | None = None
    before: Coarse | None = None
    part = 0
    for matte in mattes:
        luma = coarse_luma(matte.frame, matte.alpha.shape)
        number = part_of(matte.frame) if part_of else 0
        if before is None or number != part or is_cut(before, luma):
            known = None
        before, part = luma, number
        removed, known = unsure(matte.alpha, matte.time, sure, known)
        yield matte if removed is None else _without(removed, matte)


def _without(removed: Mask, matte: Matte) -> Matte:
    return matte.with_alpha(np.where(removed, np.float32(0), matte.alpha))


@dataclass(frozen=True)
class Known:
    """When each cell was last part of a region that was sure, (h, w) float64 in seconds."""

    last: Array


def unsure(
    alpha: Array, time: Fraction, sure: float, known: Known | None
) -> tuple[Mask | None, Known]:
    """Return the cells to remove from alpha, (h, w), None for none; and the new state."""
    labels, sizes = label(alpha > SEEN)
    counts = np.bincount(labels[alpha > sure], minlength=len(sizes))
    certain = counts >= ENOUGH * sizes
    if known is None or known.last.shape != alpha.shape:
        known = Known(np.full(alpha.shape, -np.inf))
    wanted = certain | _held(labels, sizes, certain, known.last >= float(time - HELD))
    certain[0] = False
    last = np.where(certain[labels], float(time), known.last)
    return _rimmed(labels, wanted), Known(last)


def _held(labels: Array, sizes: Array, certain: Mask, lately: Mask) -> Mask:
    """Return which regions lie for the most part where somebody was lately, if any is unsure."""
    if certain.all():
        return certain
    return np.bincount(labels[lately], minlength=len(sizes)) > 0.5 * sizes


def _rimmed(labels: Array, wanted: Mask) -> Mask | None:
    """Return the cells of the unwanted regions and around them, None if there are none."""
    if wanted.all():
        return None
    kept, removed = wanted[labels] & (labels > 0), ~wanted[labels]
    return (box_sum(removed.astype(np.float32), RIM) > 0) & ~kept
