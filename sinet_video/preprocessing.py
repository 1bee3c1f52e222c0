"""What a network wants done to a picture before it sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sinet_video.errors import SettingError

ChannelOrder = Literal["rgb", "bgr"]
Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Preprocessing:
    """The constants of `(value - mean) / std * scale`, applied to 8-bit values of each channel.

    `mean` and `std` are in 8-bit units (0 to 255) and in the order that `channels` names.
    A recipe given for values in [0, 1] has its mean and std multiplied by 255 here.

    Raises `SettingError` for an unknown channel order, a wrong count or a std of zero.
    """

    channels: ChannelOrder = "rgb"
    mean: Triple = (0.0, 0.0, 0.0)
    std: Triple = (255.0, 255.0, 255.0)
    scale: float = 1.0

    def __post_init__(self) -> None:
        if self.channels not in ("rgb", "bgr"):
            raise SettingError(f"Channel order is {self.channels!r}; it must be 'rgb' or 'bgr'.")
        if len(self.mean) != 3 or len(self.std) != 3:
            raise SettingError(
                f"Mean has {len(self.mean)} values and std {len(self.std)}; each needs three, "
                "one a channel."
            )
        if not all(self.std):
            raise SettingError(f"Std is {self.std}; none of its values may be zero.")

    @property
    def gain(self) -> Triple:
        """What each RGB value is multiplied by."""
        gain = tuple(self.scale / s for s in self.std)
        return _rgb(gain, self.channels)

    @property
    def offset(self) -> Triple:
        """What is added to each RGB value after that."""
        offset = tuple(-m * self.scale / s for m, s in zip(self.mean, self.std, strict=True))
        return _rgb(offset, self.channels)


def _rgb(values: tuple[float, ...], order: ChannelOrder) -> Triple:
    first, second, third = values
    return (first, second, third) if order == "rgb" else (third, second, first)
