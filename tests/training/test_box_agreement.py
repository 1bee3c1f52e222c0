"""Labels and boxes that somebody drew: which agree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sinet_video.errors import InputError
from sinet_video.training.generate.box_agreement import boxes_of, check_boxes, read_boxes
from sinet_video.training.generate.product_folder import Rejected

BOX = (0.2, 0.1, 0.6, 0.9)


def person(
    left: float = 0.2, top: float = 0.1, right: float = 0.6, bottom: float = 0.9
) -> np.ndarray:
    """A label of one rectangle of an image of 200x100."""
    mask = np.zeros((200, 100), np.uint8)
    mask[round(200 * top) : round(200 * bottom), round(100 * left) : round(100 * right)] = 255
    return mask


def test_who_fills_their_box_is_kept():
    """Also with somebody small far behind, of whom nothing was found."""
    check_boxes(person(), [BOX])
    check_boxes(person(), [BOX, (0.8, 0.4, 0.85, 0.5)])


@pytest.mark.parametrize(
    ("mask", "boxes", "reason"),
    [
        (person(), [], "no box"),
        (person(right=0.8), [BOX], "outside the boxes"),
        (person(bottom=0.7), [BOX], "not spanned"),
        (person(left=0.35), [BOX], "not spanned"),
        (person(), [BOX, (0.65, 0.1, 0.95, 0.9)], "not spanned"),
        (np.eye(200, 100, dtype=np.uint8) * 255, [(0.0, 0.0, 1.0, 0.5)], "not filled"),
        (person(), [BOX, (1.1, 0.1, 1.4, 0.9)], "outside the image"),
    ],
)
def test_what_does_not_agree_is_rejected(mask, boxes, reason):
    """Each with its reason."""
    with pytest.raises(Rejected, match=reason):
        check_boxes(mask, boxes)


def test_boxes_are_read_as_yolo_writes_them(tmp_path):
    """Middle and size, or a polygon; a blank line is nothing."""
    (tmp_path / "one.txt").write_text("0 0.4 0.5 0.4 0.8\n\n0 0.1 0.2 0.3 0.2 0.3 0.6\n")
    found = boxes_of("one", tmp_path)
    assert np.allclose(found, [(0.2, 0.1, 0.6, 0.9), (0.1, 0.2, 0.3, 0.6)])


@pytest.mark.parametrize("text", ["0 0.4 0.5 0.4", "0 a b c d", "0 1 2 3 4 5"])
def test_boxes_that_cannot_be_read(text, tmp_path):
    """Are an error that names the file and what is wanted."""
    (tmp_path / "one.txt").write_text(text)
    with pytest.raises(InputError, match=r"one\.txt.*centre x"):
        read_boxes(tmp_path / "one.txt")


def test_an_image_without_a_file_is_rejected(tmp_path: Path):
    """It is no error: boxes may be of a part."""
    with pytest.raises(Rejected, match="no file"):
        boxes_of("one", tmp_path)
