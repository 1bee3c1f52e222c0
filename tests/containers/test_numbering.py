"""Names of image sequences."""

from __future__ import annotations

from pathlib import Path

import pytest

from sinet_video.containers.numbering import find_numbered, in_words, is_pattern, with_place
from sinet_video.errors import InputError


def touch(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).touch()
    return folder


def test_what_a_pattern_is() -> None:
    """As printf and as compositors write it; one # is part of a name, and videos have none."""
    patterns = ("%04d.png", "a.%d.exr", "frame.####.exr", "x##.tif", "shot#1_%03d.jpg")
    assert all(is_pattern(Path(name)) for name in patterns)
    assert not any(map(is_pattern, map(Path, ("take#1.png", "a.png", "%04d.mp4", "####.mov"))))
    assert with_place("frame.####.exr") == "frame.%04d.exr"
    assert with_place("shot##_%03d.exr") == "shot##_%03d.exr"


@pytest.mark.parametrize("given", ["", "f.%04d.png", "f.####.png", "f.%d.png"])
def test_files_by_number(tmp_path: Path, given: str) -> None:
    """In order, from any number, with more digits where they are needed, and what is missing."""
    folder = touch(
        tmp_path / "a", "f.0998.png", "f.0999.png", "f.1003.png", "notes.txt", ".f.1.png"
    )
    found = find_numbered(folder / given)
    assert list(found.files) == [998, 999, 1003]
    assert found.missing == [1000, 1001, 1002]
    assert found.pattern.name in ("f.%04d.png", "f.%d.png")


def test_several_sequences_are_named(tmp_path: Path) -> None:
    """Nobody guesses which is meant; a pattern chooses one."""
    folder = touch(tmp_path / "a", "beauty.01.exr", "beauty.02.exr", "mask.01.exr")
    with pytest.raises(InputError, match=r"more than one .*beauty\.%02d\.exr.*mask\.%02d\.exr"):
        find_numbered(folder)
    assert list(find_numbered(folder / "mask.##.exr").files) == [1]


def test_what_is_no_sequence(tmp_path: Path) -> None:
    """Each says what to do instead."""
    with pytest.raises(InputError, match=r"without numbered images.*batch"):
        find_numbered(touch(tmp_path / "photos", "anna.jpg", "film.mp4"))
    with pytest.raises(InputError, match="No file matches"):
        find_numbered(tmp_path / "photos" / "x.%04d.png")
    with pytest.raises(InputError, match="no folder"):
        find_numbered(tmp_path / "none" / "x.%04d.png")
    with pytest.raises(InputError, match="same number"):
        find_numbered(touch(tmp_path / "twice", "1.png", "01.png") / "%d.png")


def test_missing_numbers_in_words() -> None:
    """Runs are told by their ends, and of many the first."""
    assert in_words([3]) == "3"
    assert in_words([3, 4, 5, 9]) == "3 to 5, 9"
    assert in_words(list(range(1, 99, 2))).endswith("9 and others, 49 in all")
