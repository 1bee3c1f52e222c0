"""Removal of what the network nowhere is sure of: furniture and clothes, mostly.

The network's evidence inside a person is far above what decides for one, while it is low all over
a chair or a coat that it takes for one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from sinet_video import native
from sinet_video.media.arrays import Array, Mask
from sinet_video.media.frame import Matte
from sinet_video.native import coarse as kernels
from sinet_video.planes.components import erased, label
from sinet_video.planes.levels import SEEN
from sinet_video.planes.scene_change import Coarse, coarse_luma, is_cut
from sinet_video.stages.memory import PART, PartOf, remembers

ENOUGH = 0.2
"""Least share of a region's cells that must be sure."""

HELD = 1.0
"""Seconds for which a region stays that was sure, while most of it is where it was then."""


@remembers(PART)
def drop_unsure(
    mattes: Iterable[Matte], sure: float, *, part_of: PartOf | None = None
) -> Iterator[Matte]:
    """Yield each matte without the regions in which less than a fifth of alpha is above `sure`.

    A region that was sure stays for a second. Use it on alpha of the coarse grid, (h, w) float32
    in [0, 1], as the network gives it, before any other stage: sure alpha is so near to 1 that the
    least blur hides it. Starts afresh at a cut, and in each part of a job.
    """
    last: Array | None = None
    before: Coarse | None = None
    part = 0
    for matte in mattes:
        luma = coarse_luma(matte.frame, matte.alpha.shape)
        number = part_of(matte.frame) if part_of else 0
        afresh = before is None or number != part or is_cut(before, luma)
        if afresh or last is None or last.shape != matte.alpha.shape:
            last = np.full(matte.alpha.shape, -np.inf)
        before, part = luma, number
        removed = unsure(matte.alpha, float(matte.time), sure, last)
        if removed is None:
            yield matte
        else:
            yield matte.with_alpha(erased(matte.alpha, removed, SEEN))


def unsure(alpha: Array, time: float, sure: float, last: Array) -> Mask | None:
    """Return the cells of alpha, (h, w), that belong to no person; None if there are none.

    `last`, (h, w) float64, is when each cell was last part of a region that was sure, in seconds;
    it is updated in place.
    """
    if native.available():
        return kernels.unsure(alpha, (SEEN, sure, ENOUGH), time - HELD, time, last)
    labels, sizes, _ = label(alpha > SEEN)
    certain = np.bincount(labels[alpha > sure], minlength=len(sizes)) >= ENOUGH * sizes
    wanted = certain | (np.bincount(labels[last >= time - HELD], minlength=len(sizes)) > sizes / 2)
    certain[0], wanted[0] = False, True
    last[certain[labels]] = time
    return None if wanted.all() else ~wanted[labels]
