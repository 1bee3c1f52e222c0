"""The command that trains: what it writes, says, and refuses."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
from click.testing import CliRunner, Result
from made_people import RECIPE, write_data
from sinet_video.cli.commands import train as train_command
from sinet_video.cli.commands.train import train
from sinet_video.cli.main import cli

from sinet_video.cache import claimed
from sinet_video.training.kernels import build
from sinet_video.training.recipe import Stage


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A data folder of six people, and a recipe beside it."""
    return write_data(tmp_path)


def run(root: Path, *arguments: object, recipe: str = "tiny.toml") -> Result:
    """Run the command in this process."""
    words = ["train", root, "-o", root.parent / "out", "--recipe", root.parent / recipe]
    return CliRunner().invoke(cli, [*map(str, words), *map(str, arguments)])


def names(folder: Path) -> set[str]:
    """What is in a folder."""
    return {path.name for path in folder.iterdir()}


def test_a_training(root: Path) -> None:
    """Weights, what they were made of, and a line for each row; then nothing more to do."""
    out = root.parent / "out"
    done = run(root)
    assert (done.exit_code, done.stdout) == (0, "")
    lines = done.stderr.splitlines()
    assert re.fullmatch(
        r"2/2 one \d+ s: entropy \d\.\d{4} IoU people \d\.\d{4} watched \d\.\d{4}", lines[-2]
    )
    assert lines[-1] == str(out / "weights.pth")
    assert names(out) == {
        "weights.pth", "best.pth", "checkpoint.pth", "curves.csv", "curves.png", "training.json",
        "bad.txt", "holdout-people.txt",
    }  # fmt: skip
    parts = json.loads((out / "training.json").read_text())["folders"]["people"]
    assert [len(parts[name]) for name in ("training", "validation", "holdout")] == [4, 1, 1]
    again = run(root, "--quiet")
    assert (again.exit_code, again.output) == (0, "")


def test_bad_images_are_named_and_skipped(root: Path) -> None:
    """On stderr and in a file; or the command stops, and nothing is begun."""
    (root / "people/masks/p04.png").unlink()
    done = run(root, "--on-bad", "refuse")
    assert done.exit_code == 1
    assert "p04.png: no mask of its name" in done.stderr
    assert not (root.parent / "out").exists()
    done = run(root)
    assert done.exit_code == 0
    assert re.search(r"^skipped .*p04\.png: no mask of its name", done.stderr, re.MULTILINE)
    assert "people/images/p04.png" in (root.parent / "out/bad.txt").read_text()


