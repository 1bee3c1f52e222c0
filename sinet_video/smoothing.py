"""Steadying alpha over time, on the network's coarse grid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sinet_video.cuts import coarse_luma, is_cut, motion
from sinet_video.errors import SettingError
from sinet_video.frame import Matte
from sinet_video.grids import resized

Coarse = NDArray[Any]


@dataclass(frozen=True)
class Exponential:
    """Each alpha is mixed with those before it: `weight` of the new, the rest of the old.

    `weight` is in (0, 1]; 1 changes nothing. Simple, and leaves ghosts behind what moves.
    """

    weight: float = 0.5

    def __post_init__(self) -> None:
        _check_weight(self.weight)


@dataclass(frozen=True)
class Adaptive:
    """As `Exponential` where the picture stands still; where it moves, the new alpha alone.

    Attributes:
        weight: share of the new alpha where nothing moves, in (0, 1].
        still: change of luma, in [0, 1], up to which a place counts as standing still.
        moving: change of luma from which it counts as moving; between the two, in proportion.
    """

    weight: float = 0.3
    still: float = 0.015
    moving: float = 0.06

    def __post_init__(self) -> None:
        _check_weight(self.weight)
        if not 0 <= self.still < self.moving:
            raise SettingError(
                f"Still is {self.still} and moving {self.moving}; it must be 0 <= still < moving."
            )


Smoothing = Exponential | Adaptive | None
"""How to steady alpha; None leaves every frame as it is."""


def _check_weight(weight: float) -> None:
    if not 0 < weight <= 1:
        raise SettingError(f"Smoothing weight is {weight}; it must be above 0 and at most 1.")


def smooth(mattes: Iterable[Matte], smoothing: Smoothing = Adaptive()) -> Iterator[Matte]:
    """Yield each matte steadied by those before it; starts anew at a cut.

    Where the alpha comes on another grid than before, what is remembered is taken to it.
    """
    if smoothing is None:
        yield from mattes
        return
    last: Matte | None = None
    luma: Coarse | None = None
    for matte in mattes:
        before, steady = _remembered(last, luma, matte.alpha.shape)
        luma = coarse_luma(matte.frame, matte.alpha.shape)
        last = matte
        if before is not None and steady is not None and not is_cut(before, luma):
            share = share_of_new(smoothing, before, luma)
            last = matte.with_alpha(steady + share * (matte.alpha - steady))
        yield last


def _remembered(
    last: Matte | None, luma: Coarse | None, shape: tuple[int, ...]
) -> tuple[Coarse | None, Coarse | None]:
    """Return the luma and alpha of the last matte on a grid of this shape."""
    if last is None or luma is None:
        return None, None
    if luma.shape == shape:
        return luma, last.alpha
    return coarse_luma(last.frame, shape), resized(last.alpha, shape)


def share_of_new(smoothing: Exponential | Adaptive, before: Coarse, luma: Coarse) -> Coarse | float:
    """Return how much of the new alpha to take, in (0, 1], everywhere or (h, w)."""
    if isinstance(smoothing, Exponential):
        return smoothing.weight
    moves = motion(before, luma, smoothing.still, smoothing.moving)
    share: Coarse = smoothing.weight + (1 - smoothing.weight) * moves
    return share.astype(np.float32)
