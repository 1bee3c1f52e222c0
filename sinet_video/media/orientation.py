"""How a player turns and mirrors a stored picture before it shows it."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from math import atan2, degrees
from typing import Any

import av
import numpy as np
from av.sidedata.sidedata import Type
from numpy.typing import NDArray

from sinet_video.media.side_data import side_data_of

# The first five of nine numbers: where a step to the right in the stored picture goes to the right
# and down as shown, a nought, and the same of a step down. ISO/IEC 14496-12, 6.2.2.
_MATRIX = struct.Struct("=2i4x2i")


@dataclass(frozen=True)
class Orientation:
    """Counter-clockwise by `rotation` degrees, and then, if `mirrored`, left and right swapped."""

    rotation: int = 0
    mirrored: bool = False

    @classmethod
    def of(cls, video: av.VideoFrame) -> Orientation:
        """What a decoded picture says."""
        for data in side_data_of(video):
            if data.type == Type.DISPLAYMATRIX:
                return cls._read(bytes(data))
        return cls(video.rotation)

    @classmethod
    def _read(cls, matrix: bytes) -> Orientation:
        across, down, down_across, down_down = _MATRIX.unpack(matrix[: _MATRIX.size])
        mirrored = across * down_down < down * down_across
        angle = round(degrees(atan2(-down, -across if mirrored else across)))
        return cls(angle, mirrored)

    @property
    def upright(self) -> bool:
        """Whether the picture is shown as it is stored."""
        return self.rotation % 360 == 0 and not self.mirrored

    @property
    def quarters(self) -> int:
        """Quarter turns counter-clockwise, the nearest number of them."""
        return round(self.rotation / 90)

    @property
    def sideways(self) -> bool:
        """Whether width and height change places."""
        return self.quarters % 2 == 1

    def shown(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """Return stored pixels, (H, W, ...), as a player shows them."""
        turned = np.rot90(pixels, self.quarters)
        return np.ascontiguousarray(np.fliplr(turned) if self.mirrored else turned)

    def stored(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """Return pixels as shown, (H, W, ...), the way the picture is stored."""
        plain = np.fliplr(pixels) if self.mirrored else pixels
        return np.ascontiguousarray(np.rot90(plain, -self.quarters))

    def stored_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return the stored (width, height) of pixels that are shown in a (width, height)."""
        return size[::-1] if self.sideways else size

    def matches(self, other: Orientation) -> bool:
        """Whether it is shown the same way, however it is said."""
        return self.mirrored == other.mirrored and (self.rotation - other.rotation) % 360 == 0

    def __str__(self) -> str:
        """Say it for people: "turned by 90 degrees and mirrored"."""
        turned = [f"turned by {self.rotation} degrees"] if self.rotation % 360 else []
        mirrored = ["mirrored"] if self.mirrored else []
        return " and ".join([*turned, *mirrored]) or "upright"
