"""The image in docs/MODEL_CARD.md: what the packaged weights do with seven images.

    python benchmarks/model_card.py FOLDER [-o docs/model_card.jpg]

FOLDER holds astronaut.png, camera.png, chelsea.png and coffee.png, as distributed with
scikit-image. These, and three made from the first, are shown with their alpha and over a
checkerboard, with the default settings.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from sinet_video import matte
from sinet_video.encoding.encoder_input import quantised
from sinet_video.media.arrays import Array
from sinet_video.media.frame import Matte
from sinet_video.quality.image_bytes import png
from sinet_video.quality.thumbnails import Checkerboard

HIGH, GAP = 150, 6


def seven(folder: Path) -> Iterator[Array]:
    """Yield the images, (H, W, 3) uint8, RGB."""
    portrait, camera, cat, cup = (
        np.asarray(Image.open(folder / f"{name}.png").convert("RGB"))
        for name in ("astronaut", "camera", "chelsea", "coffee")
    )
    yield from (portrait, np.ascontiguousarray(np.rot90(portrait)))
    yield from (camera, portrait // 5)
    yield from (cat, cup)
    yield small(portrait, cut_out(portrait).alpha)


def small(image: Array, alpha: Array) -> Array:
    """Return a person a quarter of the height in front of a bold pattern, (512, 896, 3) uint8."""
    rows, columns = np.mgrid[:512, :896] // 32
    dark = (rows + columns)[..., None] % 2 == 0
    pattern = np.where(dark, (90, 60, 40), (214, 200, 180)).astype(np.uint8)
    person, own = (
        np.asarray(Image.fromarray(each).resize((128, 128)), np.float32)
        for each in (image, quantised(alpha, 0, 255))
    )
    behind, part = pattern[384:, 600:728], own[..., None] / 255
    behind[...] = np.round(person * part + behind * (1 - part))
    return pattern


def cut_out(image: Array) -> Matte:
    """Return an image's matte, with the default settings."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "image.png")
        path.write_bytes(png(image))
        return next(iter(matte(path)))


def shown(image: Array) -> Array:
    """Return an image, its alpha, and the person over a checkerboard, side by side."""
    made = cut_out(image)
    gray = np.repeat(quantised(made.alpha, 0, 255)[..., None], 3, 2)
    panels = (image, gray, Checkerboard().under(made).rgb)
    width = round(HIGH * image.shape[1] / image.shape[0])
    return np.hstack([np.asarray(Image.fromarray(panel).resize((width, HIGH))) for panel in panels])


def sheet(images: list[Array]) -> Array:
    """Return images of one height, two per row and an odd one last, on white."""
    column = max(each.shape[1] for each in images[: len(images) // 2 * 2 : 2]) + GAP
    places = [(index // 2 * (HIGH + GAP), index % 2 * column) for index in range(len(images))]
    across = max(left + each.shape[1] for (_, left), each in zip(places, images, strict=True))
    page = np.full((places[-1][0] + HIGH, across, 3), 255, np.uint8)
    for (top, left), image in zip(places, images, strict=True):
        page[top : top + HIGH, left : left + image.shape[1]] = image
    return page


def main() -> None:
    """Draw the image."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=Path("docs/model_card.jpg"))
    given = parser.parse_args()
    page = sheet([shown(image) for image in seven(given.folder)])
    Image.fromarray(page).save(given.output, quality=88)


if __name__ == "__main__":
    main()
