"""What killed jobs left is found and removed, and nothing else is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from sinet_video.cli.main import cli

from sinet_video import InputError
from sinet_video.atomic import begin_file, begin_folder, discard, temporary_name
from sinet_video.hold import hold, is_held, let_go
from sinet_video.pipeline.resuming.leftovers import leftovers

COMMAND = Path(sys.executable).with_name("sinet-video")


@pytest.fixture(scope="module")
def long_clip(make_clip) -> Path:
    """Many frames, soon made."""
    return make_clip("long.mp4", width=64, height=48, frames=6000)


def begun(folder: Path, *words: object, env: dict[str, str] | None = None) -> subprocess.Popen:
    """Start a job; return when there is something in a folder."""
    said = {**os.environ, **(env or {})}
    process = subprocess.Popen([COMMAND, *map(str, words), "--quiet"], env=said)
    deadline = time.monotonic() + 60
    while not (folder.is_dir() and any(folder.iterdir())):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return process


def finished_some(folder: Path) -> bool:
    """Whether a job has a segment."""
    return any("segments" in each.read_text() for each in folder.glob(".*/manifest.json"))


KINDS = {"a file": "o.mp4", "images": "images", "images where a folder is": "there"}


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_killed_job_left_goes(kind, long_clip, tmp_path):
    """Not while it runs; then it is listed, and what is somebody else's stays."""
    there, output = tmp_path / "there", tmp_path / KINDS[kind]
    looked_in = tmp_path
    if output == there:
        there.mkdir()
        looked_in = there
    process = begun(looked_in, "run", long_clip, output)
    try:
        assert list(leftovers([tmp_path], recursive=True)) == []
    finally:
        process.kill()
        process.wait()
    (tmp_path / ".mine.part").touch()
    (tmp_path / ".link.01234567.part").symlink_to(long_clip)
    (found,) = leftovers([tmp_path], recursive=True)
    assert found.kind == "draft"
    assert 0 <= found.age < 60
    assert found.remove()
    assert not found.path.exists()
    assert list(leftovers([tmp_path], recursive=True)) == []
    for name in (".mine.part", ".link.01234567.part"):
        (tmp_path / name).unlink()
    assert {path.name for path in tmp_path.iterdir()} <= {"there"}


def test_a_killed_job_that_can_go_on_is_only_removed_if_asked_for(long_clip, tmp_path):
    """The frames of it that are finished are told; while it runs it is not listed."""
    words = ("run", long_clip, tmp_path / "o.mp4", "--resume", "--checkpoint-every", "0.4")
    process = begun(tmp_path, *words)
    while not finished_some(tmp_path):
        assert process.poll() is None
        time.sleep(0.1)
    assert list(leftovers([tmp_path])) == []
    process.kill()
    process.wait()
    run = CliRunner().invoke
    listed = run(cli, ["tidy", str(tmp_path)])
    assert "frames are finished" in listed.stdout
    assert "goes on where it stopped" in listed.stdout
    run(cli, ["tidy", str(tmp_path), "--remove"])
    (found,) = leftovers([tmp_path])
    assert found.kind == "job"
    assert found.frames > 0
    done = run(cli, ["tidy", str(tmp_path), "--remove", "--unfinished", "--json"])
    assert [each["removed"] for each in json.loads(done.stdout)] == [True]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_only_looks_like_a_job_s_stays(tmp_path):
    """As it has not the mark; one with something else in it loses ours only."""
    (tmp_path / ".a.mp4.parts").mkdir()
    (tmp_path / ".a.mp4.parts" / "output-000000.packets").touch()
    assert list(leftovers([tmp_path])) == []
    marked = tmp_path / ".b.mp4.parts"
    marked.mkdir()
    for name in ("made-by-sinet-video", "output-000000.packets", "mine.txt"):
        (marked / name).touch()
    (found,) = leftovers([tmp_path])
    assert not found.remove()
    assert [each.name for each in marked.iterdir()] == ["mine.txt"]


def test_what_was_about_to_be_replaced_stays_until_something_took_its_place(tmp_path):
    """It may be all that there is of it."""
    old = temporary_name(tmp_path / "o.mp4", "old")
    old.touch()
    assert list(leftovers([tmp_path])) == []
    (tmp_path / "o.mp4").touch()
    (found,) = leftovers([tmp_path])
    assert (found.path, found.kind) == (old, "replaced")


def test_copies_of_remote_files_are_found_in_the_temporary_folder(tmp_path, monkeypatch):
    """Where the command looks without being told."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path.parent)
    staged = temporary_name(tmp_path / "sinet-video")
    (staged / "copy").mkdir(parents=True)
    (staged / "copy" / "talk.mp4").write_bytes(b"x" * 1000)
    listed = CliRunner().invoke(cli, ["tidy"])
    assert f"{staged}  never finished" in listed.stdout
    assert "1 kB" in listed.stdout
    removed = CliRunner().invoke(cli, ["tidy", "--remove"])
    assert "Removed 1 of 1, 1 kB." in removed.stdout
    assert not staged.exists()


def test_what_the_command_refuses(tmp_path):
    """Folders that are not there, and one option alone."""
    assert list(leftovers([tmp_path])) == []
    with pytest.raises(InputError, match="There is no folder"):
        list(leftovers([tmp_path / "none"]))
    alone = CliRunner().invoke(cli, ["tidy", "--unfinished"])
    assert alone.exit_code == 2
    assert "--unfinished is for --remove" in alone.stderr
    nothing = CliRunner().invoke(cli, ["tidy", str(tmp_path)])
    assert nothing.stdout == "Nothing was left by runs that were killed.\n"


def test_a_draft_is_held_from_its_beginning_to_its_end(tmp_path):
    """Files and folders; by a process that is killed no more."""
    for part in (begin_file(tmp_path / "a"), begin_folder(tmp_path / "b")):
        assert is_held(part)
        discard(part)
        part.touch()
        assert not is_held(part)
        part.unlink()
    assert is_held(tmp_path / "none")


@pytest.fixture
def holder(tmp_path) -> Iterator[subprocess.Popen]:
    """A process that holds a file."""
    code = (
        "import sys; from pathlib import Path; from sinet_video.hold import hold;"
        "print(hold(Path(sys.argv[1])), flush=True); sys.stdin.read()"
    )
    (tmp_path / "held").touch()
    words = [sys.executable, "-c", code, tmp_path / "held"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield process
        process.kill()


def test_whoever_is_killed_lets_go(holder, tmp_path):
    """And until then nobody else holds it."""
    assert holder.stdout.readline().strip().isdigit()
    assert is_held(tmp_path / "held")
    assert hold(tmp_path / "held") is None
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    let_go(hold(tmp_path / "held"))
    assert not is_held(tmp_path / "held")
