"""README and docs are true: their commands run, their Python runs, their files exist."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {
    name: (ROOT / name).read_text(encoding="utf-8")
    for name in ("README.md", "docs/running.md", "docs/python.md", "docs/command.md")
}


def blocks(language: str, page: str) -> list[str]:
    """Return the fenced blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", PAGES[page], re.DOTALL)


@pytest.fixture
def talk(tmp_path: Path, ffmpeg) -> Path:
    """A folder with the README's files: a clip of 3 s with sound, a video and a frame."""
    sine = ("-f", "lavfi", "-i", "sine=440:duration=3")
    source = ("-f", "lavfi", "-i", "testsrc2=size=160x96:rate=8:duration=3")
    ffmpeg("ffmpeg", *source, *sine, "-pix_fmt", "yuv420p", "-shortest", tmp_path / "talk.mp4")
    ffmpeg("ffmpeg", *source, "-t", "1", "-pix_fmt", "yuv420p", tmp_path / "waves.mp4")
    Image.new("RGB", (120, 80), (90, 60, 30)).save(tmp_path / "room.jpg")
    return tmp_path


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of shell where this interpreter's commands come first."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path}
    return subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def commands(page: str) -> list[str]:
    """Return the lines of shell of a page, without remarks."""
    lines = [line for block in blocks("sh", page) for line in block.splitlines()]
    return [line.partition(" #")[0].strip() for line in lines if line.strip()]


def test_the_command_s_page_is_true(talk: Path) -> None:
    """Each of its commands ends well, and its file of options is one."""
    for line in "".join(blocks("sh", "docs/command.md")).splitlines():
        done = run(line, talk)
        assert done.returncode == 0, f"{line}\n{done.stderr}"
    (content,) = blocks("toml", "docs/command.md")
    (talk / "mine.toml").write_text(content)
    done = run("sinet-video run talk.mp4 mine.mp4 --config mine.toml", talk)
    assert done.returncode == 0, done.stderr
    made = {path.suffix for path in (talk / "edited").iterdir()}
    assert made - {".jsonl", ".lock"} == {".mov"}


def test_shell_commands_run_and_write_their_outputs(talk: Path) -> None:
    """Each command ends well, and what it names is there; a page builds on the README."""
    found = [*commands("README.md"), *commands("docs/running.md")]
    assert len(found) >= 20
    for command in dict.fromkeys(found):
        done = run(command, talk)
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        words = command.split("#")[0].split()
        if words[1] == "run":
            assert (talk / words[3]).exists(), command
    names = {path.name for path in (talk / "done").iterdir() if "manifest" not in path.name}
    assert names == {"talk.webm", "waves.webm"}


def test_python_blocks_run(talk: Path) -> None:
    """Each Python block is a program that ends well."""
    found = [*blocks("python", "README.md"), *blocks("python", "docs/python.md")]
    assert len(found) >= 2
    for block in found:
        (talk / "block.py").write_text(block, encoding="utf-8")
        done = run("python block.py", talk)
        assert done.returncode == 0, done.stderr
    assert (talk / "talk.webm").exists()
    assert (talk / "bright.mp4").exists()


def test_an_unknown_option_would_be_noticed(talk: Path) -> None:
    """The check above can fail: a command that the README does not have is refused."""
    assert run("sinet-video run talk.mp4 green.mp4 --no-such-option", talk).returncode == 2


def test_named_files_and_targets_exist() -> None:
    """Frames, folders and make targets that the README names are there."""
    for name in re.findall(r"\]\((?!http)([^)]+)\)", README):
        assert (ROOT / name).exists(), name
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`make (\w+)`", README):
        assert f"\n{target}:" in makefile, target
    for folder in ("examples", "LICENSE", "NOTICE", "constraints.txt"):
        assert (ROOT / folder).exists()
    assert shutil.which("sinet-video", path=str(Path(sys.executable).parent))
