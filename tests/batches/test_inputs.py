"""What the inputs of a batch stand for."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from sinet_video import InputError, SettingError
from sinet_video.batches.inputs import VIDEO_SUFFIXES, Found, count_unseen, expand, find, read_list


def test_a_folder_stands_for_its_videos(folder):
    """By their extensions, in any case, sorted; other files and folders are none."""
    made = folder("in", "b.MP4", "a.mkv", "notes.txt", "cover.jpg")
    (made / "sub").mkdir()
    (made / "sub" / "c.mp4").touch()
    assert [each.path.name for each in expand(made)] == ["a.mkv", "b.MP4"]


def test_a_folder_named_like_a_video_is_none(folder):
    """What has a video's extension may still be a folder."""
    made = folder("in", "a.mp4")
    (made / "clips.mov").mkdir()
    assert [each.path.name for each in expand(made)] == ["a.mp4"]


def test_a_file_by_its_name_may_be_called_anything(folder):
    """Whoever names it means it, brackets and all."""
    made = folder("in", "clip.bin", "[a].mp4")
    assert expand(made / "clip.bin") == [Found(made / "clip.bin")]
    assert expand(made / "[a].mp4") == [Found(made / "[a].mp4")]


def test_a_pattern_stands_for_what_it_matches(folder):
    """Also through folders; only files count."""
    made = folder("in", "a1.mp4", "a2.mp4", "b.mp4")
    (made / "a3.mp4").mkdir()
    (made / "a3.mp4" / "a4.mp4").touch()
    assert [each.path.name for each in expand(str(made / "a*.mp4"))] == ["a1.mp4", "a2.mp4"]
    assert [each.path.name for each in expand(str(made / "**" / "a4.*"))] == ["a4.mp4"]


@pytest.mark.parametrize("name", ["missing.mp4", "*.mp4", "empty"])
def test_what_matches_nothing_is_an_error(name, folder, tmp_path):
    """A misspelt name must not pass as nothing to do."""
    folder("empty", "notes.txt")
    with pytest.raises(InputError, match="matches no video"):
        find([tmp_path / name])


def test_common_extensions_are_videos():
    """Those that cameras, phones, browsers and broadcasters write."""
    assert {".mp4", ".mov", ".mkv", ".webm", ".avi", ".ts", ".mxf"} <= VIDEO_SUFFIXES
    assert not {".png", ".jpg", ".wav", ".mp3", ".txt"} & VIDEO_SUFFIXES


def test_subfolders_are_searched_on_request(folder):
    """Else they are counted; hidden folders are never looked into, nor is the output's."""
    made = folder("in", "a.mp4", "sub/b.mp4", "sub/deep/c.mov", ".cache/d.mp4", "out/e.mp4")
    assert find([made]) == [Found(made / "a.mp4")]
    assert count_unseen([made]) == 3
    assert find([made], recursive=True, exclude=made / "out") == [
        Found(made / "a.mp4"),
        Found(made / "sub" / "b.mp4", made.relative_to(made) / "sub"),
        Found(made / "sub" / "deep" / "c.mov", made.relative_to(made) / "sub" / "deep"),
    ]


def test_hidden_files_belong_to_other_programs(folder):
    """macOS writes ._a.mp4 beside a.mp4 on foreign disks; named outright, it is meant."""
    made = folder("in", "a.mp4", "._a.mp4")
    assert find([made]) == [Found(made / "a.mp4")]
    assert find([made / "._a.mp4"]) == [Found(made / "._a.mp4")]


def test_lists_name_one_input_a_line(tmp_path, monkeypatch):
    """Blank lines and comments are none; names may have any character but line breaks."""
    monkeypatch.chdir(tmp_path)
    Path("#1 {x}.mov").touch()
    lines = "a b.mp4\n\n  \n# a take\n#2.mov\n#1 {x}.mov\r\nü\u2028.mkv\n ./#3.mp4"
    Path("list.txt").write_text(lines, encoding="utf-8-sig")
    assert read_list("list.txt") == ["a b.mp4", "#1 {x}.mov", "ü\u2028.mkv", " ./#3.mp4"]
    piped = io.BytesIO("\ufeffein\u00e9.mp4\r\ntwo.mp4\n".encode())  # as text of Windows is
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(piped, "cp1252"))
    assert read_list("-") == ["ein\u00e9.mp4", "two.mp4"]


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "No such file"), (b" \n", "is empty"), (b"\xff\xfe\xff", "cannot be read")],
)
def test_lists_that_cannot_be_read_are_errors(content, words, tmp_path):
    """In a sentence that names the list."""
    if content is not None:
        (tmp_path / "list").write_bytes(content)
    with pytest.raises(InputError, match=words):
        read_list(str(tmp_path / "list"))


def test_an_empty_name_is_not_this_folder():
    """As that of a variable of a shell that is not set."""
    with pytest.raises(SettingError, match="empty"):
        expand("")
