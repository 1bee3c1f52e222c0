"""What a segmenter is: a function from a picture to coarse alpha, and the size of its input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from sinet_video.checked import check_fields
from sinet_video.errors import SettingError
from sinet_video.media.convert import reformat
from sinet_video.media.frame import Frame

Segmenter = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""Any function from an RGB picture, (h, w, 3) uint8, to alpha, (h, w) float32 in [0, 1]."""

STEP = 32
PIXELS = 64_000
"""What the portrait network wants: multiples of this as sides, and about so many pixels.

More make mattes better still, but then refining 1080p takes a finer guide, and half as long again.
"""

LARGEST = 4_000_000

ROUNDING = 1e-3
"""How far beyond 0 and 1 a segmenter may answer before it is taken to mean something else."""


@dataclass(frozen=True)
class InputSize:
    """How large the network sees a picture: about so many pixels, or exactly width x height.

    With `pixels` the picture keeps its own aspect, to the nearest sides that the network can have;
    with neither, there are as many pixels as suit the network: 64,000 for portraits.
    """

    pixels: int | None = None
    exact: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        check_fields(self)
        if self.pixels is not None and not STEP * STEP <= self.pixels <= LARGEST:
            raise SettingError(
                f"Network size is {self.pixels} pixels; it must be from {STEP * STEP} to {LARGEST}."
            )
        if self.exact and self.exact[0] * self.exact[1] > LARGEST:
            raise SettingError(
                f"Network size is {self.exact[0]}x{self.exact[1]}; it may have at most {LARGEST} "
                "pixels."
            )
        self._check_sides(STEP)

    def _check_sides(self, step: int) -> None:
        for side in self.exact or ():
            if side < step or side % step:
                raise SettingError(
                    f"Network side is {side}; it must be a multiple of {step}, at least {step}."
                )

    @classmethod
    def parse(cls, text: str) -> InputSize:
        """Read "64000" or "320x192"."""
        width, cross, height = text.lower().partition("x")
        try:
            return cls(exact=(int(width), int(height))) if cross else cls(int(text))
        except ValueError as error:
            if isinstance(error, SettingError):
                raise
            raise SettingError(
                f"Network size is {text!r}; give a number of pixels such as 64000, or a width and "
                "height such as 320x192."
            ) from error

    def of(self, aspect: float, *, pixels: int = PIXELS, step: int = STEP) -> tuple[int, int]:
        """Return (width, height) for a picture whose shown width over height is `aspect`.

        `pixels` is what suits the network, and `step` is what its sides must be multiples of.
        Raises `SettingError` for exact sides that are not.
        """
        if self.exact:
            self._check_sides(step)
            return self.exact
        wanted = self.pixels or pixels
        return min(_sizes(wanted, step), key=lambda side: _misfit(side, aspect, wanted))


def _sizes(pixels: int, step: int) -> list[tuple[int, int]]:
    most = pixels * 1.05
    return [
        (width, height)
        for width in range(step, max(step, int(most / step)) + 1, step)
        for height in range(step, max(step, int(most / width)) + 1, step)
    ]


def _misfit(side: tuple[int, int], aspect: float, pixels: int) -> float:
    """Distortion counts four times as much as missing size: both as ratios."""
    width, height = side
    return 4 * abs(log(width / height / aspect)) + abs(log(width * height / pixels))


def answer(frame: Frame, segmenter: Segmenter, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return a segmenter's alpha of a frame seen in `shape`, (width, height), the stored way up.

    Raises `SettingError` when it is no alpha.
    """
    said = segmenter(upright(frame, shape))
    try:
        alpha = np.asarray(said, np.float32)
    except (TypeError, ValueError) as error:
        raise SettingError(
            f"The segmenter answered with {type(said).__name__} at {float(frame.time):.3f} s; it "
            "must answer with an array of numbers, height and width."
        ) from error
    check_answer(alpha, frame)
    return frame.orientation.stored(np.clip(alpha, 0, 1))


def check_answer(alpha: NDArray[np.float32], frame: Frame) -> None:
    """Raise `SettingError` for a segmenter's answer that is no alpha."""
    where = f"at {float(frame.time):.3f} s"
    if alpha.ndim != 2 or not alpha.size or not np.isfinite(alpha).all():
        raise SettingError(
            f"The segmenter answered with shape {alpha.shape} {where}; it must answer with two "
            "axes, height and width, of finite numbers."
        )
    lowest, highest = float(alpha.min()), float(alpha.max())
    if lowest < -ROUNDING or highest > 1 + ROUNDING:
        raise SettingError(
            f"The segmenter answered with values from {lowest:g} to {highest:g} {where}; they must "
            "lie between 0 and 1."
        )


def seen_size(segmenter: Segmenter, size: InputSize, aspect: float) -> tuple[int, int]:
    """Return the (width, height) in which a segmenter gets pictures of a shown aspect.

    One with an attribute `input_size`, (width, height), gets what fits in that. Else its `step`, if
    it has one, is what its sides must be multiples of, and its `pixels` how many suit it.
    """
    limit: tuple[int, int] | None = getattr(segmenter, "input_size", None)
    if limit:
        return inscribed(limit, aspect)
    pixels, step = getattr(segmenter, "pixels", PIXELS), getattr(segmenter, "step", STEP)
    return size.of(aspect, pixels=pixels, step=step)


def as_seen(picture: NDArray[np.uint8], segmenter: Any) -> NDArray[np.uint8]:
    """Return an RGB picture, (h, w, 3) uint8, as a network can take it: as it is, or scaled.

    Raises `SettingError` for what is no such picture.
    """
    shape = getattr(picture, "shape", None)
    if not isinstance(picture, np.ndarray) or picture.dtype != np.uint8 or picture.ndim != 3:
        raise SettingError(
            f"A segmenter takes pictures (h, w, 3) of uint8 in RGB; what came has shape {shape} "
            f"and type {getattr(picture, 'dtype', type(picture).__name__)}."
        )
    height, width, channels = picture.shape
    if channels != 3 or not height or not width:
        raise SettingError(f"A segmenter takes pictures (h, w, 3); what came has shape {shape}.")
    limit, step = getattr(segmenter, "input_size", None), getattr(segmenter, "step", 1)
    fits = (
        width <= limit[0] and height <= limit[1] if limit else not (width % step or height % step)
    )
    if fits and width * height <= LARGEST:
        return picture
    wide, high = seen_size(segmenter, InputSize(), width / height)
    video = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24")
    scaled: NDArray[Any] = reformat(video, width=wide, height=high).to_ndarray()
    return scaled


def inscribed(limit: tuple[int, int], aspect: float) -> tuple[int, int]:
    """Return the largest (width, height) of an aspect that fits in a limit."""
    width = min(limit[0], max(1, round(limit[1] * aspect)))
    return width, min(limit[1], max(1, round(width / aspect)))


def upright(frame: Frame, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Return a frame's picture as shown, scaled to `shape`, (width, height)."""
    width, height = frame.orientation.stored_size(shape)
    return frame.orientation.shown(frame.scaled(width, height))
