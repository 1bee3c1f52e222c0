"""The picture of docs/MODEL_CARD.md: what the packaged weights do with seven pictures.

    python benchmarks/model_card.py FOLDER [-o docs/model_card.jpg]

FOLDER holds astronaut.png, camera.png, chelsea.png and coffee.png, as scikit-image carries them.
Each, and three made of the first, is shown with its alpha and over a checkerboard, by the default
settings.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sinet_video import matte

Array = NDArray[Any]

HIGH, GAP = 150, 6


def seven(folder: Path) -> Iterator[Array]:
    """Yield the pictures, (H, W, 3) uint8, RGB."""
    portrait, camera, cat, cup = (
        np.asarray(Image.open(folder / f"{name}.png").convert("RGB"))
        for name in ("astronaut", "camera", "chelsea", "coffee")
    )
    yield from (portrait, np.ascontiguousarray(np.rot90(portrait)))
    yield from (camera, portrait // 5)
    yield from (cat, cup)
    yield small(portrait, alpha_of(portrait))


def small(picture: Array, alpha: Array) -> Array:
    """Return a person a quarter of the height before a bold pattern."""
    pattern = checkers(512, 896, 32, (90, 60, 40), (214, 200, 180))
    size = (128, 128)
    person = np.asarray(Image.fromarray(picture).resize(size), np.float32)
    own = np.asarray(Image.fromarray(quantised(alpha)).resize(size), np.float32)[..., None] / 255
    behind = pattern[384:, 600:728]
    pattern[384:, 600:728] = np.round(person * own + behind * (1 - own))
    return pattern


def alpha_of(picture: Array) -> Array:
    """Return a picture's alpha, (H, W) in [0, 1]."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "picture.png")
        Image.fromarray(picture).save(path)
        return next(each.alpha.copy() for each in matte(path))


def shown(picture: Array) -> Array:
    """Return a picture, its alpha, and the person over a checkerboard, beside each other."""
    alpha = alpha_of(picture)[..., None]
    behind = checkers(picture.shape[0], picture.shape[1], 16, (120,) * 3, (200,) * 3)
    over = np.round(picture * alpha + behind * (1 - alpha)).astype(np.uint8)
    panels = (picture, np.repeat(quantised(alpha), 3, 2), over)
    width = round(HIGH * picture.shape[1] / picture.shape[0])
    return np.hstack([np.asarray(Image.fromarray(panel).resize((width, HIGH))) for panel in panels])


def quantised(alpha: Array) -> Array:
    """Return alpha as uint8."""
    values: Array = np.round(alpha * 255).astype(np.uint8)
    return values


def checkers(height: int, width: int, side: int, one: Any, other: Any) -> Array:
    """Return a checkerboard, (height, width, 3) uint8."""
    rows, columns = np.mgrid[:height, :width] // side
    pattern: Array = np.where(((rows + columns) % 2)[..., None], one, other).astype(np.uint8)
    return pattern


def sheet(pictures: list[Array]) -> Array:
    """Return pictures of one height two by two, and an odd one last, on white."""
    column = max(each.shape[1] for each in pictures[: len(pictures) // 2 * 2 : 2]) + GAP
    places = [(index // 2 * (HIGH + GAP), index % 2 * column) for index in range(len(pictures))]
    across = max(left + each.shape[1] for (_, left), each in zip(places, pictures, strict=True))
    page = np.full((places[-1][0] + HIGH, across, 3), 255, np.uint8)
    for (top, left), picture in zip(places, pictures, strict=True):
        page[top : top + HIGH, left : left + picture.shape[1]] = picture
    return page


def main() -> None:
    """Draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=Path("docs/model_card.jpg"))
    given = parser.parse_args()
    page = sheet([shown(picture) for picture in seven(given.folder)])
    Image.fromarray(page).save(given.output, quality=88)


if __name__ == "__main__":
    main()
