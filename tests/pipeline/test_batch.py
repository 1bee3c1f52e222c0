"""Many files: what is found, what is done, what is skipped, and what becomes of bad ones."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from plain_mattes import everything

from sinet_video import (
    InputError,
    OutputError,
    Report,
    SettingError,
    Settings,
    batch,
    convert,
    probe,
)
from sinet_video.pipeline.batch import VIDEO_SUFFIXES, expand


def pretended(source: Path, output: Path) -> Report:
    """A conversion that writes the input's name."""
    if "bad" in source.name:
        raise InputError(f"{source} is damaged.")
    output.write_text(source.name)
    return Report(str(source), str(output), None)


@pytest.fixture
def folder(tmp_path) -> Callable[..., Path]:
    """Make a folder of files that only have names: `folder("in", "a.mp4", ...)`."""

    def make(name: str, *files: str) -> Path:
        made = tmp_path / name
        made.mkdir()
        for file in files:
            (made / file).touch()
        return made

    return make


def statuses(inputs: list, output: Path, **options) -> dict[str, str]:
    """What becomes of each input, by its name."""
    outcomes = batch(inputs, output, pretended, **options)
    return {outcome.source.name: outcome.status for outcome in outcomes}


# What is found


def test_a_folder_stands_for_its_videos(folder):
    """By their extensions, in any case, sorted; other files and folders are none."""
    made = folder("in", "b.MP4", "a.mkv", "notes.txt", "cover.jpg")
    (made / "sub").mkdir()
    (made / "sub" / "c.mp4").touch()
    assert [path.name for path in expand(made)] == ["a.mkv", "b.MP4"]


def test_a_folder_named_like_a_video_is_none(folder):
    """What has a video's extension may still be a folder."""
    made = folder("in", "a.mp4")
    (made / "clips.mov").mkdir()
    assert [path.name for path in expand(made)] == ["a.mp4"]


def test_a_file_by_its_name_may_be_called_anything(folder):
    """Whoever names it means it, brackets and all."""
    made = folder("in", "clip.bin", "[a].mp4")
    assert expand(made / "clip.bin") == [made / "clip.bin"]
    assert expand(made / "[a].mp4") == [made / "[a].mp4"]


def test_a_pattern_stands_for_what_it_matches(folder):
    """Also through folders; only files count."""
    made = folder("in", "a1.mp4", "a2.mp4", "b.mp4")
    (made / "a3.mp4").mkdir()
    (made / "a3.mp4" / "a4.mp4").touch()
    assert [p.name for p in expand(str(made / "a*.mp4"))] == ["a1.mp4", "a2.mp4"]
    assert [p.name for p in expand(str(made / "**" / "a4.*"))] == ["a4.mp4"]


@pytest.mark.parametrize("name", ["missing.mp4", "*.mp4", "empty"])
def test_what_matches_nothing_is_an_error(name, folder, tmp_path):
    """A misspelt name must not pass as nothing to do."""
    folder("empty", "notes.txt")
    with pytest.raises(InputError, match="matches no video"):
        list(batch([tmp_path / name], tmp_path / "out", pretended))


def test_common_extensions_are_videos():
    """Those that cameras, phones, browsers and broadcasters write."""
    assert {".mp4", ".mov", ".mkv", ".webm", ".avi", ".ts", ".mxf"} <= VIDEO_SUFFIXES
    assert not {".png", ".jpg", ".wav", ".mp3", ".txt"} & VIDEO_SUFFIXES


# What is done


def test_every_input_becomes_an_output_of_its_name(folder, tmp_path):
    """Files, folders and patterns together; each input once."""
    made, out = folder("in", "a.mp4", "b.mov"), tmp_path / "new" / "out"
    single = folder("other", "c.mkv") / "c.mkv"
    inputs = [made, single, str(made / "a.*")]
    assert statuses(inputs, out) == dict.fromkeys(["a.mp4", "b.mov", "c.mkv"], "done")
    assert sorted(p.name for p in out.iterdir()) == ["a.mp4", "b.mp4", "c.mp4"]
    assert (out / "b.mp4").read_text() == "b.mov"


@pytest.mark.parametrize(("suffix", "name"), [(".webm", "a.webm"), ("", "a")])
def test_the_suffix_says_what_is_written(suffix, name, folder, tmp_path):
    """A file of that kind, or a folder of pictures; the input's own dots stay."""
    (outcome,) = batch([folder("in", "a.mp4")], tmp_path / "out", pretended, suffix=suffix)
    assert outcome.output == tmp_path / "out" / name
    (outcome,) = batch([folder("in2", "a.b.mp4")], tmp_path / "out", pretended, suffix=suffix)
    assert outcome.output.name == "a.b" + suffix


