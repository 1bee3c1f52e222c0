"""What a training shows most often of the images of nobody, for a person to look at.

The network finds somebody in these. Often somebody is there, and then the image is to be taken out:
a training that draws it six times as often unlearns people.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

from sinet_video.atomic import whole_file
from sinet_video.training.contact_sheet import Tile, draw_sheet
from sinet_video.training.image_folder import write_list
from sinet_video.training.samples.photographs import Stock
from sinet_video.words import printable

MOST = 180
"""Images on the sheet."""

COLUMNS, SIDE = 12, 160

LETTERS = 26
"""As many fit under an image."""


def draw_hard(stock: Stock, odds: Sequence[Sequence[float]], folder: Path) -> None:
    """Write `hard.txt` and `hard.jpg` into a folder: the images drawn more than once, by how often.

    `odds` is how often each image of `stock.empty` is drawn. The text has all of them, the sheet
    `MOST`: those that are drawn most often, and of the last that are equally so, some of each name.
    """
    found = sorted(
        (
            (-often, printable(f"{name}/{source.name}"), source.levels[0])
            for name, sources, own in zip(stock.watched_empty, stock.empty, odds, strict=True)
            for source, often in zip(sources, own, strict=True)
            if often > 1
        ),
        key=lambda each: each[:2],
    )
    with whole_file(folder / "hard.txt") as path:
        write_list(path, (f"{-often:.2f} {name}" for often, name, _ in found))
    found.sort(key=lambda each: (each[0], crc32(each[1].encode())))
    tiles = [
        Tile(image, f"{-often:.1f}x {name[-(LETTERS - 5) :]}")
        for often, name, image in found[:MOST]
    ]
    with whole_file(folder / "hard.jpg") as path:
        draw_sheet(tiles, path, columns=COLUMNS, side=SIDE, kind="JPEG")
