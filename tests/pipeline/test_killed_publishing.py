"""A job of three files that is killed while it gives them their names, and what comes after."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

NAMES = ("o.mp4", "m.mkv", "o.json")

KILLED = """
import os, signal, sys
from sinet_video import publish

given, moment = 0, float(sys.argv.pop(1))
place, link = publish.place, os.link

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def placed(part, target):
    global given
    if given == int(moment) and moment % 1:
        os.unlink = die  # a name is given and the other not yet taken away
    place(part, target)
    given += 1
    if given == moment:
        die()

publish.place = placed
if moment == 0:
    publish.place = die
Path = type(publish.Path())
unlink = Path.unlink
Path.unlink = lambda path, **options: (
    die() if os.unlink is die and path.suffix == ".part" else unlink(path, **options)
)
from sinet_video.cli.main import main
main()
"""
"""The command, which dies after so many names; with a half, between the two steps of the next."""


def words(clip: Path, folder: Path, *more: str) -> list[str]:
    """The same job for all."""
    output, matte, report = (str(folder / name) for name in NAMES)
    options = ("--preset", "ultrafast", "--network-size", "1024", *more)
    return ["run", str(clip), output, "--matte", matte, "--json", report, *options]


def run(clip: Path, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """The job, left alone."""
    command = [sys.executable, "-m", "sinet_video", *words(clip, folder, *more)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def killed(moment: float, clip: Path, folder: Path, *more: str) -> None:
    """The job, killed at a moment."""
    command = [sys.executable, "-c", KILLED, str(moment), *words(clip, folder, *more)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.fixture(scope="module")
def clip(make_clip) -> Path:
    """A second with audio."""
    return make_clip("clip.mp4", width=64, height=48, frames=10, audio=True)


@pytest.fixture(scope="module")
def whole(clip, tmp_path_factory) -> dict[bool, dict[str, bytes]]:
    """What the job gives when nothing happens to it: with --resume, and without."""
    found = {}
    for resume in (False, True):
        folder = tmp_path_factory.mktemp("whole")
        assert run(clip, folder, *["--resume"] * resume).returncode == 0
        found[resume] = contents(folder)
    return found


def contents(folder: Path) -> dict[str, bytes]:
    """The bytes of the videos, and what of the report is no time."""
    found = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    if "o.json" in found:
        told = json.loads(found["o.json"])
        found["o.json"] = str((told["frames"], told["audio"], told["encoder"])).encode()
    return found


def there(folder: Path) -> list[str]:
    """Which files have their names."""
    return [name for name in NAMES if (folder / name).exists()]


def is_free_of_halves(folder: Path, expected: dict[str, bytes]) -> bool:
    """Whether what has its name is whole."""
    found = contents(folder)
    return all(found[name] == expected[name] for name in there(folder))


@pytest.mark.parametrize("moment", [0, 0.5, 1, 2, 3])
def test_the_same_command_finishes_it_with_resume(moment, clip, whole, tmp_path):
    """To the bytes of a run that was not killed, and nothing else is left."""
    killed(moment, clip, tmp_path, "--resume")
    assert is_free_of_halves(tmp_path, whole[True])
    done = run(clip, tmp_path, "--resume")
    assert done.returncode == 0, done.stderr
    for part in tmp_path.glob(".o.json.*.part"):  # the report's, which has no place in a job folder
        assert str(part) in done.stderr
        part.unlink()
    assert contents(tmp_path) == whole[True]
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted(NAMES)


@pytest.mark.parametrize("moment", [0, 1, 1.5, 2.5, 3])
def test_without_resume_the_same_command_says_what_to_do(moment, clip, whole, tmp_path):
    """What has its name is whole; what is missing is told, and --overwrite makes all of it."""
    killed(moment, clip, tmp_path)
    assert is_free_of_halves(tmp_path, whole[False])
    left = sorted(tmp_path.glob(".*.part"))
    done = run(clip, tmp_path)
    if moment == 0:
        assert done.returncode == 0
    else:
        assert done.returncode == 1
        (said,) = done.stderr.splitlines()
        assert said.startswith(f"sinet-video: {tmp_path / 'o.mp4'} is there already.")
        assert "Use --overwrite" in said
        assert all(str(each) in said for each in left)
        assert ("A run that was killed left" in said) == bool(left)
        done = run(clip, tmp_path, "--overwrite")
        assert done.returncode == 0, done.stderr
    assert contents(tmp_path).items() >= whole[False].items()
    assert all(f"{each} was left by a run that was killed" in done.stderr for each in left)
    tidy = [sys.executable, "-m", "sinet_video", "tidy", str(tmp_path), "--remove"]
    subprocess.run(tidy, check=True, capture_output=True)
    assert contents(tmp_path) == whole[False]
    assert os.name == "posix"


def test_a_report_of_another_job_is_not_replaced_by_one_that_goes_on(clip, tmp_path):
    """Only the job's own is."""
    killed(2, clip, tmp_path, "--resume")
    (tmp_path / "o.json").write_text(json.dumps({"output": "another.mp4"}))
    done = run(clip, tmp_path, "--resume")
    assert done.returncode == 1
    assert f"{tmp_path / 'o.json'} is there already." in done.stderr
    assert json.loads((tmp_path / "o.json").read_text()) == {"output": "another.mp4"}
    (tmp_path / "o.json").unlink()
    assert run(clip, tmp_path, "--resume").returncode == 0
