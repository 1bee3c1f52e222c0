"""README and documentation are true: their commands run, their Python runs, their files exist.

Blocks marked `sh`, `python` and `toml` are run here, page by page. What needs another machine,
other packages or data of one's own is marked `bash` or `py`, or indented.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image, ImageDraw
from sinet_video.cli.main import cli

from sinet_video.training.recipe import load_recipe

ROOT = Path(__file__).parents[2]
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
}


def blocks(language: str, page: str) -> list[str]:
    """Return the fenced blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", PAGES[page], re.DOTALL)


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the pages' files: a clip of 3 s with audio, a video, and images."""
    if not shutil.which("ffmpeg"):
        pytest.skip("needs the program ffmpeg, which is not installed")
    folder = tmp_path_factory.mktemp("talk")
    source = "-f lavfi -i testsrc2=size=160x96:rate=8:duration=3"
    sine = "-f lavfi -i sine=440:duration=3 -shortest"
    for words in (f"{source} {sine} -pix_fmt yuv420p talk.mp4", f"{source} -t 1 waves.mp4"):
        subprocess.run(["ffmpeg", "-v", "error", *words.split()], check=True, cwd=folder)
    for name in ("room.jpg", "photo.jpg"):
        Image.new("RGB", (120, 80), (90, 60, 30)).save(folder / name)
    for name in ("title.png", "garbage.png", "core.png"):
        image = Image.new("L", (160, 96))
        ImageDraw.Draw(image).rectangle((10, 10, 60, 40), fill=255)
        image.save(folder / name)
    return folder


@pytest.fixture
def talk(files: Path, tmp_path: Path) -> Path:
    """A folder of one's own with them."""
    return Path(shutil.copytree(files, tmp_path / "talk"))


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of shell where this interpreter's commands come first."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def run_here(command: str, folder: Path) -> tuple[int, str]:
    """Run a line in this process if it is our command alone, else in a shell; return its status.

    Its imports are shared by all lines, and it is many times as fast.
    """
    words = shlex.split(command)
    if words[0] != "sinet-video" or {"|", ">", "<"} & set(words):
        done = run(command, folder)
        return done.returncode, done.stderr
    found = [sorted(map(str, Path().glob(word))) if "*" in word else [word] for word in words[1:]]
    result = CliRunner().invoke(cli, [word for each in found for word in each])
    return result.exit_code, result.output


def commands(page: str) -> list[str]:
    """Return the lines of shell of a page, without remarks."""
    lines = [line for block in blocks("sh", page) for line in block.splitlines()]
    return [line.partition(" #")[0].strip() for line in lines if line.strip()]


def output_of(command: str) -> str | None:
    """Return what a plain `run` names as its output."""
    words = [word for word in command.split() if word != "-o"]
    numbered = any("##" in word for word in words)  # a pattern, whose files have numbers
    is_run = words[:2] == ["sinet-video", "run"] and "|" not in words
    return words[3] if is_run and not numbered else None


def test_installs_are_tried_with_what_the_readme_needs(files: Path) -> None:
    """The script that types its commands after each kind of install makes the same inputs."""
    script = (ROOT / ".ci" / "readme").read_text(encoding="utf-8")
    named = {word for command in commands("README.md") for word in command.split()}
    inputs = [path.name for path in files.iterdir() if path.name in named]
    assert len(inputs) > 2
    assert all(f" {name}\n" in script for name in inputs)


@pytest.mark.parametrize("page", [page for page in PAGES if blocks("sh", page)])
def test_commands_of(page: str, talk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command ends well, and what it names is there."""
    monkeypatch.chdir(talk)
    for command in commands(page):
        status, told = run_here(command, talk)
        assert status == 0, f"{command}\n{told}"
        output = output_of(command)
        assert output is None or (talk / output).exists(), command


TOGETHER = "import runpy, sys; [runpy.run_path(each, run_name='__main__') for each in sys.argv[1:]]"
"""Runs programs one after another, each with names of its own; what they import is shared."""


@pytest.mark.parametrize("page", [page for page in PAGES if blocks("python", page)])
def test_python_of(page: str, talk: Path) -> None:
    """Each Python block is a program that ends well, and says nothing on stderr."""
    names = []
    for index, block in enumerate(blocks("python", page)):
        names.append(f"block{index}.py")
        (talk / names[-1]).write_text(block, encoding="utf-8")
    done = run(shlex.join(["python", "-c", TOGETHER, *names]), talk)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_program_that_fails_would_be_noticed_and_named(tmp_path: Path) -> None:
    """The check above can fail: names are not shared, and each is a program of its own."""
    for name, text in {"a": "x = __name__", "b": "assert __name__ == '__main__'; x"}.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    done = run(shlex.join(["python", "-c", TOGETHER, "a.py", "b.py"]), tmp_path)
    assert done.returncode == 1
    assert "b.py" in done.stderr
    assert "NameError" in done.stderr


def test_the_readme_s_commands_in_a_shell(talk: Path) -> None:
    """The first and the batch, typed as they stand there; it leaves a result for each clip."""
    first, *_, batch = [
        line for line in commands("README.md") if re.match(r"\S+ (run|batch)", line)
    ]
    for command in (first, batch):
        assert run(command, talk).returncode == 0
    assert (talk / "green.mp4").exists()
    names = {path.name for path in (talk / "done").iterdir() if "manifest" not in path.name}
    assert names == {"talk.webm", "waves.webm"}


def test_the_command_s_file_of_options(talk: Path) -> None:
    """Its file of options is one."""
    (content,) = blocks("toml", "docs/command.md")
    (talk / "mine.toml").write_text(content)
    done = run("sinet-video run talk.mp4 mine.mp4 --config mine.toml", talk)
    assert done.returncode == 0, done.stderr


def test_what_others_are_used_to_is_called_so_here() -> None:
    """Each option of the right columns is one of some command."""
    table = re.findall(r"^\|.*\|(.*)\|$", PAGES["docs/coming-from.md"], re.MULTILINE)
    named = {each for row in table for each in re.findall(r"`(?:\w+ )?(--?[a-z][a-z-]*)", row)}
    options = {
        name for command in cli.commands.values() for each in command.params for name in each.opts
    }
    assert len(named) > 25
    assert named <= options | {"--help", "--help-all", "-h"}


def test_the_recipe_for_fine_tuning(tmp_path: Path) -> None:
    """It is one, and begins from the packaged weights."""
    (content,) = blocks("toml", "docs/tasks/fine-tune.md")
    (tmp_path / "studio.toml").write_text(content)
    recipe = load_recipe(str(tmp_path / "studio.toml"))
    assert (recipe.name, recipe.start) == ("studio", "default")


def test_an_unknown_option_would_be_noticed(talk: Path) -> None:
    """The check above can fail: a command that no page has is refused."""
    assert run("sinet-video run talk.mp4 green.mp4 --no-such-option", talk).returncode == 2


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_links_to_exists(page: str) -> None:
    """Pages, images and, in the README, make targets."""
    made = {"reference/commands.md", "reference/http.md"}  # with the site
    for name in re.findall(r"\]\((?!https?:|#)([^)#]+)", PAGES[page]):
        target = (ROOT / page).parent / name
        assert target.exists() or any(target.match(each) for each in made), name
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`make (\w+)`", PAGES[page]):
        assert f"\n{target}:" in makefile, target


def test_the_readme_is_short() -> None:
    """It is for the first five minutes; all else is in the documentation."""
    assert len(PAGES["README.md"].splitlines()) <= 90
