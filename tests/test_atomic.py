"""Files appear whole or not at all."""

from __future__ import annotations

import fcntl
import os
import sys
from pathlib import Path

import pytest
from plain_mattes import EVERYTHING
from sinet_video.cli.terminal.reports import write_report

from sinet_video import atomic, convert
from sinet_video.atomic import (
    abandoned,
    begin_file,
    begin_folder,
    check_file,
    check_folder,
    discard,
    is_special,
    store,
    sync,
    temporary_name,
    translate_write_errors,
    whole_file,
    whole_folder,
)
from sinet_video.errors import OutputError, SettingError
from sinet_video.hold import hold


class BrokenError(Exception):
    """Raised by a test."""


def fail_after_writing(path: Path) -> None:
    """Write half of a file."""
    path.write_text("half")
    raise BrokenError


@pytest.mark.parametrize("durable", [False, True])
def test_a_file_appears_when_it_is_whole(durable: bool, tmp_path: Path) -> None:
    """Until then what was there stays, and folders on the way are made."""
    target = tmp_path / "new" / "a.txt"
    with whole_file(target, durable=durable) as part:
        part.write_text("new")
        assert not target.exists()
        assert part.parent == target.parent
        assert part.name.startswith(".")
    assert target.read_text() == "new"
    assert list(target.parent.iterdir()) == [target]


def test_a_file_that_fails_changes_nothing(tmp_path: Path) -> None:
    """The old one is as it was, and no part is left."""
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(BrokenError), whole_file(target) as part:
        fail_after_writing(part)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_check_may_refuse(tmp_path: Path) -> None:
    """What was written is looked at before it gets its name."""

    def refuse(path: Path) -> None:
        assert path.read_bytes() == b"bad"
        raise BrokenError

    with pytest.raises(BrokenError):
        store(tmp_path / "a", b"bad", refuse)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_appears_when_it_is_whole(tmp_path: Path) -> None:
    """An empty folder may be in its place; when something fails, nothing is left."""
    target = tmp_path / "out"
    target.mkdir()
    with whole_folder(target) as part:
        (part / "a").write_text("a")
    assert [path.name for path in target.iterdir()] == ["a"]
    with pytest.raises(BrokenError), whole_folder(tmp_path / "other") as part:
        fail_after_writing(part / "a")
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_that_is_not_empty_is_not_replaced(tmp_path: Path) -> None:
    """The failing twin."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("mine")
    with pytest.raises(OSError), whole_folder(tmp_path / "out") as part:  # noqa: PT011 - any will do
        (part / "a").write_text("a")
    assert (tmp_path / "out" / "mine").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_names_of_parts_differ(tmp_path: Path) -> None:
    """Two writers of one file do not meet."""
    assert temporary_name(tmp_path / "a") != temporary_name(tmp_path / "a")


def test_what_cannot_be_written_is_said_before(tmp_path: Path) -> None:
    """A folder in the file's place, no folder, and a file that must not be replaced."""
    (tmp_path / "there.txt").write_text("there")
    for path, words in (
        (tmp_path, "is a folder"),
        (tmp_path / "none" / "a", "no folder"),
        (tmp_path / "there.txt", "is there already"),
    ):
        with pytest.raises(OutputError, match=words):
            check_file(path, overwrite=False)
    check_file(tmp_path / "there.txt", overwrite=True)
    with pytest.raises(OutputError, match="no folder"):
        check_folder(tmp_path / "none")


def test_errors_name_the_file(tmp_path: Path) -> None:
    """Those of the system do; those with words of their own keep them."""
    full = pytest.raises(OutputError, match=r"a\.txt cannot be written: No space left")
    with full, translate_write_errors(Path("a.txt")):
        raise OSError(28, "No space left on device")
    with pytest.raises(SettingError, match="as it is"), translate_write_errors(Path("a.txt")):
        raise SettingError("as it is")
    ended = pytest.raises(OutputError, match="standard output went to has ended")
    with ended, translate_write_errors(Path("-")):
        raise BrokenPipeError
    sync(tmp_path)  # folders can be synchronised too


