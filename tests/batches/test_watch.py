"""A batch that watches its folders."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from pretended import ending, pretended

from sinet_video import InputError, Manifest, Naming, Outcome, Rules, SettingError
from sinet_video.batches.inputs import Found
from sinet_video.batches.watch import Watched, watch_batch

COMMAND = Path(sys.executable).with_name("sinet-video")


class Clock:
    """A time that passes when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def watched(folder: Path, settle: float) -> tuple[Watched, Clock]:
    clock = Clock()
    found = lambda: [Found(path) for path in sorted(folder.iterdir())]  # noqa: E731
    return Watched(found, settle, clock), clock


def test_a_file_is_taken_when_it_has_stopped_growing(tmp_path: Path) -> None:
    """Not while it grows, nor right after; then once."""
    files, clock = watched(tmp_path, 5.0)
    clip = tmp_path / "a.mp4"
    for clock.now in range(0, 40, 4):
        with clip.open("ab") as file:
            file.write(b"x")
        assert files.settled() == []
    clock.now = 40.0
    assert files.settled() == []
    clock.now = 42.0
    assert files.settled() == [Found(clip)]
    clock.now = 60.0
    assert files.settled() == []


def test_a_file_of_its_final_size_that_is_still_written(tmp_path: Path) -> None:
    """Some programs take all the room first: its time tells."""
    files, clock = watched(tmp_path, 5.0)
    clip = tmp_path / "a.mp4"
    clip.write_bytes(bytes(100))
    for clock.now in range(0, 20, 4):
        os.utime(clip, (1000, 1000 + clock.now))
        assert files.settled() == []
    clock.now += 5
    assert files.settled() == [Found(clip)]


def test_a_file_that_changes_or_comes_again_is_taken_again(tmp_path: Path) -> None:
    """And one that goes away meanwhile is not."""
    files, clock = watched(tmp_path, 5.0)
    clip = tmp_path / "a.mp4"
    clip.write_text("1")
    for change in ("22", None, "333"):
        files.settled()
        clock.now += 5
        assert files.settled() == ([Found(clip)] if clip.exists() else [])
        if change is None:
            clip.unlink()
        else:
            clip.write_text(change)
        clock.now += 5
        assert files.settled() == []
    clock.now += 5
    assert files.settled() == [Found(clip)]


def watch(inputs: list[object], out: Path, until: int, **more) -> list[Outcome]:
    """What becomes of the first few clips."""
    outcomes: list[Outcome] = []
    deadline = time.monotonic() + 60
    convert = more.pop("convert", pretended)
    stop = lambda: len(outcomes) >= until or time.monotonic() > deadline  # noqa: E731
    for outcome in watch_batch(inputs, out, convert, settle=0.3, stop=stop, **more):
        outcomes.append(outcome)
    return outcomes


def test_what_comes_is_converted_when_it_is_whole(folder, tmp_path) -> None:
    """A file that is copied slowly is read when all of it is there; the manifest has it."""
    made, out = folder("in", "a.mp4"), tmp_path / "out"

    def copy() -> None:
        for part in range(8):
            with (made / "slowly.mp4").open("ab") as file:
                file.write(bytes([part]) * 100)
            time.sleep(0.2)

    copying = threading.Thread(target=copy)
    copying.start()
    outcomes = watch([made], out, 2)
    copying.join()
    assert [(o.source.name, o.status) for o in outcomes] == [
        ("a.mp4", "done"), ("slowly.mp4", "done"),
    ]  # fmt: skip
    entries = Manifest(out).entries()
    assert entries["slowly.mp4"].identity.startswith("800 ")


def test_what_is_done_is_skipped_the_next_time(folder, tmp_path) -> None:
    """By the manifest, as in any batch."""
    made, out = folder("in", "a.mp4"), tmp_path / "out"
    watch([made], out, 1)
    (outcome,) = watch([made], out, 1)
    assert (outcome.status, outcome.why) == ("skipped", "done before")


def test_two_that_would_become_one(folder, tmp_path) -> None:
    """The second fails; nothing ends."""
    made, out = folder("in", "a.mov", "a.mp4", "b.mp4"), tmp_path / "out"
    outcomes = {o.source.name: o for o in watch([made], out, 3)}
    assert {name: o.status for name, o in outcomes.items()} == {
        "a.mov": "done", "a.mp4": "failed", "b.mp4": "done",
    }  # fmt: skip
    assert "would both become" in str(outcomes["a.mp4"].error)


def test_an_empty_folder_and_a_pattern_are_waited_on(tmp_path) -> None:
    """A folder that is not there is an error."""
    made, out = tmp_path / "in", tmp_path / "out"
    made.mkdir()
    threading.Timer(1.0, (made / "late.mp4").touch).start()
    (outcome,) = watch([str(made / "*.mp4"), made], out, 1)
    assert outcome.source == made / "late.mp4"
    with pytest.raises(InputError, match=r"There is no .*nowhere to watch"):
        watch([tmp_path / "nowhere"], out, 1)
    with pytest.raises(SettingError, match="Settle is -1"):
        list(watch_batch([made], out, pretended, settle=-1.0))


def test_results_in_the_watched_folder_are_not_taken(folder, tmp_path) -> None:
    """Or it would never end."""
    made = folder("in", "a.mp4")
    outcomes = watch([made], made / "out", 1, recursive=True, naming=Naming(), rules=Rules())
    assert [o.source.name for o in outcomes] == ["a.mp4"]


def test_stopping_ends_what_is_at_work(folder, tmp_path) -> None:
    """At once, and it is new the next time."""
    made, out = folder("in", "slow.mp4"), tmp_path / "out"
    start = time.monotonic()
    stop = lambda: (out / "pid").exists() or time.monotonic() - start > 50  # noqa: E731
    assert list(watch_batch([made], out, ending, settle=0.1, stop=stop)) == []
    assert time.monotonic() - start < 45
    number = int((out / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)
    assert not Manifest(out).entries()


def test_ctrl_c_ends_the_command_cleanly(make_clip, tmp_path) -> None:
    """With a closing table, and exit status 0: that is how it ends."""
    made, out = tmp_path / "in", tmp_path / "out"
    made.mkdir()
    clip = make_clip("a.mp4", frames=3)
    words = [COMMAND, "batch", made, "-o", out, "--watch", "--settle", "0.3", "--log-json"]
    with subprocess.Popen(
        [*map(str, words), "--json", "-"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        for line in process.stderr:
            told = json.loads(line)
            if "Watching" in told.get("message", ""):
                (made / "a.mp4").write_bytes(clip.read_bytes())
            if told["event"] in ("done", "failed"):
                break
        process.send_signal(signal.SIGINT)
        report, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert "1 done, 0 failed, 0 skipped; 3 frames." in said
    assert [each["status"] for each in json.loads(report)] == ["done"]
    assert (out / "a.mp4").stat().st_size
    assert Manifest(out).entries()["a.mp4"].outcome == "done"


def test_a_dry_run_does_not_wait(tmp_path) -> None:
    """Both together are refused."""
    words = [COMMAND, "batch", str(tmp_path), "-o", str(tmp_path / "out"), "--watch", "--dry-run"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--dry-run" in done.stderr
