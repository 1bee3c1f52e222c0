"""The input size of a network, and what ONNX files of other programs expect.

Nothing heavy is imported here, so that the command lists its options quickly.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import log
from typing import Literal, get_args

from sinet_video.checked import check_fields
from sinet_video.errors import SettingError
from sinet_video.option import option, parts

ONNX = "Third-party ONNX models"
"""Heading of the options for ONNX files that this library did not export."""

STEP = 32
PIXELS = 64_000
"""The portrait network's input sides are multiples of STEP; about PIXELS pixels suit it.

More pixels improve mattes further, but refining 1080p then needs a finer guide and takes half as
long again.
"""

LARGEST = 4_000_000


@dataclass(frozen=True)
class InputSize:
    """The size at which the network sees a frame: about `pixels` pixels, or `exact` sides.

    `exact` is (width, height). With `pixels` the frame's aspect ratio is kept, up to the nearest
    sides that the network accepts. With neither, the size suits the network: 64,000 pixels for
    portraits. Raises `SettingError` for sizes that cannot be.
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
        """Parse "64000" or "320x192". Raises `SettingError`."""
        try:
            sides = [int(side) for side in text.lower().split("x", 1)]
        except ValueError as error:
            raise SettingError(
                f"Network size is {text!r}; give a number of pixels such as 64000, or a width and "
                "height such as 320x192."
            ) from error
        return cls(sides[0]) if len(sides) == 1 else cls(exact=(sides[0], sides[1]))

    def of(self, aspect: float, *, pixels: int = PIXELS, step: int = STEP) -> tuple[int, int]:
        """Return (width, height) for a frame displayed at this aspect ratio (width over height).

        `pixels` is what suits the network; its sides must be multiples of `step`. Raises
        `SettingError` for exact sides that are not.
        """
        if self.exact:
            self._check_sides(step)
            return self.exact
        return _fitting(aspect, self.pixels or pixels, step)


@lru_cache(16)
def _fitting(aspect: float, pixels: int, step: int) -> tuple[int, int]:
    return min(_sizes(pixels, step), key=lambda side: _misfit(side, aspect, pixels))


def _sizes(pixels: int, step: int) -> list[tuple[int, int]]:
    most = pixels * 1.05
    return [
        (width, height)
        for width in range(step, max(step, int(most / step)) + 1, step)
        for height in range(step, max(step, int(most / width)) + 1, step)
    ]


def _misfit(side: tuple[int, int], aspect: float, pixels: int) -> float:
    """Return a cost in which distortion counts four times as much as a wrong size.

    Both are taken as ratios.
    """
    width, height = side
    return 4 * abs(log(width / height / aspect)) + abs(log(width * height / pixels))


ChannelOrder = Literal["rgb", "bgr"]
Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Preprocessing:
    """The constants of `(value - mean) / std * scale`, applied to the 8-bit values of a channel.

    `mean` and `std` are in 8-bit units (0 to 255) and in the order that `channels` names. If a
    recipe is given for values in [0, 1], multiply its mean and std by 255.

    Raises `SettingError` for an unknown channel order, a wrong count or a std of zero.
    """

    channels: ChannelOrder = option(
        "rgb",
        "Channel order that the model expects.",
        ONNX,
        name="onnx-channels",
        choices=get_args(ChannelOrder),
    )
    mean: Triple = option(
        (0.0, 0.0, 0.0),
        "Mean to subtract from pixel values (0 to 255), one number per channel.",
        ONNX,
        name="onnx-mean",
    )
    std: Triple = option(
        (255.0, 255.0, 255.0),
        "Standard deviation to divide by after that, one number per channel.",
        ONNX,
        name="onnx-std",
    )
    scale: float = 1.0

    def __post_init__(self) -> None:
        check_fields(self)
        if len(self.mean) != 3 or len(self.std) != 3:
            raise SettingError(
                f"Mean has {len(self.mean)} values and std {len(self.std)}; each needs three, "
                "one per channel."
            )
        if not all(self.std):
            raise SettingError(f"Std is {self.std}; none of its values may be zero.")

    @property
    def gain(self) -> Triple:
        """Factor for each RGB value."""
        gain = tuple(self.scale / s for s in self.std)
        return _rgb(gain, self.channels)

    @property
    def offset(self) -> Triple:
        """Offset added to each RGB value after that."""
        offset = tuple(-m * self.scale / s for m, s in zip(self.mean, self.std, strict=True))
        return _rgb(offset, self.channels)


def _rgb(values: tuple[float, ...], order: ChannelOrder) -> Triple:
    first, second, third = values
    return (first, second, third) if order == "rgb" else (third, second, first)


Activation = Literal["none", "sigmoid", "softmax"]


@dataclass(frozen=True)
class OnnxInput:
    """The input that an ONNX file of another program expects, and the meaning of its output.

    `preprocessing` is applied to 8-bit values. `activation` turns the output into a probability.
    `channel` is the person's output channel if there are several; -1 is the last. Raises
    `SettingError` for an unknown activation.
    """

    preprocessing: Preprocessing = parts(Preprocessing())
    activation: Activation = option(
        "none",
        "Function that turns the model's output into a probability.",
        ONNX,
        name="onnx-activation",
        choices=get_args(Activation),
    )
    channel: int = option(
        -1, "Output channel of the person; -1 is the last.", ONNX, name="onnx-channel"
    )

    def __post_init__(self) -> None:
        check_fields(self)
