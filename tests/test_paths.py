"""Names of what is written differ from those of what is read, whatever the names look like."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import sinet_video
from sinet_video import Naming, SettingError, convert
from sinet_video.batches.inputs import Found
from sinet_video.batches.naming import tasks
from sinet_video.batches.watch import watch_batch
from sinet_video.paths import check_apart, check_named, folded, read_text, same_place


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


@pytest.fixture
def capitals_do_not_count(monkeypatch) -> None:
    """As on macOS and Windows: a file is found by any name that folds to its own."""
    there = os.path.lexists

    def lexists(path: str | Path) -> bool:
        folder = Path(path).parent
        names = [each.name for each in folder.iterdir()] if folder.is_dir() else []
        return there(path) or folded(Path(path).name) in map(folded, names)

    monkeypatch.setattr(os.path, "lexists", lexists)


@pytest.mark.usefixtures("capitals_do_not_count")
def test_capitals_that_do_not_count(tmp_path):
    """Nor do accents in two parts; whether a folder is like that is tried, and nothing is left."""
    for one, other in (
        ("Talk.mp4", "talk.MP4"),
        ("\u00e9.mp4", "E\u0301.mp4"),
        ("new/o.mp4", "NEW/o.mp4"),
        ("24/o.mp4", "24/O.mp4"),
    ):
        assert same_place(tmp_path / one, tmp_path / other), one
    assert not same_place(tmp_path / "a.mp4", tmp_path / "b.mp4")
    assert list(tmp_path.iterdir()) == []


JOBS = {
    "matte": ({"matte": "O.mp4"}, "o.mp4"),
    "report": ({"report": "O.MP4"}, "o.mp4"),
    "an image of the output": ({"matte": "00001.PNG"}, "%05d.png"),
    "the images' times": ({"report": "Timestamps.txt"}, "%05d.png"),
}


@pytest.mark.parametrize("kind", JOBS)
@pytest.mark.usefixtures("capitals_do_not_count")
def test_a_job_of_two_names_that_are_one(kind, make_clip, tmp_path):
    """Is refused before it begins, both names told."""
    clip = make_clip("one.mp4", frames=1)
    other, output = JOBS[kind]
    (what, name), *_ = other.items()
    with pytest.raises(SettingError, match="are the same file; give them different names") as told:
        convert(clip, tmp_path / output, **{what: tmp_path / name})
    assert f"{tmp_path / name}" in str(told.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("capitals_do_not_count")
def test_two_results_of_a_batch_that_are_one(tmp_path):
    """Of two inputs, of an input and its matte, or a result in the place of an input."""
    found = [Found(Path("/x/a.mov")), Found(Path("/y/A.mkv"))]
    with pytest.raises(SettingError, match="would both become"):
        tasks(found, tmp_path, Naming())
    with pytest.raises(SettingError, match="The result and the matte"):
        tasks(found[:1], tmp_path, Naming(template="{stem}.mp4", matte="{stem}.MP4"))
    (tmp_path / "a.mp4").touch()
    with pytest.raises(SettingError, match="would be replaced by a result"):
        tasks([Found(tmp_path / "a.mp4")], tmp_path, Naming(template="A.MP4"))


def test_results_that_differ_in_capitals_where_they_count(tmp_path):
    """The failing twin."""
    found = [Found(Path("/x/a.mov")), Found(Path("/y/A.mkv"))]
    assert len(tasks(found, tmp_path, Naming())) == 2


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


def test_numbers_are_no_names() -> None:
    """As where an argument is in another's place."""
    with pytest.raises(SettingError, match="The matte is 5; give its name"):
        check_named(matte=5)


@pytest.mark.parametrize(
    "call",
    [
        lambda clip: list(sinet_video.batch([clip], ["o"])),
        lambda clip: list(sinet_video.batch([[clip]], "o")),
        lambda clip: list(sinet_video.batch([clip], "o", manifest=["m"])),
        lambda clip: list(watch_batch([[clip]], "o")),
        lambda clip: sinet_video.convert(clip, ["o.mp4"]),
        lambda clip: sinet_video.convert(clip, "o.mp4", matte=["m.mkv"]),
        lambda clip: sinet_video.convert(clip, "o.mov", plate=["p.mov"]),
        lambda clip: sinet_video.convert(clip, "o.mov", report=["r.json"]),
        lambda clip: sinet_video.preview(clip, ["o.html"]),
        lambda clip: sinet_video.live(clip, ["o.mkv"]),
        lambda clip: sinet_video.open_sink(["o.mp4"], sinet_video.probe(clip)),
        lambda _: sinet_video.evaluate(["images"]),
        lambda clip: sinet_video.evaluate(clip, predictions=["mattes"]),
        lambda _: sinet_video.train(["data"], "o"),
        lambda _: sinet_video.train("data", ["o"]),
        lambda _: sinet_video.export_onnx(["o.onnx"]),
        lambda _: sinet_video.load_segmenter(weights=["w.pth"]),
    ],
)
def test_lists_are_no_names(call, carphone, tmp_path, monkeypatch) -> None:
    """Where one name is meant; nothing is written, such as a folder of a list's name."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingError, match="is of the type list; give a name"):
        call(carphone)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("read", [sinet_video.probe, sinet_video.verify])
def test_several_names_are_not_read_as_images(read) -> None:
    """Nor are the keys of a dict."""
    with pytest.raises(SettingError, match="is a list of names; give one"):
        read(["a.mp4", "b.mp4"])
    with pytest.raises(SettingError, match="is of the type dict; give a path"):
        read({"a": 1})


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no device without an end")
def test_a_device_without_an_end_is_no_text():
    """It is given up after 16 MiB, wherever a text is expected."""
    with pytest.raises(OSError, match="more than 16 MiB"):
        read_text(Path("/dev/zero"))
    for words in (
        ["batch", "--from-file", "/dev/zero", "-o", "out"],
        ["run", "a.mp4", "-o", "b.mp4", "--config", "/dev/zero"],
        ["evaluate", ".", "--names", "/dev/zero"],
        ["train", ".", "-o", "out", "--recipe", "/dev/zero"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", "sinet_video", *words],
            capture_output=True, text=True, check=False, timeout=60, preexec_fn=limited,
        )  # fmt: skip
        assert done.returncode in (1, 2)
        assert "/dev/zero" in done.stderr
        assert len(done.stderr.splitlines()) == 1, done.stderr


def limited() -> None:
    """Give a process 4 GB, so that a fault costs no more."""
    import resource

    if sys.platform == "linux":  # macOS has no such limit
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))


def test_texts_are_read_with_and_without_a_mark(tmp_path):
    """A byte order mark is no part of the text; what is not UTF-8 is not guessed."""
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbfone\r\ntwo")
    assert read_text(tmp_path / "a") == "one\r\ntwo"
    (tmp_path / "a").write_bytes(b"\xff\xfe")
    with pytest.raises(UnicodeDecodeError):
        read_text(tmp_path / "a")
