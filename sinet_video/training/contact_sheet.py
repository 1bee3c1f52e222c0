"""Contact sheets: many small images with a caption under each, for a person to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from sinet_video.media.arrays import Array

CAPTION_HEIGHT = 14


@dataclass(frozen=True)
class Tile:
    """One place on a sheet: an image (H, W, 3) uint8, and a caption."""

    image: Array
    caption: str


def overlay(image: Array, alpha: Array, colour: tuple[int, int, int] = (255, 0, 255)) -> Array:
    """Return an image (H, W, 3) with a colour over what alpha, (H, W) in [0, 1], leaves out."""
    weight = 0.75 * (1 - alpha[..., None].astype(np.float32))
    mixed: Array = image * (1 - weight) + np.array(colour, np.float32) * weight
    return mixed.round().astype(np.uint8)


def draw_sheet(
    tiles: Sequence[Tile], path: Path, *, columns: int = 5, side: int = 200, kind: str | None = None
) -> None:
    """Write the tiles as one image file, row by row, each fitted into `side` x `side` pixels.

    The format is that of the file's ending, or `kind`, such as JPEG.
    """
    rows = max(1, -(-len(tiles) // columns))
    height = side + CAPTION_HEIGHT
    sheet = Image.new("RGB", (columns * side, rows * height), "black")
    draw = ImageDraw.Draw(sheet)
    for index, tile in enumerate(tiles):
        left, top = index % columns * side, index // columns * height
        small = ImageOps.contain(Image.fromarray(tile.image), (side, side))
        sheet.paste(small, (left + (side - small.width) // 2, top + (side - small.height) // 2))
        draw.text((left + 2, top + side + 1), tile.caption, fill="white")
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path, kind)