def test_outcomes_come_one_by_one(folder, tmp_path):
    """Each as soon as it is done, with its report, so that progress can be shown."""
    made, out = folder("in", "a.mp4", "b.mp4"), tmp_path / "out"
    outcomes = batch([made], out, pretended)
    first = next(outcomes)
    assert first.report.output == str(out / "a.mp4")
    assert not (out / "b.mp4").exists()
    assert next(outcomes).source == made / "b.mp4"


def test_a_bad_file_stops_nothing(folder, tmp_path):
    """It is named, with its error, and the others are done."""
    made, out = folder("in", "a.mp4", "bad.mp4", "c.mp4"), tmp_path / "out"
    outcomes = list(batch([made], out, pretended))
    assert [outcome.status for outcome in outcomes] == ["done", "failed", "done"]
    failed = outcomes[1]
    assert (failed.source, failed.report) == (made / "bad.mp4", None)
    assert "bad.mp4 is damaged." in str(failed.error)
    assert sorted(p.name for p in out.iterdir()) == ["a.mp4", "c.mp4"]


@pytest.mark.parametrize("error", [ZeroDivisionError("by nought"), MemoryError(), EOFError()])
def test_whatever_one_file_raises_is_its_own(error, folder, tmp_path, caplog):
    """The next is begun all the same, and what it was is logged with its place."""

    def broken(source: Path, output: Path) -> Report:
        if source.name == "a.mp4":
            raise error
        return pretended(source, output)

    made = folder("in", "a.mp4", "b.mp4")
    first, second = batch([made], tmp_path / "out", broken)
    assert (first.status, second.status) == ("failed", "done")
    assert f"a.mp4 failed: {type(error).__name__}" in str(first.error)
    assert first.error.__cause__ is error
    assert "Traceback" in caplog.text


def test_what_is_there_is_skipped(folder, tmp_path):
    """So that a batch can be taken up again; what failed is tried anew."""
    made, out = folder("in", "a.mp4", "bad.mp4"), tmp_path / "out"
    assert statuses([made], out) == {"a.mp4": "done", "bad.mp4": "failed"}
    (out / "a.mp4").write_text("touched up by hand")
    assert statuses([made], out) == {"a.mp4": "skipped", "bad.mp4": "failed"}
    assert (out / "a.mp4").read_text() == "touched up by hand"
    assert statuses([made], out, overwrite=True)["a.mp4"] == "done"
    assert (out / "a.mp4").read_text() == "a.mp4"


def test_two_inputs_of_one_output_clash(folder, tmp_path):
    """Both are named before anything is done, or one would silently replace the other."""
    made, other, out = folder("in", "a.mp4"), folder("other", "a.mov"), tmp_path / "out"
    with pytest.raises(SettingError) as caught:
        list(batch([made, other], out, pretended))
    assert all(str(path) in str(caught.value) for path in (made / "a.mp4", other / "a.mov"))
    assert not out.exists()


def test_one_input_under_two_names_does_not_clash(folder, tmp_path, monkeypatch):
    """The same file by its full and its relative name is one file."""
    made = folder("in", "a.mp4")
    monkeypatch.chdir(tmp_path)
    outcomes = list(batch([made, "in/a.mp4", "./in"], "out", pretended))
    assert [outcome.status for outcome in outcomes] == ["done"]


def test_an_output_folder_that_cannot_be_is_said_in_words(folder, tmp_path):
    """A file is in its place, or above it."""
    made = folder("in", "a.mp4")
    (tmp_path / "file").write_text("precious")
    for name in ("file", "file/below"):
        with pytest.raises(OutputError, match="file"):
            list(batch([made], tmp_path / name, pretended))
    assert (tmp_path / "file").read_text() == "precious"


def test_real_files(tmp_path, make_clip):
    """With the library's own conversion: one clip, one file of words."""
    made, out = tmp_path / "in", tmp_path / "out"
    made.mkdir()
    os.link(make_clip("good.mp4"), made / "good.mp4")
    (made / "words.mp4").write_text("These are no pictures.")
    settings = Settings(segmenter=everything)
    outcomes = list(batch([made], out, lambda s, o: convert(s, o, settings=settings)))
    assert [outcome.status for outcome in outcomes] == ["done", "failed"]
    assert outcomes[0].report.frames == 12
    assert "words.mp4" in str(outcomes[1].error)
    assert [path.name for path in out.iterdir()] == ["good.mp4"]
    assert probe(out / "good.mp4").frames == 12
