"""Smoothing of alpha over time, on the network's coarse grid."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from sinet_video import native
from sinet_video.media.frame import Matte
from sinet_video.native import coarse as kernels
from sinet_video.planes.box_filter import box_mean
from sinet_video.planes.pyramid import doubled
from sinet_video.planes.resample import resized
from sinet_video.planes.scene_change import (
    coarse_luma,
    half_colours,
    is_cut,
    motion,
    moving_share,
)
from sinet_video.stages.matte_settings import (
    ExponentialAverage,
    MotionAdaptive,
    Smoothing,
    WindowMean,
)
from sinet_video.stages.memory import Memory, remembers

Coarse = NDArray[Any]


def _memory(smoothing: Smoothing) -> Memory:
    """Return the memory: `WindowMean` needs incoming alphas, the others the previous result."""
    if isinstance(smoothing, WindowMean):
        return Memory("recent", smoothing.frames, "taken")
    return Memory("recent", 1, "given")


@remembers(_memory)
def smooth(mattes: Iterable[Matte], smoothing: Smoothing = WindowMean()) -> Iterator[Matte]:
    """Yield each matte with alpha smoothed over neighbouring frames; starts afresh at a cut.

    Use it on alpha of the coarse grid, (h, w) float32 in [0, 1], before `refine`. If the grid
    changes, the remembered alpha is resampled to the new one.
    """
    if smoothing is None:
        yield from mattes
    elif isinstance(smoothing, WindowMean):
        yield from _averaged(mattes, smoothing)
    else:
        yield from _mixed(mattes, smoothing)


M = TypeVar("M")
H = TypeVar("H", bound="Held[Any]")


class Held(Protocol[M]):
    """A matte that waits for later ones."""

    matte: M

    def mean(self) -> M:
        """Return the matte with the mean of all alphas added to it."""


class _Held:
    """A matte that waits for later ones.

    `same` says how far each place has stayed the same since then, up to the newest frame. It is on
    the newest frame's grid but half as fine, which is enough to see motion.
    """

    def __init__(self, matte: Matte) -> None:
        self.matte, self.alpha = matte, np.ascontiguousarray(matte.alpha, np.float32)
        self.colours = half_colours(matte.frame, matte.alpha.shape)
        self.same = np.ones(self.colours.shape[1:], np.float32)
        self._sum, self._weight = self.alpha.copy(), np.ones_like(self.alpha)

    def add(self, other: _Held, weight: Coarse) -> None:
        """Add another matte's alpha, with a weight on either grid."""
        shape = self.alpha.shape
        weight = _on_grid(weight, shape)
        self._sum += weight * _on_grid(other.alpha, shape)
        self._weight += weight

    def meet(self, new: _Held, step: Coarse) -> None:
        """Mix the newest alpha and this one into each other; `step` is what stayed the same."""
        alike = self.alpha.shape == new.alpha.shape and self.same.shape == step.shape
        if alike and native.available():
            kernels.meet(self.same, step, self._sums, new._sums)
            return
        self.same = _on_grid(self.same, step.shape) * step
        weight = doubled(self.same, new.alpha.shape)
        self.add(new, weight)
        new.add(self, weight)

    @property
    def _sums(self) -> tuple[Coarse, Coarse, Coarse]:
        return self.alpha, self._sum, self._weight

    def mean(self) -> Matte:
        """Return the matte with the mean of all alphas added to it."""
        return self.matte.with_alpha(self._sum / self._weight)


def _averaged(mattes: Iterable[Matte], window: WindowMean) -> Iterator[Matte]:
    def meet(held: Iterable[_Held], last: _Held, new: _Held) -> None:
        step = _sameness(last.colours, new.colours, window)
        for before in held:
            before.meet(new, step)

    return held_back(mattes, window.frames, _Held, meet, _is_cut)


def held_back(
    mattes: Iterable[M],
    count: int,
    hold: Callable[[M], H],
    meet: Callable[[Iterable[H], H, H], None],
    is_cut: Callable[[M, M], bool],
) -> Iterator[M]:
    """Yield each matte `count` mattes late, as the mean of what it met meanwhile.

    `hold` makes one that waits, and `meet` mixes all that wait, the last of them and a new one;
    nothing meets across what `is_cut` says is a cut.
    """
    held: deque[H] = deque()
    try:
        for matte in mattes:
            if held and is_cut(held[-1].matte, matte):
                yield from _let_go(held)
            new = hold(matte)
            if held:
                meet(held, held[-1], new)
            held.append(new)
            if len(held) > count:
                yield held.popleft().mean()
    except Exception:
        # Mattes from before an error are still delivered.
        yield from _let_go(held)
        raise
    yield from _let_go(held)


def _let_go(held: deque[H]) -> Iterator[Any]:
    while held:
        yield held.popleft().mean()


def _sameness(before: Coarse, now: Coarse, window: WindowMean) -> Coarse:
    """Return how similar two frames, (3, h, w), are, on the grid of the second."""
    if before.shape == now.shape and native.available():
        return kernels.sameness(before, now, window.still, window.moving)
    before = np.stack([_on_grid(plane, now.shape[1:]) for plane in before])
    # Widened, so that the rim that a moving object uncovers also counts as moving.
    change = box_mean(np.abs(before - now).mean(0), 1)
    return 1 - moving_share(change, window.still, window.moving)


def _on_grid(values: Coarse, shape: tuple[int, ...]) -> Coarse:
    return values if values.shape == shape else resized(values, shape)


def _mixed(
    mattes: Iterable[Matte], smoothing: ExponentialAverage | MotionAdaptive
) -> Iterator[Matte]:
    last: Matte | None = None
    for matte in mattes:
        before, last = last, matte
        if before is not None and not _is_cut(before, matte):
            shape = matte.alpha.shape
            lumas = coarse_luma(before.frame, shape), coarse_luma(matte.frame, shape)
            steady, share = _on_grid(before.alpha, shape), share_of_new(smoothing, *lumas)
            last = matte.with_alpha(steady + share * (matte.alpha - steady))
        yield last


def _is_cut(before: Matte, now: Matte) -> bool:
    shape = now.alpha.shape
    return is_cut(coarse_luma(before.frame, shape), coarse_luma(now.frame, shape))


def share_of_new(
    smoothing: ExponentialAverage | MotionAdaptive, before: Coarse, luma: Coarse
) -> Coarse | float:
    """Return the weight of the new alpha, in (0, 1], as one number or (h, w)."""
    if isinstance(smoothing, ExponentialAverage):
        return smoothing.weight
    moves = motion(before, luma, smoothing.still, smoothing.moving)
    share: Coarse = smoothing.weight + (1 - smoothing.weight) * moves
    return share.astype(np.float32)
