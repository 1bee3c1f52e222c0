"""Agreement of a label with annotated boxes around people.

Boxes are in YOLO format: a file NAME.txt per image, with a line per box: class, centre x, centre y,
width and height, as shares of the image. A line with more numbers is a polygon.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sinet_video.errors import InputError
from sinet_video.media.arrays import Array
from sinet_video.paths import read_text
from sinet_video.training.generate.product_folder import Rejected

Box = tuple[float, float, float, float]
"""Left, top, right and bottom, as shares of the image."""

OUTSIDE = 0.02
"""Maximum share of a label outside all boxes, which are enlarged by 5 % on each side."""
SPANNED = (0.82, 0.85)
"""Minimum shares of a box's width and height that its person must span."""
FILLED = 0.2
"""Minimum share of a box that must be person."""
SMALL = 0.1
"""Boxes smaller than this share of the largest one may be empty, as for people far behind."""


def boxes_of(name: str, folder: Path) -> list[Box]:
    """Return the boxes of an image. Raises `Rejected` where it has none, `InputError`."""
    path = folder / f"{name}.txt"
    if not path.is_file():
        raise Rejected("no file of boxes")
    return read_boxes(path)


def read_boxes(path: Path) -> list[Box]:
    """Return the boxes of a file. Raises `InputError`."""
    try:
        lines = [line.split() for line in read_text(path).splitlines()]
        return [_box([float(word) for word in words[1:]]) for words in lines if words]
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path} has no boxes that can be read ({error}); it must have a line for each person: "
            "class, centre x, centre y, width and height, as shares of the image."
        ) from error


def _box(values: list[float]) -> Box:
    if len(values) == 4:
        x, y, width, height = values
        return x - width / 2, y - height / 2, x + width / 2, y + height / 2
    if len(values) < 6 or len(values) % 2:
        raise ValueError(f"{len(values)} numbers in a line")
    return min(values[::2]), min(values[1::2]), max(values[::2]), max(values[1::2])


def check_boxes(mask: Array, boxes: list[Box]) -> None:
    """Raise `Rejected` unless a label (H, W), uint8, is in the boxes and fills them."""
    person = mask > 127
    if not boxes:
        raise Rejected("no box")
    allowed = np.zeros_like(person)
    for left, top, right, bottom in boxes:
        x, y = 0.05 * (right - left), 0.05 * (bottom - top)
        allowed[_part(person, (left - x, top - y, right + x, bottom + y))] = True
    outside = (person & ~allowed).sum() / max(1, person.sum())
    if outside > OUTSIDE:
        raise Rejected(f"outside the boxes {outside:.2f}")
    largest = max(_area(box) for box in boxes)
    for box in boxes:
        if _area(box) >= SMALL * largest:
            _check_inside(person[_part(person, box)])


def _check_inside(inside: Array) -> None:
    if not inside.size:
        raise Rejected("box outside the image")
    spans = (inside.any(0).mean(), inside.any(1).mean())
    if spans[0] < SPANNED[0] or spans[1] < SPANNED[1]:
        raise Rejected(f"box not spanned {spans[0]:.2f} {spans[1]:.2f}")
    if inside.mean() < FILLED:
        raise Rejected(f"box not filled {inside.mean():.2f}")


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _part(image: Array, box: Box) -> tuple[slice, slice]:
    height, width = image.shape
    left, right = (int(np.clip(round(x * width), 0, width)) for x in (box[0], box[2]))
    top, bottom = (int(np.clip(round(y * height), 0, height)) for y in (box[1], box[3]))
    return slice(top, bottom), slice(left, right)
