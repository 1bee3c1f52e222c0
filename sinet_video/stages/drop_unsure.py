"""Removal of what the network nowhere is sure of, or sees in one of two looks: furniture, mostly.

The network's evidence inside a person is far above what decides for one, while it is low all over
a chair or a coat that it takes for one. Half of what it is wrong about it does not see in a mirror.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from sinet_video import native
from sinet_video.media.arrays import Array, FloatArray, Mask
from sinet_video.media.frame import Matte
from sinet_video.native import coarse as kernels
from sinet_video.planes.components import erased, label
from sinet_video.planes.levels import SEEN
from sinet_video.planes.scene_change import coarse_luma
from sinet_video.stages.memory import PART, PartOf, Shots, remembers

ENOUGH = 0.2
"""Least share of a region's cells that must be sure."""

AGAIN = 0.1
"""The same in a second look."""

HELD = 1.0
"""Seconds for which a region stays that was sure, while most of it is where it was then."""

LARGE = 0.003
"""Least share of the frame that a new region covers for a second look at it."""

REFUSED = 0.2
"""Seconds for which a region is refused without another look."""


@remembers(PART)
def drop_unsure(
    mattes: Iterable[Matte],
    sure: float,
    *,
    second: Callable[[Matte], FloatArray] | None = None,
    part_of: PartOf | None = None,
) -> Iterator[Matte]:
    """Yield each matte without the regions in which less than a fifth of alpha is above `sure`.

    A region that was sure stays for a second. Use it on alpha of the coarse grid, (h, w) float32
    in [0, 1], as the network gives it, before any other stage: sure alpha is so near to 1 that the
    least blur hides it. `second` gives alpha of another look at a matte's frame; a region that
    appears must be sure in both. Starts afresh at a cut, and in each part of a job.
    """
    shots, shot = Shots(part_of), Shot(())
    for matte in mattes:
        shape = matte.alpha.shape
        if shots.begins(matte.frame, coarse_luma(matte.frame, shape)) or shot.last.shape != shape:
            shot = Shot(shape)
        removed = shot.removed(matte, sure, second)
        yield matte if removed is None else matte.with_alpha(erased(matte.alpha, removed, SEEN))


class Shot:
    """When each cell of a shot was last in a region that is somebody, and in one that is not."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.last = np.full(shape, -np.inf)
        self._refused: Array | None = None  # which most shots have nothing of

    def removed(
        self, matte: Matte, sure: float, second: Callable[[Matte], FloatArray] | None
    ) -> Mask | None:
        """Return the cells of a matte that belong to no person; None if there are none."""
        time, least = float(matte.time), LARGE * matte.alpha.size if second else np.inf
        removed, fresh = unsure(matte.alpha, time, sure, self.last, least)
        if second is None or fresh is None:
            return removed
        refused = self._refuse(fresh, time, sure, lambda: second(matte))
        if refused is None:
            return removed
        return refused if removed is None else removed | refused

    def _refuse(
        self, fresh: Mask, time: float, sure: float, look: Callable[[], FloatArray]
    ) -> Mask | None:
        """Return the cells of new regions of which another look is not sure; None if of all."""
        labels, sizes, _ = label(fresh)

        def some(cells: Mask, share: float) -> Mask:
            """Return which regions have at least a share of some cells."""
            found: Mask = np.bincount(labels[cells], minlength=len(sizes)) >= share * sizes
            return found

        waiting = some(self._lately_refused(fresh.shape, time), 0.5)
        if waiting[1:].all():
            return fresh
        believed = some(look() > sure, AGAIN) & ~waiting
        believed[0] = False
        self.last[believed[labels]] = time
        if believed[1:].all():
            return None
        self._note((~believed & ~waiting)[labels] & fresh, time)
        return fresh & ~believed[labels]

    def _lately_refused(self, shape: tuple[int, ...], time: float) -> Mask:
        if self._refused is None:
            return np.zeros(shape, bool)
        lately: Mask = self._refused >= time - REFUSED
        return lately

    def _note(self, refused: Mask, time: float) -> None:
        if self._refused is None:
            self._refused = np.full(refused.shape, -np.inf)
        self._refused[refused] = time


def unsure(
    alpha: Array, time: float, sure: float, last: Array, least: float = np.inf
) -> tuple[Mask | None, Mask | None]:
    """Return the cells of alpha, (h, w), that belong to no person, and those of new regions.

    Each is None if there are none. `last`, (h, w) float64, is when each cell was last part of a
    region that was sure, in seconds; it is updated in place. Where that was long ago, a region that
    is sure is a new one; those of fewer than `least` cells are believed at once.
    """
    if native.available():
        return kernels.unsure(alpha, (SEEN, sure, ENOUGH), (time - HELD, time), last, least)
    labels, sizes, _ = label(alpha > SEEN)
    certain = np.bincount(labels[alpha > sure], minlength=len(sizes)) >= ENOUGH * sizes
    held = np.bincount(labels[last >= time - HELD], minlength=len(sizes)) > sizes / 2
    fresh = certain & ~held & (sizes >= least)
    wanted, certain = certain | held, certain & ~fresh
    certain[0], fresh[0], wanted[0] = False, False, True
    last[certain[labels]] = time
    return (
        None if wanted.all() else ~wanted[labels],
        fresh[labels] if fresh.any() else None,
    )
