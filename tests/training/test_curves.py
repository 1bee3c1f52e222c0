"""The curves of a training, as a table and as an image."""

from __future__ import annotations

import csv

import pytest
from PIL import Image

from sinet_video.training.curves import draw_curves, write_csv

ROWS = [
    {"stage": "one", "step": 5, "rate": 0.1, "entropy": 0.7},
    {"stage": "one", "step": 10, "rate": 0.05, "entropy": 0.4, "IoU people": 0.8},
    {"stage": "two", "step": 15, "rate": 0.1, "dice": 0.3, "IoU people": 0.9, "IoU ccp": 0.7},
]


def test_a_table_of_all_columns(tmp_path):
    """In the order in which they came up; what a row does not have is empty."""
    write_csv(ROWS, tmp_path / "curves.csv")
    with (tmp_path / "curves.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    assert list(found[0]) == ["stage", "step", "rate", "entropy", "IoU people", "dice", "IoU ccp"]
    assert found[0]["IoU people"] == found[1]["dice"] == ""
    assert (found[2]["step"], found[2]["dice"]) == ("15", "0.3")


@pytest.mark.parametrize("count", [0, 1, 3])
def test_an_image(count, tmp_path):
    """Of any number of rows, without complaint, whatever the file is called."""
    for name in ("curves.png", "curves.png.new"):
        draw_curves(ROWS[:count], tmp_path / name)
        with Image.open(tmp_path / name) as image:
            assert (image.format, image.size) == ("PNG", (900, 900))


def test_more_rows_are_another_image(tmp_path):
    """The lines are drawn."""
    draw_curves(ROWS[:1], tmp_path / "a.png")
    draw_curves(ROWS, tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "b.png").read_bytes()


def test_a_loss_of_nothing_is_drawn(tmp_path):
    """On a logarithmic scale it has no place, and that is no error."""
    draw_curves([{"stage": "one", "step": 1, "rate": 0.1, "steady": 0.0}], tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 0
