"""What Windows does otherwise, as far as it can be played here: nothing has been run there."""

from __future__ import annotations

import ast
import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from fractions import Fraction
from itertools import product
from pathlib import Path, PureWindowsPath

import filelock  # noqa: F401  which asks on import which system this is
import numpy as np
import pytest
from lossless import write_lossless
from pretended import half_done, tidying
from sinet_video.cli import main

from sinet_video import OutputError, Resume, Settings, atomic, convert
from sinet_video.atomic import begin_file, begin_folder, discard, whole_file
from sinet_video.batches.processes import Running, end_all
from sinet_video.cache import claimed
from sinet_video.hold import QUIET
from sinet_video.pipeline.destinations import DESTINATIONS
from sinet_video.pipeline.resuming.job_folder import JobFolder
from sinet_video.pipeline.resuming.leftovers import leftovers
from sinet_video.serve import processes
from sinet_video.serve.commands import own_names, shown_command
from sinet_video.serve.job import Job
from sinet_video.serve.results import remove
from sinet_video.serve.workplace import StoredClip


def is_open(path: Path) -> bool:
    """Whether this process has a file, or one in a folder, open."""
    place, held = os.path.realpath(path), Path("/proc/self/fd")
    targets = [os.path.realpath(each) for each in held.iterdir() if each.exists()]
    return any(each == place or each.startswith(f"{place}/") for each in targets)


@pytest.fixture
def windows(monkeypatch, tmp_path) -> None:
    """A system that neither removes nor renames what is open, and replaces nothing by a rename."""
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("it cannot be seen here which files are open")

    def refusing(name: str, *places: int) -> None:
        call = getattr(os, name)

        def refuse(*paths: Path, **more: object) -> object:
            for each in (paths[place] for place in places):
                if os.path.lexists(each) and is_open(each):
                    raise PermissionError(13, "it is used by another process", str(each))
            if name == "rename" and os.path.lexists(paths[1]):
                raise FileExistsError(17, "it is there already", str(paths[1]))
            return call(*paths, **more)

        monkeypatch.setattr(os, name, refuse)

    refusing("unlink", 0)
    refusing("rename", 0)
    refusing("replace", 0, 1)
    monkeypatch.setattr(atomic, "PAUSES", (0.01, 0.01))
    monkeypatch.setattr(shutil, "_use_fd_functions", False)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("SINET_VIDEO_CACHE", str(tmp_path / "cache"))


def bright(image):
    """Alpha that follows the frame, on a coarse grid."""
    return (image[::8, ::8].mean(2) / 255).astype("float32")


SETTINGS = Settings(segmenter=bright)


def test_a_name_that_is_held_is_let_go(windows, tmp_path):
    """What holds it is open, and so cannot be removed by us."""
    with claimed([tmp_path / "o.mp4"]):
        pass
    with claimed([tmp_path / "o.mp4"]):
        pass


@pytest.mark.parametrize(
    ("name", "resume"),
    [
        *product(("o.mp4", "o.mov", "o"), (None, Resume(Fraction(1, 2)))),
        ("o.webp", None),  # which is only written as a whole
    ],
)
def test_a_conversion_leaves_its_files_closed(windows, tmp_path, name, resume):
    """Before they are renamed or removed: outputs, those that they replace, and parts of a job."""
    images = [np.full((48, 64, 3), 9 * index, np.uint8) for index in range(24)]
    source = write_lossless(tmp_path / "clip.mkv", images, "yuv444p")
    for overwrite in (False, True):
        convert(
            source,
            tmp_path / name,
            settings=SETTINGS,
            resume=resume,
            overwrite=overwrite and name != "o",
            matte=tmp_path / f"matte-{overwrite}.mkv",
        )
        if name == "o":
            break
    assert (tmp_path / name).exists()
    assert not [each for each in tmp_path.iterdir() if each.name.startswith(".")]


def test_a_file_on_another_drive_can_be_gone_on_with(tmp_path, monkeypatch):
    """To which no path leads from the output's folder."""

    def other_drive(path: object, start: object) -> str:
        raise ValueError("path is on mount 'D:', start on mount 'C:'")

    monkeypatch.setattr(os.path, "relpath", other_drive)
    place = tmp_path / "other" / "matte.mkv"
    with JobFolder(tmp_path / "o.mp4", {"job": "a"}, overwrite=False) as kept:
        (kept.folder / "matte.mkv").write_bytes(b"matte")
        kept.note_made(None, {"matte.mkv": place})
        assert kept.finished.places == {"matte.mkv": str(place)}
        assert kept._on_its_way("matte.mkv", Path(kept.finished.places["matte.mkv"])) == place


