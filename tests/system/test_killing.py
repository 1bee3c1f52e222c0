"""The command, killed and stopped in the middle: the same command goes on."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

import killing
import pytest

from sinet_video.pipeline.resuming.job_folder import folder_of
from sinet_video.pipeline.resuming.locked_folder import LOCK, MARK, empty_folder


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory, ffmpeg) -> Path:
    """The program's clip."""
    path = tmp_path_factory.mktemp("killing") / "source.mp4"
    ffmpeg("ffmpeg", *killing.SOURCE, path)
    return path


@pytest.mark.parametrize("kind", ["o.mp4", "o.mkv", "images"])
def test_killed_at_a_random_moment(kind, source, tmp_path):
    """The result has the bytes of an uninterrupted run, and nothing else is left."""
    expected, seconds = killing.whole(source, tmp_path / "whole", kind)
    chance = random.Random(kind)
    outcome = killing.in_time(source, tmp_path / "trial", kind, expected, seconds, chance)
    assert outcome.problem is None


def test_a_difference_would_be_noticed(source, tmp_path):
    """The failing twin: one byte, and a file too many."""
    expected, _ = killing.whole(source, tmp_path / "whole", "o.mkv")
    (tmp_path / "whole" / ".left.part").touch()
    refused = killing.resumed(source, tmp_path / "whole", "o.mkv", expected)
    assert refused is not None
    assert "there already" in refused
    (tmp_path / "whole" / ".left.part").unlink()
    assert killing.resumed(source, tmp_path / "whole", "o.mkv", expected) is None


@pytest.mark.parametrize("removed", [1, 2, 3])
def test_killed_while_its_folder_goes(removed, source, tmp_path, monkeypatch):
    """After each file of it: the output is whole, and the same command removes the rest."""
    folder = tmp_path / "whole"
    expected, _ = killing.whole(source, folder, "o.mkv")
    left = folder_of(folder / "o.mkv")
    left.mkdir()
    for name in (LOCK, MARK):
        (left / name).touch()
    unlink, gone = Path.unlink, []

    def unlink_or_die(path: Path, *, missing_ok: bool = False) -> None:
        if len(gone) == removed:
            raise KeyboardInterrupt
        gone.append(path)
        unlink(path, missing_ok=missing_ok)

    def die(path: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", unlink_or_die)
        patched.setattr(Path, "rmdir", die)
        with pytest.raises(KeyboardInterrupt):
            empty_folder(left, ExitStack())
    command = killing.command(source, folder, "o.mkv")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "o.mkv is there already" in done.stderr
    assert not left.exists()
    assert killing.contents(folder) == expected


@pytest.mark.parametrize(
    ("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 128 + signal.SIGTERM)]
)
def test_being_stopped_says_that_the_same_command_goes_on(sent, status, source, tmp_path):
    """With how much is finished and where it is; and it does."""
    command = killing.command(source, tmp_path, "o.mkv")
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while killing.kept(tmp_path, "o.mkv") == 0 and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(sent)
    said = process.communicate()[1]
    frames = killing.kept(tmp_path, "o.mkv")
    assert process.returncode == status
    assert f"Note: {frames} frames are finished and kept in {tmp_path / '.o.mkv.parts'}" in said
    assert "Traceback" not in said
    assert [path.name for path in tmp_path.iterdir()] == [".o.mkv.parts"]
    command.remove("--quiet")
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f"{frames} frames had been finished before" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["o.mkv"]


def test_a_length_without_resuming_is_refused(source, tmp_path):
    """It would have no meaning."""
    command = [word for word in killing.command(source, tmp_path, "o.mkv") if word != "--resume"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, list(tmp_path.iterdir())) == (2, [])
    assert "--resume" in done.stderr


def test_a_batch_goes_on(source, tmp_path):
    """With the file that was at work; what is done is skipped."""
    names = [str(killing.COMMAND), "batch", str(source), "-o", str(tmp_path), "--resume"]
    command = [*names, *killing.QUICK, "--to", "mkv", "--codec", "ffv1"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while killing.kept(tmp_path, "source.mkv") == 0 and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    process.wait()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "frames had been finished before" in done.stderr
    left = [path.name for path in tmp_path.iterdir() if "manifest" not in path.name]
    assert left == ["source.mkv"]
    again = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Skipped" in again.stderr