@pytest.mark.parametrize("name", ["a[1].mp4", "a" * 255, "pictures"])
def test_what_a_killed_process_left_is_found(name, tmp_path):
    """And neither what this one is writing, nor what only looks alike."""
    left = temporary_name(tmp_path / name)
    left.write_bytes(b"x")
    ours = begin_file(tmp_path / name)
    (tmp_path / ".a[1].mp4.part").touch()
    (tmp_path / ".a1.mp4.01234567.part").touch()
    (tmp_path / ".other.mp4.01234567.part").touch()
    assert abandoned(tmp_path / name) == [left]
    discard(ours)
    for part in tmp_path.glob(".*.part"):
        part.unlink()


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes are files on POSIX")
def test_pipes_are_not_replaced(make_clip, tmp_path):
    """By none of a job's files; and one that is called as what was left is does not stop it."""
    clip, pipe, out = (
        make_clip("few.mp4", width=64, height=48, frames=3),
        tmp_path / "p.mp4",
        "o.mp4",
    )
    os.mkfifo(pipe)
    like_a_left_one = temporary_name(tmp_path / out)
    os.mkfifo(like_a_left_one)
    for files in ({"output": pipe}, {"matte": pipe}, {"report": pipe}):
        given = {"output": tmp_path / out, **files}
        with pytest.raises(
            OutputError, match="is a pipe or a device, which a finished file cannot"
        ):
            convert(clip, **given, settings=EVERYTHING, overwrite=True)
    assert pipe.is_fifo()
    assert convert(clip, tmp_path / out, settings=EVERYTHING).frames == 3
    like_a_left_one.unlink()


def test_names_of_open_files_are_not_replaced(tmp_path, monkeypatch):
    """As /dev/stdout, where it leads to a file: not by whoever may."""
    devices, log = tmp_path / "dev", tmp_path / "log.txt"
    devices.mkdir()
    log.touch()
    (devices / "stdout").symlink_to(log)
    monkeypatch.setattr(atomic, "DEVICES", devices)
    with pytest.raises(OutputError, match="stdout is a pipe or a device"):
        atomic.store(devices / "stdout", b"{}")
    with pytest.raises(OutputError, match="stdout is a pipe or a device"):
        atomic.check_file(devices / "stdout", overwrite=True)
    assert [each.name for each in devices.iterdir()] == ["stdout"]
    write_report(str(devices / "stdout"), "{}", overwrite=False)
    assert (devices / "stdout").is_symlink()
    assert log.read_text() == "{}\n"


def test_a_job_tells_what_a_killed_one_left(make_clip, tmp_path):
    """It stays where it is, with a note of its name."""
    clip = make_clip("few.mp4", width=64, height=48, frames=3)
    left = temporary_name(tmp_path / "o.mp4")
    left.write_bytes(b"x")
    report = convert(clip, tmp_path / "o.mp4", settings=EVERYTHING)
    assert (
        f"{left} was left by a run that was killed; remove it, or let sinet-video tidy do so."
        in report.warnings
    )
    assert sorted(tmp_path.iterdir()) == [left, tmp_path / "o.mp4"]
    left.unlink()
    report = convert(clip, tmp_path / "o.mp4", settings=EVERYTHING, overwrite=True)
    assert not [said for said in report.warnings if "killed" in said]


@pytest.mark.parametrize("known", [True, False])
def test_macos_flushes_what_the_disk_itself_holds(tmp_path, monkeypatch, known):
    """Where the file system can; elsewhere as any other system does."""
    asked = []

    def ask(_: int, what: object) -> None:
        asked.append(what)
        if not known:
            raise OSError(45, "Operation not supported")

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(fcntl, "F_FULLFSYNC", "full", raising=False)
    monkeypatch.setattr(fcntl, "fcntl", ask)
    monkeypatch.setattr(os, "fsync", lambda _: asked.append("plain"))
    sync(tmp_path)
    assert asked == (["full"] if known else ["full", "plain"])


def test_a_folder_of_open_files_is_special(monkeypatch):
    """On Linux it is a link to /proc; on macOS it is a folder of its own, as is played here."""
    assert is_special(Path("/dev/fd/1"))
    monkeypatch.setattr(os.path, "realpath", str)
    monkeypatch.setattr(Path, "exists", lambda _: False)
    assert is_special(Path("/dev/fd/1"))
    assert not is_special(Path("/dev/shm/o.mp4"))


@pytest.mark.skipif(sys.platform == "win32", reason="nothing is held there")
@pytest.mark.parametrize("begin", [begin_file, begin_folder])
def test_what_is_begun_is_held_before_it_has_its_name(begin, tmp_path, monkeypatch):
    """Nobody who looks at any moment takes it for abandoned."""
    seen = []

    def holding(path: Path) -> int | None:
        seen.append(abandoned(tmp_path / "o"))
        return hold(path)

    monkeypatch.setattr(atomic, "hold", holding)
    part = begin(tmp_path / "o")
    assert seen == [[]]
    assert part.exists()
    assert not abandoned(tmp_path / "o")
    discard(part)
    assert not list(tmp_path.iterdir())