def test_what_cannot_be_replaced_stays_and_nothing_else(windows, tmp_path):
    """As a file that a player has open; what was written goes."""
    target = tmp_path / "o.txt"
    target.write_text("before")
    with target.open(), pytest.raises(PermissionError), whole_file(target) as part:
        part.write_text("after")
    assert [each.name for each in tmp_path.iterdir()] == ["o.txt"]
    assert target.read_text() == "before"


def test_a_result_that_a_player_has_open_is_not_replaced(windows, tmp_path):
    """It stays as it is, and what was written of the new one goes."""
    images = [np.full((48, 64, 3), 9, np.uint8)] * 2
    source = write_lossless(tmp_path / "clip.mkv", images, "yuv444p")
    target = tmp_path / "o.mp4"
    target.write_bytes(b"before")
    with target.open("rb"), pytest.raises(OutputError, match="cannot be written"):
        convert(source, target, settings=SETTINGS, overwrite=True)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["cache", "clip.mkv", "o.mp4"]
    assert target.read_bytes() == b"before"


def test_a_file_that_a_scanner_looks_at_is_waited_for(windows, tmp_path, monkeypatch):
    """For a moment; it is renamed then."""
    opened = []

    def pause(seconds: float) -> None:
        opened.pop().close()

    monkeypatch.setattr(time, "sleep", pause)
    with whole_file(tmp_path / "o.txt") as part:
        part.write_text("new")
        opened.append(part.open())
    assert (tmp_path / "o.txt").read_text() == "new"
    assert not opened


def test_a_process_is_asked_to_end(tmp_path, monkeypatch):
    """To terminate it would end it at once there, and leave what it had begun."""
    running = Running(half_done, tmp_path / "o.mp4", 30, patient=False)
    monkeypatch.setattr(running._process, "terminate", running._process.kill)
    assert running.hear() == ("news", "begun")
    assert len(list(tmp_path.iterdir())) == 1
    monkeypatch.setattr(sys, "platform", "win32")
    end_all([running])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("system", ["linux", "win32"])
def test_a_process_is_asked_to_end_once(tmp_path, monkeypatch, system):
    """What it does to tidy up is not interrupted."""
    running = Running(tidying, tmp_path / "said", 30, patient=True)
    assert running.hear() == ("news", "begun")
    monkeypatch.setattr(sys, "platform", system)
    running.ask_to_end()
    time.sleep(0.3)
    running.end(time.monotonic() + 20)
    assert (tmp_path / "said").read_text() == "tidied up"


class Started:
    """A program that was started; without a console it cannot be asked to end."""

    def __init__(self, *, console: bool) -> None:
        self.pid, self.returncode = 1, None
        self.console, self.heard = console, []

    def send_signal(self, number: int) -> None:
        if not self.console:
            raise OSError(6, "The handle is invalid")
        self.heard.append(number)

    def kill(self) -> None:
        self.heard.append("killed")

    async def wait(self) -> int:
        return 1


@pytest.mark.parametrize(("console", "heard"), [(True, [21]), (False, ["killed"])])
def test_a_job_of_the_server_is_asked_to_end(monkeypatch, console, heard):
    """By Ctrl-Break, which its group alone gets; without a console it is ended at once."""
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(signal, "CTRL_BREAK_EVENT", 21, raising=False)
    process = Started(console=console)
    asyncio.run(processes.end(process))
    assert process.heard == heard


def test_a_job_of_the_server_gives_way_in_a_group_of_its_own(monkeypatch):
    """As flags, as there are neither sessions nor nice values."""
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0x200, raising=False)
    monkeypatch.setattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0x4000, raising=False)
    assert processes._apart(10) == {"creationflags": 0x4200}
    assert processes._apart(0) == {"creationflags": 0x200}


def test_clients_are_not_told_where_files_are():
    """By whatever separator."""
    folder = PureWindowsPath(r"C:\Temp\serve-1\abc")
    clip = StoredClip("abc", "talk.mp4", folder, folder / "clip.mp4")
    said = rf"sinet-video: {folder}\clip.mp4 is damaged."
    assert own_names(clip, said) == "talk.mp4 is damaged."


