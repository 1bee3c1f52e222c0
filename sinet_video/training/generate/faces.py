"""Face detection in photographs with OpenCV's Haar cascades.

Viola, Jones: "Rapid Object Detection using a Boosted Cascade of Simple Features", CVPR 2001. The
cascades come with OpenCV 4. They find too much rather than too little; the mask tells which face is
the labelled person's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from cv2.data import haarcascades

from sinet_video.media.arrays import Array

SEARCHED_HEIGHT = 860
"""Approximate height in pixels to which a person is enlarged (at most twice) or reduced for the
search. Faces of 20 pixels, the least that the cascades support, are found far less often than faces
twice as large.
"""

SMALLEST, LARGEST = 0.055, 0.6
"""A face's side as a share of the person's height, from whole bodies to heads alone."""

UPPER = 0.45
"""Upper share of a person in which a face is searched for, or more if little of the body is
visible.
"""

SQUARE = 1.2
"""A face is searched for down to this many of the person's widths; somebody no taller than that is
not a whole body.
"""


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels: rows `top` to `bottom`, columns `left` to `right`, ends excluded."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Number of columns."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.bottom - self.top

    def of(self, image: Array) -> Array:
        """Return the part of an image (H, W, ...) in the box, as a view."""
        return image[max(0, self.top) : self.bottom, max(0, self.left) : self.right]

    def within(self, shape: tuple[int, ...]) -> bool:
        """Whether it lies entirely in an image of this shape."""
        inside = self.left >= 0 and self.top >= 0
        return inside and self.right <= shape[1] and self.bottom <= shape[0]


FaceFinder = Callable[[Array, Box], Sequence[Box]]
"""Maps an RGB image (H, W, 3) uint8, and a person's box, to boxes of faces, most certain first.

A face's box is a square from the brow to below the mouth, as Haar cascades are trained.
"""


def extent(mask: Array) -> Box:
    """Return the smallest box around everything above 127 in a mask, (H, W) uint8."""
    rows, columns = np.nonzero((mask > 127).any(1))[0], np.nonzero((mask > 127).any(0))[0]
    if not len(rows):
        return Box(0, 0, 0, 0)
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


class HaarFaces:
    """A `FaceFinder`: the frontal cascade, then the one for profiles if it finds nothing.

    Without `profiles` it is three times as fast.
    """

    def __init__(self, *, profiles: bool = True) -> None:
        folder = Path(haarcascades)
        self._profiles_too = profiles
        self._frontal = cv2.CascadeClassifier(str(folder / "haarcascade_frontalface_alt.xml"))
        self._profile = cv2.CascadeClassifier(str(folder / "haarcascade_profileface.xml"))

    def __call__(self, image: Array, person: Box, /) -> list[Box]:
        """Return faces in a person's upper part and beside it."""
        region = _upper_part(person, image.shape)
        factor = min(2.0, SEARCHED_HEIGHT / max(1, person.height))
        gray = cv2.cvtColor(np.ascontiguousarray(region.of(image)), cv2.COLOR_RGB2GRAY)
        way = cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA
        gray = cv2.resize(gray, None, fx=factor, fy=factor, interpolation=way)
        sides = (SMALLEST * person.height * factor, LARGEST * person.height * factor)
        found = _detect(self._frontal, gray, sides)
        if self._profiles_too and not found:
            found = self._profiles(gray, sides)
        return [_placed(box, factor, region) for box in found]

    def _profiles(self, gray: Array, sides: tuple[float, float]) -> list[Box]:
        """Return profiles to either side; the cascade only knows those facing left."""
        mirrored = _detect(self._profile, np.ascontiguousarray(gray[:, ::-1]), sides)
        width = gray.shape[1]
        turned = [Box(width - b.right, b.top, width - b.left, b.bottom) for b in mirrored]
        return _detect(self._profile, gray, sides) + turned


def _upper_part(person: Box, shape: tuple[int, ...]) -> Box:
    margin = person.height // 8
    depth = int(max(UPPER * person.height, SQUARE * person.width))
    return Box(
        max(0, person.left - margin),
        max(0, person.top - margin // 2),
        min(shape[1], person.right + margin),
        min(shape[0], person.top + depth),
    )


def _detect(cascade: cv2.CascadeClassifier, gray: Array, sides: tuple[float, float]) -> list[Box]:
    least, most = (max(1, round(side)) for side in sides)
    boxes, _, weights = cascade.detectMultiScale3(
        gray, 1.1, 3, minSize=(least, least), maxSize=(most, most), outputRejectLevels=True
    )
    order = np.argsort(-np.asarray(weights).reshape(-1), kind="stable")
    found = np.asarray(boxes, int).reshape(-1, 4)[order].tolist()
    return [Box(x, y, x + w, y + h) for x, y, w, h in found]


def _placed(box: Box, factor: float, region: Box) -> Box:
    return Box(
        round(box.left / factor) + region.left,
        round(box.top / factor) + region.top,
        round(box.right / factor) + region.left,
        round(box.bottom / factor) + region.top,
    )
