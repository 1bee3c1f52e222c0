"""Finished files get their names together, and nothing that must stay is replaced."""

from __future__ import annotations

import os
from contextlib import suppress
from itertools import count
from pathlib import Path
from threading import Event, Thread

import pytest

from sinet_video import OutputError, atomic
from sinet_video.atomic import begin_file, begin_folder, discard, discard_all, place, temporary_name
from sinet_video.publish import Publication


def written(path: Path, text: str = "new") -> Path:
    """A file with some text."""
    path.write_text(text)
    return path


def listing(folder: Path) -> dict[str, str]:
    """What is in a folder."""
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}


def test_two_files_get_their_names(tmp_path):
    """And lose those that they had."""
    parts = [written(tmp_path / name) for name in ("a.half", "b.half")]
    with Publication() as publication:
        for part, name in zip(parts, ("a", "b"), strict=True):
            publication.place(part, tmp_path / name, overwrite=False)
    assert listing(tmp_path) == {"a": "new", "b": "new"}


@pytest.mark.parametrize("overwrite", [False, True])
def test_all_or_none(overwrite, tmp_path):
    """What the second lacks, the first loses again; what it replaced is back."""
    if overwrite:
        written(tmp_path / "a", "old")
    (tmp_path / "b").mkdir()
    before = listing(tmp_path)
    first, second = written(tmp_path / "a.half"), written(tmp_path / "b.half")

    def publish() -> None:
        with Publication() as publication:
            publication.place(first, tmp_path / "a", overwrite=overwrite)
            publication.place(second, tmp_path / "b", overwrite=overwrite)

    with pytest.raises((OutputError, OSError)):
        publish()
    assert listing(tmp_path) == before | {"a.half": "new", "b.half": "new"}


def test_what_appeared_stays(tmp_path):
    """A file, a link that leads nowhere, a folder."""
    written(tmp_path / "file", "theirs")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    (tmp_path / "folder").mkdir()
    for name in ("file", "link", "folder"):
        part = written(tmp_path / "part")
        with pytest.raises(OutputError, match="has appeared"), Publication() as publication:
            publication.place(part, tmp_path / name, overwrite=False)
        assert part.exists()
    assert (tmp_path / "file").read_text() == "theirs"


def test_a_folder_never_replaces_one(tmp_path):
    """Not even an empty one, which renaming alone would."""
    part, target = tmp_path / "part", tmp_path / "target"
    part.mkdir()
    target.mkdir()
    with pytest.raises(OutputError, match="has appeared"), Publication() as publication:
        publication.place(part, target, overwrite=True)
    target.rmdir()
    with Publication() as publication:
        publication.place(part, target, overwrite=False)
    assert target.is_dir()
    assert not part.exists()


def test_a_removed_file_comes_back(tmp_path):
    """When something after it fails."""
    old = written(tmp_path / "old", "old")

    def fail() -> None:
        with Publication() as publication:
            publication.remove(old)
            assert not old.exists()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert listing(tmp_path) == {"old": "old"}
    with Publication() as publication:
        publication.remove(old)
    assert listing(tmp_path) == {}


def without_links(*_: object, **__: object) -> None:
    """What os.link says on FAT."""
    raise PermissionError(1, "Operation not permitted")


def test_file_systems_without_links(tmp_path, monkeypatch):
    """Are written to as well, and nothing that appeared is replaced there either."""
    monkeypatch.setattr(os, "link", without_links)
    place(written(tmp_path / "part"), tmp_path / "a")
    with pytest.raises(FileExistsError):
        place(written(tmp_path / "part", "newer"), tmp_path / "a")
    assert listing(tmp_path) == {"a": "new", "part": "newer"}


def test_an_interrupted_placing_is_finished(tmp_path):
    """A file that has both names is ours."""
    part = written(tmp_path / "part")
    os.link(part, tmp_path / "a")
    place(part, tmp_path / "a")
    assert listing(tmp_path) == {"a": "new"}


@pytest.mark.parametrize("name", ["a", "a" * 255, "ä" * 127, "b" * 241 + ".mp4"])
def test_hidden_names_fit(name, tmp_path):
    """However long the name is that they stand for."""
    part = begin_file(tmp_path / name)
    assert len(os.fsencode(part.name)) <= 255
    assert part.name.startswith(".")
    folder = begin_folder(tmp_path / name)
    kept = atomic.parts_name(tmp_path / name)
    assert len(os.fsencode(kept)) <= 255
    assert kept != atomic.parts_name(tmp_path / (name[:-1] + "c"))
    discard(part)
    discard(folder)
    assert list(tmp_path.iterdir()) == []


def test_hidden_files_are_new(tmp_path, monkeypatch):
    """One that is there already is not written to, be it a link of somebody's."""
    part = temporary_name(tmp_path / "a")
    victim = written(tmp_path / "victim", "theirs")
    part.symlink_to(victim)
    monkeypatch.setattr(atomic, "temporary_name", lambda _: part)
    with pytest.raises(FileExistsError):
        begin_file(tmp_path / "a")
    assert victim.read_text() == "theirs"
    part.unlink()


def test_all_that_was_begun_can_be_removed(tmp_path):
    """Before a process ends that cannot wait; what has its name stays."""
    part, folder = begin_file(tmp_path / "a"), begin_folder(tmp_path / "b")
    (folder / "1.png").write_bytes(b"x")
    done = begin_file(tmp_path / "c")
    done.replace(tmp_path / "c")
    discard(done)
    discard_all()
    assert not part.exists()
    assert not folder.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


@pytest.mark.parametrize("begin", [begin_file, begin_folder])
@pytest.mark.parametrize("moment", ["hold", "temporary_name", "rename"])
def test_an_interrupt_while_it_is_begun_leaves_nothing(begin, moment, tmp_path, monkeypatch):
    """Before it is held, and after that; what the interrupt was too early for goes at the end."""

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path if moment == "rename" else atomic, moment, interrupted)
    with pytest.raises(KeyboardInterrupt):
        begin(tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_still_written_to_is_removed_for_good(tmp_path):
    """By a thread that nobody waits for; it finds no folder any more."""
    folder = begin_folder(tmp_path / "images")
    written = Event()

    def write() -> None:
        with suppress(FileNotFoundError):
            for number in count():
                (folder / f"{number}.png").write_bytes(b"x")
                written.set()

    writer = Thread(target=write, daemon=True)
    writer.start()
    written.wait()
    discard_all()
    writer.join(timeout=10)
    assert not writer.is_alive()
    assert list(tmp_path.iterdir()) == []
