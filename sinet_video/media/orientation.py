"""How a player rotates and mirrors a stored frame before it is displayed."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from math import atan2, degrees
from typing import Any, Protocol

import av
import numpy as np
from av.sidedata.sidedata import Type
from numpy.typing import NDArray

from sinet_video.media.side_data import side_data_of

# The first five of nine numbers: how a step to the right in the stored frame moves right and down
# on display, a zero, and the same for a step down. ISO/IEC 14496-12, 6.2.2.
_MATRIX = struct.Struct("=2i4x2i")


@dataclass(frozen=True)
class Orientation:
    """Rotation by `rotation` degrees counter-clockwise, then a horizontal flip if `mirrored`."""

    rotation: int = 0
    mirrored: bool = False

    @classmethod
    def of(cls, video: av.VideoFrame) -> Orientation:
        """Return the orientation of a decoded video frame."""
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
        """Whether the frame is displayed as it is stored."""
        return self.rotation % 360 == 0 and not self.mirrored

    @property
    def quarters(self) -> int:
        """Number of quarter turns counter-clockwise, rounded to the nearest."""
        return round(self.rotation / 90)

    @property
    def sideways(self) -> bool:
        """Whether width and height are swapped."""
        return self.quarters % 2 == 1

    def shown(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """Return stored pixels, (H, W, ...), as a player shows them."""
        turned = np.rot90(pixels, self.quarters)
        return np.ascontiguousarray(np.fliplr(turned) if self.mirrored else turned)

    def stored(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """Return displayed pixels, (H, W, ...), as the frame is stored."""
        plain = np.fliplr(pixels) if self.mirrored else pixels
        return np.ascontiguousarray(np.rot90(plain, -self.quarters))

    def stored_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Return the stored (width, height) for a displayed (width, height)."""
        return size[::-1] if self.sideways else size

    def matches(self, other: Orientation) -> bool:
        """Whether both orientations display a frame the same way, however they express it."""
        return self.mirrored == other.mirrored and (self.rotation - other.rotation) % 360 == 0

    def __str__(self) -> str:
        """Describe it for people: "turned by 90 degrees and mirrored"."""
        turned = [f"turned by {self.rotation} degrees"] if self.rotation % 360 else []
        mirrored = ["mirrored"] if self.mirrored else []
        return " and ".join([*turned, *mirrored]) or "upright"


class Stored(Protocol):
    """Frames as they are stored: their size and pixel shape, and how a player turns them."""

    @property
    def width(self) -> int:
        """Width in pixels."""

    @property
    def height(self) -> int:
        """Height in pixels."""

    @property
    def sample_aspect(self) -> Fraction:
        """Sample aspect ratio, the width of a pixel over its height."""

    @property
    def rotation(self) -> int:
        """Degrees counter-clockwise by which a player rotates it."""

    @property
    def mirrored(self) -> bool:
        """Whether a player flips it horizontally after that."""


class Displayed:
    """How `Stored` frames look on display: a base class of frames and clips."""

    @property
    def orientation(self: Stored) -> Orientation:
        """How a player rotates and mirrors it."""
        return Orientation(self.rotation, self.mirrored)

    @property
    def shown_aspect(self: Stored) -> float:
        """Width over height as displayed, with sample aspect ratio and orientation applied."""
        aspect = float(self.width * self.sample_aspect / self.height)
        return 1 / aspect if Orientation(self.rotation).sideways else aspect
