"""What is drawn more often than once, for a person to look at."""

from pathlib import Path

import numpy as np
from PIL import Image

from sinet_video.training.samples.hard_sheet import COLUMNS, MOST, SIDE, draw_hard
from sinet_video.training.samples.photographs import Photograph, Stock


def stock_of(*folders: str) -> Stock:
    """Return folders of three images without people, each of one colour."""
    sources = [
        [Photograph(f"{k}", [np.full((40, 60, 3), 60 * k + 90, np.uint8)]) for k in range(3)]
        for _ in folders
    ]
    return Stock(empty=sources, watched_empty={name: [] for name in folders})


def test_the_hardest_come_first(tmp_path: Path) -> None:
    """In the text with folder and name, on the sheet as images; those drawn once are in neither."""
    draw_hard(stock_of("walls", "cats/images"), [[1.0, 3.5, 1.0], [2.0, 1.0, 6.0]], tmp_path)
    assert (tmp_path / "hard.txt").read_text().splitlines() == [
        "6.00 cats/images/2", "3.50 walls/1", "2.00 cats/images/0",
    ]  # fmt: skip
    sheet = Image.open(tmp_path / "hard.jpg")
    assert (sheet.format, sheet.width) == ("JPEG", COLUMNS * SIDE)
    shown = [sheet.getpixel((SIDE * k + SIDE // 2, SIDE // 2)) for k in range(4)]
    assert [round(pixel[0] / 30) for pixel in shown] == [7, 5, 3, 0]


def test_where_none_is_hard_both_are_empty(tmp_path: Path) -> None:
    """So that a stage does not leave what one before it found."""
    draw_hard(stock_of("walls"), [[4.0, 1.0, 1.0]], tmp_path)
    draw_hard(stock_of("walls"), [[1.0, 1.0, 1.0]], tmp_path)
    assert (tmp_path / "hard.txt").read_text() == ""
    assert not np.asarray(Image.open(tmp_path / "hard.jpg")).any()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hard.jpg", "hard.txt"]


def test_of_many_that_are_equally_hard_some_of_each_folder_are_shown(tmp_path: Path) -> None:
    """Not only those whose names come first."""
    dark, light = (np.full((40, 60, 3), level, np.uint8) for level in (60, 200))
    sources = [[Photograph(f"{k}", [image]) for k in range(MOST)] for image in (dark, light)]
    stock = Stock(empty=sources, watched_empty={"a": [], "b": []})
    draw_hard(stock, [[5.0] * MOST, [5.0] * MOST], tmp_path)
    sheet = np.asarray(Image.open(tmp_path / "hard.jpg"))
    row = sheet[SIDE // 2, SIDE // 2 :: SIDE, 0]
    assert (row < 100).any()
    assert (row > 150).any()
    assert len((tmp_path / "hard.txt").read_text().splitlines()) == 2 * MOST


def test_odd_names_end_nothing(tmp_path: Path) -> None:
    """Those that are not UTF-8, and those with line breaks, take one line."""
    stock = stock_of("walls")
    for source, name in zip(stock.empty[0], ("caf\udce9", "two\nlines", "plain"), strict=True):
        source.name = name
    draw_hard(stock, [[2.0, 3.0, 4.0]], tmp_path)
    lines = (tmp_path / "hard.txt").read_text("utf-8").splitlines()
    assert [line.split("/")[0] for line in lines] == ["4.00 walls", "3.00 walls", "2.00 walls"]
    assert (tmp_path / "hard.jpg").stat().st_size > 0
