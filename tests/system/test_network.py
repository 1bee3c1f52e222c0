"""No command calls home, or writes anywhere but to its output and to our own cache."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

import pytest
from made_people import write_people
from PIL import Image

COMMAND = Path(sys.executable).with_name("sinet-video")
ROOT = Path(__file__).parents[2]
CALLS = "socket,connect,bind,sendto,openat,open,creat,mkdir"
WRITES = re.compile(r"O_WRONLY|O_RDWR|O_CREAT")
IMPORTS = re.compile(r"^\s*(import onnxruntime|from onnxruntime)", re.MULTILINE)

COMMANDS = {
    "info": "info CLIP",
    "run": "run CLIP OUT/o.mp4",
    "alpha": "run CLIP OUT/o.webm --matte OUT/m.mkv --json OUT/o.json",
    "resume": "run CLIP OUT/frames --resume",
    "batch": "batch CLIP -o OUT/many",
    "live": "live CLIP OUT/l.mkv --length 0.5",
    "verify": "verify CLIP --against CLIP",
    "preview": "preview CLIP -o OUT/p.html",
    "export": "export OUT/o.onnx",
    "evaluate": "evaluate DATA --json OUT/scores.json",
    "train": "train LEARN -o OUT/weights --recipe LEARN/tiny.toml",
    "generate": "generate composites DATA ROOMS -o OUT/made --canvas 96x64 --count 2",
}


RECIPE = """
name = "tiny"
data.labelled = [{folder = "people", validation = 1, holdout = 1}]
stages = [{name = "one", steps = 1, batch = 2, shapes = [[32, 64]]}]
"""


@pytest.fixture
def traced(tmp_path) -> Callable[..., list[str]]:
    """Run a command in a home of its own; return the calls by which it connects or writes."""
    if (program := shutil.which("strace")) is None:
        pytest.skip("needs the program strace, which is not installed")
    home, out, temporary, log = (tmp_path / n for n in ("home", "out", "temporary", "log"))
    for folder in (home, out, temporary):
        folder.mkdir()
    own = {
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "PYTHONDONTWRITEBYTECODE": "1",
        "CXX": "none",
    }
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "ORT_", "SINET_"))}
    strace = [program, "-f", "--seccomp-bpf", "-qq", "-o", str(log), "-e", f"trace={CALLS}"]

    def run(
        *words: str, during: Callable[[subprocess.Popen[str]], None] | None = None
    ) -> list[str]:
        with subprocess.Popen(
            [*strace, COMMAND, *words], env=kept | own, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            if during is not None:
                during(process)
            _, said = process.communicate(timeout=300)
        if "ptrace" in said.lower():
            pytest.skip("strace may not trace here")
        assert process.returncode == 0 or during is not None, said
        lines = log.read_text(errors="replace").splitlines()
        return [line for line in lines if " = -1 " not in line]

    return run


def written_elsewhere(calls: list[str], folder: Path) -> list[str]:
    """Files and folders that were made neither in the output, nor in the cache or for a moment.

    Only names of our own are allowed among temporary ones: telemetry writes .ses there.
    """
    home = folder / "home"
    allowed = (
        str(folder / "out"), str(home / ".cache" / "sinet_video"), "/dev/", "/proc/",
        str(folder / "temporary" / "sinet"),
    )  # fmt: skip
    places = {_written(line) for line in calls} - {None, str(home / ".cache")}
    names = [place for place in places if not place.startswith(allowed)]
    passing = re.compile(
        rf"{re.escape(str(folder / 'temporary'))}/((tmp|pymp-)\w+(/.*)?|\w{{8}})|.*\.lock"
    )
    return [name for name in names if not passing.fullmatch(name)]


@pytest.mark.parametrize("name", COMMANDS)
def test_no_connection_and_no_file_elsewhere(name, make_clip, traced, tmp_path):
    """As the system itself sees it."""
    data = tmp_path / "folder"
    if "DATA" in COMMANDS[name] or "LEARN" in COMMANDS[name]:
        write_data(data)
    places = {
        "OUT": tmp_path / "out", "CLIP": make_clip("talk.mp4", audio=True),
        "DATA": data / "people", "ROOMS": data / "rooms", "LEARN": data,
    }  # fmt: skip
    line = COMMANDS[name]
    for word, place in places.items():
        line = line.replace(word, str(place))
    calls = traced(*line.split())
    assert not [call for call in calls if re.search(r"AF_INET|connect\(|sendto\(", call)]
    assert written_elsewhere(calls, tmp_path) == []


def write_data(folder: Path) -> None:
    """Write people with masks, rooms, and how to learn from them."""
    write_people(folder / "people", 4)
    (folder / "tiny.toml").write_text(RECIPE)
    (folder / "rooms").mkdir()
    for index in range(2):
        Image.new("RGB", (96, 64), (90, 60 * index, 30)).save(folder / "rooms" / f"{index}.png")


def test_the_server_listens_here_and_calls_nobody(traced, tmp_path):
    """At one address of this machine, from its start to its end."""
    answers = []

    def visit(process: subprocess.Popen[str]) -> None:
        url = process.stdout.readline().strip()
        with urlopen(url, timeout=60) as answer:
            answers.append(answer.status)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGINT)  # strace lets what it traces end by itself

    calls = traced("serve", during=visit)
    assert answers == [200]
    calling = [c for c in calls if re.search(r"connect\(.*AF_INET|sendto\(.*AF_INET", c)]
    assert calling == []
    bound = [call for call in calls if "bind(" in call and "AF_INET" in call]
    assert bound
    assert all("127.0.0.1" in call for call in bound)
    assert written_elsewhere(calls, tmp_path) == []


def _written(line: str) -> str | None:
    """The file or folder that a call makes or opens for writing."""
    found = re.search(r'(openat|open|creat|mkdir)\((?:AT_FDCWD, )?"([^"]*)"(.*)', line)
    if found is None or (found[1].startswith("open") and not WRITES.search(found[3])):
        return None
    path = Path(found[2])
    return str(path if path.is_absolute() else path.absolute())


def test_onnxruntime_is_imported_in_one_place():
    """Where it is told not to call home, before it is imported."""
    rooms = ("sinet_video", "cli", "tests", "benchmarks", "examples")
    files = [path for room in rooms for path in ROOT.glob(f"{room}/**/*.py")]
    importing = [path.name for path in files if IMPORTS.search(path.read_text(encoding="utf-8"))]
    assert importing == ["quiet_onnxruntime.py"]
