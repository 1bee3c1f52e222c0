"""No command calls home, or writes anywhere but to its output and to our own cache."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).with_name("sinet-video")
ROOT = Path(__file__).parents[2]
WRITES = re.compile(r"O_WRONLY|O_RDWR|O_CREAT")
IMPORTS = re.compile(r"^\s*(import onnxruntime|from onnxruntime)", re.MULTILINE)

COMMANDS = {
    "info": "info CLIP",
    "run": "run CLIP OUT/o.mp4",
    "alpha": "run CLIP OUT/o.webm --matte OUT/m.mkv --json OUT/o.json",
    "resume": "run CLIP OUT/frames --resume",
    "batch": "batch CLIP -o OUT/many",
    "verify": "verify CLIP --against CLIP",
    "preview": "preview CLIP -o OUT/p.html",
    "export": "export OUT/o.onnx",
}


@pytest.mark.parametrize("name", COMMANDS)
def test_no_connection_and_no_file_elsewhere(name, make_clip, tmp_path):
    """As the system itself sees it, in a home of its own."""
    if shutil.which("strace") is None:
        pytest.skip("needs the program strace, which is not installed")
    home, out, log = tmp_path / "home", tmp_path / "out", tmp_path / "log"
    for folder in (home, out):
        folder.mkdir()
    clip = make_clip("talk.mp4", audio=True)
    words = [w.replace("OUT", str(out)).replace("CLIP", str(clip)) for w in COMMANDS[name].split()]
    own = {"HOME": str(home), "TMPDIR": str(out), "PYTHONDONTWRITEBYTECODE": "1"}
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "ORT_", "SINET_"))}
    traced = ["strace", "-f", "-qq", "-e", "trace=socket,connect,sendto,openat,open,creat,mkdir"]
    done = subprocess.run(
        [*traced, "-o", log, COMMAND, *words],
        env=kept | own, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "ptrace" in done.stderr.lower():
        pytest.skip("strace may not trace here")
    assert done.returncode == 0, done.stderr
    lines = log.read_text(errors="replace").splitlines()
    calls = [line for line in lines if " = -1 " not in line]
    assert not [line for line in calls if re.search(r"AF_INET|connect\(|sendto\(", line)]
    allowed = (str(out), str(home / ".cache" / "sinet_video"), "/dev/", "/proc/")
    places = {_written(line) for line in calls} - {None, str(home / ".cache")}
    assert not [place for place in places if not place.startswith(allowed)]


def _written(line: str) -> str | None:
    """The file or folder that a call makes or opens for writing."""
    found = re.search(r'(openat|open|creat|mkdir)\((?:AT_FDCWD, )?"([^"]*)"(.*)', line)
    if found is None or (found[1].startswith("open") and not WRITES.search(found[3])):
        return None
    path = Path(found[2])
    return str(path if path.is_absolute() else path.absolute())


def test_onnxruntime_is_imported_in_one_place():
    """Where it is told not to call home, before it is imported."""
    files = [*ROOT.glob("sinet_video/**/*.py"), *ROOT.glob("cli/*.py")]
    importing = [path.name for path in files if IMPORTS.search(path.read_text(encoding="utf-8"))]
    assert importing == ["quiet_onnxruntime.py"]