def test_checkpoints_as_often_as_asked(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The option reaches the training."""
    from sinet_video.training import trainer

    seen = []
    monkeypatch.setattr(trainer, "run_recipe", lambda *_, pace, **__: seen.append(pace.checkpoint))
    assert run(root).exit_code == 0
    assert run(root, "--checkpoint", 7).exit_code == 0
    assert seen == [250, 7]
    done = run(root, "--checkpoint", 0)
    assert done.exit_code == 2
    assert len(seen) == 2


def one_sentence(done: Result, status: int, pattern: str) -> None:
    """The command ended so, with a sentence and no more."""
    assert done.exit_code == status
    assert done.stdout == ""
    assert re.fullmatch(rf"sinet-video: [^\n]*{pattern}[^\n]*\.\n", done.stderr)


def test_a_folder_that_is_not_there(root: Path) -> None:
    """A sentence, and nothing is begun."""
    done = CliRunner().invoke(
        cli, ["train", str(root / "no"), "-o", str(root / "out"), "--recipe",
              str(root.parent / "tiny.toml")]
    )  # fmt: skip
    one_sentence(done, 1, "There is no folder .*no")
    assert not (root / "out").exists()


def test_a_folder_that_the_recipe_names(root: Path) -> None:
    """With the recipe's name: whoever gives none learns which it is."""
    done = CliRunner().invoke(cli, ["train", str(root), "-o", str(root / "out")])
    one_sentence(done, 1, r"There is no folder .*eg1800/train, which the recipe default names")
    assert not (root / "out").exists()


def test_a_recipe_that_cannot_be(root: Path) -> None:
    """Usage: what it says, and what it should."""
    (root.parent / "odd.toml").write_text(RECIPE.replace("batch = 2", "batch = 3"))
    one_sentence(run(root, recipe="odd.toml"), 2, "a batch of 3, which 2 shards do not divide")
    (root.parent / "odd.toml").write_text(RECIPE + "speed = 1")
    one_sentence(run(root, recipe="odd.toml"), 2, "has no setting speed")


def test_a_recipe_that_is_not_there(root: Path) -> None:
    """Its name, and those that there are."""
    one_sentence(run(root, recipe="none.toml"), 1, "one of: default, paper")


def test_another_recipe_s_folder(root: Path) -> None:
    """Is refused before anything in it is written over."""
    assert run(root).exit_code == 0
    out = root.parent / "out"
    before = {path: path.read_bytes() for path in out.iterdir()}
    (root.parent / "other.toml").write_text(RECIPE.replace("steps = 2", "steps = 1"))
    one_sentence(run(root, recipe="other.toml"), 1, "is of another recipe than tiny as it is now")
    assert {path: path.read_bytes() for path in out.iterdir()} == before


def test_what_makes_it_slower_is_said(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless nothing is to be said."""
    from sinet_video.training import trainer

    monkeypatch.setattr(trainer, "run_recipe", lambda *_, **__: None)
    monkeypatch.setattr(build, "unavailable_reason", lambda: "there is no C++ compiler c++")
    assert "slower than need be: there is no C++ compiler c++\n" in run(root).stderr
    assert run(root, "--quiet").stderr == ""


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_a_checkpoint_and_says_so(root: Path, sent: signal.Signals) -> None:
    """A real signal to a real process; the same command then comes to the end."""
    words = [
        sys.executable,
        "-m",
        "sinet_video",
        "train",
        str(root),
        "-o",
        str(root.parent / "out"),
    ]
    words += ["--recipe", str(root.parent / "tiny.toml")]
    process = subprocess.Popen(
        [*words, "--steps", "100000"], stderr=subprocess.PIPE, text=True
    )  # fmt: skip
    lines = iter(process.stderr.readline, "")
    next(line for line in lines if re.match(r"50/100000 one \d+ s: ", line))
    process.send_signal(sent)
    said = list(lines)
    process.stderr.close()
    assert process.wait() == 128 + sent
    assert re.fullmatch(
        r"Stopped at step \d+ of 100000\. .*checkpoint\.pth is written; the same command goes on "
        r"from there\.\n", said[-1],
    )  # fmt: skip
    again = run(root)
    assert "steps was 100000 and is 2" in again.stderr


def test_a_folder_in_which_another_training_is_at_work(root: Path) -> None:
    """Is left to it: their checkpoints would replace each other's."""
    output = root.parent / "out"
    with claimed([output]):
        refused = run(root)
    assert refused.exit_code == 1
    assert f"{output} is being made by another job; wait for it" in refused.stderr
    assert not output.exists()
    assert run(root).exit_code == 0


def test_rows_say_the_time_left_by_what_steps_cost(capsys, monkeypatch) -> None:
    """Small samples first, then as many of four times the pixels."""
    times = iter([0.0, 10.0, 20.0])
    clock = SimpleNamespace(monotonic=lambda: next(times))
    monkeypatch.setattr(train_command, "time", clock)
    small = Stage("small", 20, 2, ((32, 32),))
    shown = train_command._Shown((small, Stage("large", 20, 2, ((64, 64),))), quiet=False)
    shown({"stage": "small", "step": 10, "rate": 1e-3})
    shown({"stage": "small", "step": 20, "rate": 1e-3})
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("10/40 small 10 s:")
    assert second.startswith("20/40 small 20 s, 80 s left:")
    assert train_command.shown_time(12000) == "3 h 20 min"


def test_a_recipe_is_changed_from_the_command_line(root: Path, monkeypatch) -> None:
    from sinet_video.training import trainer

    seen = []
    monkeypatch.setattr(trainer, "run_recipe", lambda chosen, *_, **__: seen.append(chosen))
    assert (
        run(root, "--steps", 7, "--set", "seed=3", "--set", "stages.one.rate=1e-4").exit_code == 0
    )
    assert (seen[0].seed, seen[0].stages[0].steps, seen[0].stages[0].rate) == (3, 7, 1e-4)
    one_sentence(run(root, "--set", "seed"), 2, "'seed' sets nothing; write key=value")
    one_sentence(run(root, "--set", "stages.two.rate=1"), 2, "or one of: one")
    one_sentence(run(root, "--set", "sed=1"), 2, "has no setting sed")


def test_help_documents_every_option() -> None:
    """Each has a sentence."""
    assert all(option.help for option in train.params if isinstance(option, click.Option))
    shown = CliRunner().invoke(cli, ["train", "--help"])
    assert shown.exit_code == 0
    assert "[default: 250" in shown.output


@pytest.mark.parametrize("missing", ["cv2", "matplotlib", "torch"])
def test_without_the_extra_a_sentence_says_so(missing: str, root: Path) -> None:
    """A fresh interpreter without the package: help works, training names what to install."""
    program = (
        f"import sys\nsys.modules[{missing!r}] = None\n"
        "from sinet_video.cli.main import cli\ncli(sys.argv[1:])"
    )

    def without(*words: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", program, "train", *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    if missing == "cv2":
        assert without("--help").returncode == 0
    done = without(root, "-o", root.parent / "out", "--recipe", root.parent / "tiny.toml", "-q")
    assert (done.returncode, done.stdout) == (1, "")
    said = {"cv2": "opencv"}.get(missing, missing)
    assert re.fullmatch(
        rf"sinet-video: Training needs {said}.*'sinet-video\[train\]'\.\n", done.stderr
    )
