"""Moments of a clip, small enough to keep and to look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

import av
import numpy as np

from sinet_video.media.arrays import Array
from sinet_video.media.convert import AREA, BILINEAR, FINE, planes_of, scaled
from sinet_video.media.frame import Frame, Matte
from sinet_video.media.pixel_formats import Plane
from sinet_video.models.segmenter import upright
from sinet_video.planes.quantise import quantised
from sinet_video.stages.backgrounds import Kind, kind_of
from sinet_video.stages.composite import composite
from sinet_video.stages.fit_background import fit_background

T = TypeVar("T")

SQUARES = 40
"""Squares of the checkerboard along an image's longer side."""

SHADES = (102, 153)

WorstBy = Literal["flicker", "uncertainty"]

CLOSE = 4
"""A close-up shows 1/CLOSE of the frame's width and height."""


@dataclass(frozen=True)
class Moment:
    """One moment as displayed, with square pixels.

    `source` and `result` are (h, w, 3) uint8, RGB; `matte` is (h, w) uint8. `result` is the person
    over a checkerboard; `time` is in seconds.
    """

    time: float
    source: Array = field(repr=False)
    matte: Array = field(repr=False)
    result: Array = field(repr=False)

    @classmethod
    def of(cls, time: float, matte: Matte, side: int, board: Checkerboard) -> Moment:
        """Reduce a matte at its frame's size so that the longer side is at most `side`."""
        size = shown_size(matte.frame, side)
        return cls(
            time,
            upright(matte.frame, size),
            _gray_upright(matte.alpha, matte.frame, size),
            upright(board.under(matte), size),
        )


@dataclass(frozen=True)
class CloseUp:
    """A place in a frame, enlarged, with its error and named images.

    `kind` is the statistic it is the worst of, `value` that statistic, and `time` is in seconds.
    """

    kind: WorstBy
    time: float
    value: float
    panels: tuple[tuple[str, Array], ...] = field(repr=False)


@dataclass(frozen=True)
class Place:
    """A part of a stored frame, as shares of its sides."""

    top: float
    left: float

    @classmethod
    def worst_of(cls, map_: Array) -> Place:
        """Return the part around the highest value of a map, (h, w), within the frame."""
        row, column = np.unravel_index(map_.argmax(), map_.shape)
        centre = (row + 0.5) / map_.shape[0], (column + 0.5) / map_.shape[1]
        top, left = (min(max(c - 0.5 / CLOSE, 0), 1 - 1 / CLOSE) for c in centre)
        return cls(top, left)

    def cut(self, image: Array) -> Array:
        """Return that part of an image, (H, W) or (H, W, 3)."""
        (down, high), (across, wide) = (
            (round(share * side), max(1, round(side / CLOSE)))
            for share, side in zip((self.top, self.left), image.shape, strict=False)
        )
        return np.ascontiguousarray(image[down : down + high, across : across + wide])


def close_up(
    matte: Matte,
    others: tuple[tuple[str, Array], ...],
    place: Place,
    side: int,
    board: Checkerboard,
) -> tuple[tuple[str, Array], ...]:
    """Return the panels of a close-up: the source, other alphas (h, w), the matte, the result."""
    frame = matte.frame
    size = shown_size(frame, side, enlarge=True)

    def panel(image: Array) -> Array:
        part = place.cut(image)
        return frame.orientation.shown(resized(part, frame.orientation.stored_size(size)))

    alphas = [*others, ("matte", matte.alpha)]
    grays = [(name, panel(quantised(alpha, 0, 255))) for name, alpha in alphas]
    result = panel(board.under(matte).rgb)
    return (("source", panel(frame.rgb)), *grays, ("result", result))


def shown_size(frame: Frame, side: int, *, enlarge: bool = False) -> tuple[int, int]:
    """Return the displayed (width, height) of a frame, fitted into a square of `side`."""
    aspect = frame.shown_aspect
    own = max(frame.width, frame.height)
    longer = side if enlarge else min(side, own)
    width, height = (longer, longer / aspect) if aspect >= 1 else (longer * aspect, longer)
    return max(1, round(width)), max(1, round(height))


def resized(image: Array, size: tuple[int, int]) -> Array:
    """Return an image, (H, W, 3) or (H, W) uint8, scaled to (width, height)."""
    smaller = size[0] < image.shape[1]
    return scaled(image, size, AREA if smaller else BILINEAR if image.ndim == 2 else FINE)


def _gray_upright(alpha: Array, frame: Frame, size: tuple[int, int]) -> Array:
    small = resized(quantised(alpha, 0, 255), frame.orientation.stored_size(size))
    return frame.orientation.shown(small)


class Checkerboard:
    """A background of squares in two grays, drawn once for frames of one kind."""

    def __init__(self) -> None:
        self._made: tuple[Kind, av.VideoFrame] | None = None

    def under(self, matte: Matte) -> Frame:
        """Return a matte's frame composited over it."""
        return next(composite([matte], self)).frame

    def planes(self, matte: Matte) -> tuple[Plane, ...]:
        """Return the planes of the checkerboard; see `Background.planes`."""
        kind = kind_of(matte.frame)
        if self._made is None or self._made[0] != kind:
            self._made = kind, fit_background(_squares(matte.frame), matte.frame, "stretch")
        return planes_of(self._made[1])


def _squares(frame: Frame) -> Frame:
    width, height = shown_size(frame, max(frame.width, frame.height))
    square = max(2, max(width, height) // SQUARES)
    rows, columns = np.arange(height)[:, None] // square, np.arange(width) // square
    shades = np.array(SHADES, np.uint8)[(rows + columns) % 2]
    return Frame.from_rgb(np.repeat(shades[..., None], 3, axis=2))


class Spread(Generic[T]):
    """Items spread evenly over all that are offered, however many there are.

    Every n-th item is made and kept. When there are too many, every other one is dropped and n
    doubles. At most four times as many as wanted are held.
    """

    def __init__(self, count: int) -> None:
        self._count, self._stride, self._offered = count, 1, 0
        self._held: list[T] = []

    def offer(self, make: Callable[[], T]) -> None:
        """Offer the next item; it is only made if it is due."""
        index, self._offered = self._offered, self._offered + 1
        if not self._count or index % self._stride:
            return
        if len(self._held) == 4 * self._count:
            self._held, self._stride = self._held[::2], self._stride * 2
            if index % self._stride:
                return
        self._held.append(make())

    def chosen(self) -> list[T]:
        """Return the items nearest to the middles of equal parts, in order."""
        wanted = min(self._count, len(self._held))
        middles = [(part + 0.5) * self._offered / wanted for part in range(wanted)]
        last = len(self._held) - 1
        return [self._held[min(last, int(middle / self._stride))] for middle in middles]