def test_commands_are_quoted_for_its_shells(monkeypatch):
    """Of which none but PowerShell knows single quotes."""
    clip = StoredClip("abc", "my talk.mp4", Path("abc"), Path("abc/clip.mp4"))
    monkeypatch.setattr(sys, "platform", "win32")
    command = shown_command(clip, DESTINATIONS["web"])
    assert command.startswith('sinet-video run "my talk.mp4" "my talk-matte')
    assert "'" not in command


def test_ctrl_break_is_heard():
    """As a window that is closed is; here, another signal stands for it."""
    script = (
        "import signal; signal.SIGBREAK = signal.SIGTTIN\n"
        "from sinet_video.cli.terminal import signals\n"
        "assert signal.SIGTTIN in signals.SIGNALS"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize("begin", [begin_file, begin_folder])
def test_what_is_at_work_is_not_left_behind(windows, tmp_path, begin):
    """Nothing holds it there: when it was written to last has to tell."""
    part = begin(tmp_path / "o")
    assert list(leftovers([tmp_path])) == []
    os.utime(part, (time.time() - 2 * QUIET,) * 2)
    assert [each.path for each in leftovers([tmp_path])] == [part]
    discard(part)


def test_what_a_job_reads_can_be_replaced_meanwhile(windows, tmp_path):
    """It has a copy, as a file that is open cannot be replaced by any of its names."""
    clip = StoredClip("abc", "talk.mp4", tmp_path, tmp_path / "clip.mp4")
    (tmp_path / "core.mkv").write_text("before")
    kept = tmp_path / Job("1", clip, "web").keep("core.mkv", "")
    (tmp_path / "core.mkv").write_text("after")
    assert kept.read_text() == "before"


def test_a_result_that_is_being_sent_stays_for_now(windows, tmp_path):
    """The job is forgotten all the same."""
    clip = StoredClip("abc", "talk.mp4", tmp_path, tmp_path / "clip.mp4")
    for name in ("1.mp4", "1.mp4.verify.json"):
        (tmp_path / name).write_text("result")
    with (tmp_path / "1.mp4").open("rb"):
        remove(Job("1", clip, "web"))
    assert [each.name for each in tmp_path.iterdir()] == ["1.mp4"]


def test_brackets_in_a_name_are_no_pattern(monkeypatch):
    """`talk [1].mp4` is not `talk 1.mp4`; `batch`, which has patterns, looks for the file first."""
    given = {}
    monkeypatch.setattr(main, "install_handlers", lambda: None)
    monkeypatch.setattr(main, "cli", lambda **options: given.update(options))
    main._listen_and_run()
    assert given["windows_expand_args"] is False


def unsaid(node: ast.AST) -> bool:
    """Whether a call reads or writes text in whatever encoding the system has."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    name, given = node.func.attr, len(node.args)
    if any(each.arg == "encoding" for each in node.keywords):
        return False
    if name == "open":
        mode = node.args[0] if node.args else None
        return isinstance(mode, ast.Constant) and mode.value in ("r", "w", "a", "x", "r+", "w+")
    is_help = ast.unparse(node.func.value) == "formatter"  # click's, which writes to the terminal
    return (name == "read_text" and given < 1) or (
        name == "write_text" and given < 2 and not is_help
    )


@pytest.mark.parametrize("folder", ["sinet_video", "cli", "examples", "docs"])
def test_text_files_have_an_encoding_of_their_own(folder):
    """Not the system's, which on Windows is another in each country."""
    found = [
        f"{path}:{node.lineno}"
        for path in Path(folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if unsaid(node)
    ]
    assert found == []


def test_times_have_the_same_line_ends_everywhere(tmp_path, monkeypatch):
    """As bytes: the same job gives the same files."""
    write_text = Path.write_text

    def translated(path: Path, text: str, *more: object, **named: object) -> int:
        return write_text(path, text.replace("\n", "\r\n"), *more, **named)

    monkeypatch.setattr(Path, "write_text", translated)
    images = [np.full((48, 64, 3), 9, np.uint8)] * 4
    source = write_lossless(tmp_path / "clip.mkv", images, "yuv444p")
    for name, resume in (("one", None), ("two", Resume(Fraction(1, 25)))):
        convert(source, tmp_path / name, settings=SETTINGS, resume=resume)
        assert b"\r" not in (tmp_path / name / "timestamps.txt").read_bytes()
