"""Names of what is written differ from those of what is read, whatever the names look like."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sinet_video import SettingError, paths
from sinet_video.paths import check_apart, check_named, same_place


@pytest.fixture
def file(tmp_path) -> Path:
    """A file."""
    (tmp_path / "talk.mp4").write_text("x")
    return tmp_path / "talk.mp4"


def test_one_file_by_many_names(file, tmp_path, monkeypatch):
    """Links, hard links, detours, relative names, a folder's link."""
    (tmp_path / "link.mp4").symlink_to(file)
    os.link(file, tmp_path / "hard.mp4")
    (tmp_path / "sub").mkdir()
    (tmp_path / "way").symlink_to(tmp_path)
    monkeypatch.chdir(tmp_path)
    for name in ("link.mp4", "hard.mp4", "sub/../talk.mp4", "way/talk.mp4", "./talk.mp4"):
        assert same_place(Path(name), file), name
    assert not same_place(Path("other.mp4"), file)


def test_names_of_what_is_not_there_yet(tmp_path):
    """Two outputs may be one file before either is made."""
    (tmp_path / "way").symlink_to(tmp_path)
    assert same_place(tmp_path / "o.mp4", tmp_path / "way" / "o.mp4")
    assert not same_place(tmp_path / "o.mp4", tmp_path / "O.mp4")


def test_capitals_that_do_not_count(tmp_path, monkeypatch):
    """As on macOS and Windows."""
    monkeypatch.setattr(paths, "_folds_case", lambda _: True)
    assert same_place(tmp_path / "Talk.mp4", tmp_path / "talk.MP4")


@pytest.mark.parametrize("name", ["\0", "a" * 300, "a/" * 3000])
def test_impossible_names_are_no_ones(name, file):
    """And end in no traceback."""
    assert not same_place(Path(name), file) if "\0" not in name else True


def test_what_is_read_is_not_written(file, tmp_path):
    """Nor is a file written twice."""
    other = tmp_path / "o.mp4"
    check_apart({"output": other, "report": tmp_path / "o.json"}, {"input": file})
    with pytest.raises(SettingError, match="is the input; the report must be another file"):
        check_apart({"output": other, "report": file}, {"input": file})
    with pytest.raises(SettingError, match="The output and the report are both"):
        check_apart({"output": other, "report": other}, {"input": file})


@pytest.mark.parametrize("name", ["", " ", "\t"])
def test_empty_names(name):
    """As of a variable that is not set; what is not given at all is another matter."""
    with pytest.raises(SettingError, match="The name of the output is empty"):
        check_named(input="a", output=name)
    check_named(input="a", output=None)
