"""The command that measures: what it prints, writes, draws and says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner, Result
from lossless import write_lossless
from PIL import Image
from sinet_video.cli.commands.evaluate import evaluate
from sinet_video.cli.main import cli
from sinet_video.cli.terminal.progress import Ticker
from sinet_video.cli.terminal.score_tables import table, tables

from sinet_video.models.load import packaged_graph
from sinet_video.option import options_of
from sinet_video.pipeline.settings import Settings
from sinet_video.training.evaluate.examples import Example
from sinet_video.training.evaluate.run import caption
from sinet_video.training.evaluate.scores import FrameFigures, ImageFigures, Scores

HEIGHT, WIDTH, FRAMES = 96, 160, 12


def run(*arguments: object) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(cli, ["evaluate", *map(str, arguments)])


def write_gray(path: Path, columns: int) -> Path:
    """A lossless gray video of a person of so many columns."""
    alpha = np.zeros((HEIGHT, WIDTH), np.uint8)
    alpha[:, :columns] = 255
    return write_lossless(path, [alpha] * FRAMES, "gray")


@pytest.fixture
def rooms(tmp_path: Path) -> Path:
    """A folder of three images of nobody."""
    (tmp_path / "rooms").mkdir()
    for index in range(3):
        Image.new("RGB", (60, 80), (90, 40 * index, 30)).save(tmp_path / "rooms" / f"{index}.jpg")
    return tmp_path / "rooms"


@pytest.fixture
def clips(tmp_path: Path, make_clip: Callable[..., Path]) -> Path:
    """A folder of two clips with true alpha."""
    folder = tmp_path / "clips"
    folder.mkdir()
    for name, columns in (("one", 60), ("two", 80)):
        shutil.copy(make_clip("talk.mp4"), folder / f"{name}.mp4")
        write_gray(folder / f"{name}.alpha.mkv", columns)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A labelled folder of three images, and beside it mattes of which one half is missing."""
    for name in ("data/images", "data/masks", "made"):
        (tmp_path / name).mkdir(parents=True)
    for index in range(3):
        mask = np.zeros((80, 60), np.uint8)
        mask[:, : 20 + index] = 255
        Image.fromarray(mask).save(tmp_path / "data" / "masks" / f"{index}.png")
        Image.fromarray(mask).convert("RGB").save(tmp_path / "data" / "images" / f"{index}.jpg")
        mask[:40] = 0
        Image.fromarray(mask).save(tmp_path / "made" / f"{index}.png")
    return tmp_path / "data"


def size_of(path: Path) -> tuple[int, int]:
    """An image's width and height."""
    with Image.open(path) as image:
        return image.size


def rows_of(text: str) -> list[list[str]]:
    """A table's cells; they are two spaces apart at least."""
    return [re.split(r"  +", line.strip()) for line in text.splitlines() if line.strip()]


def test_images_by_two_networks(folder: Path, tmp_path: Path) -> None:
    """A row for each; all figures as JSON; the worst of each drawn; stderr is silent."""
    (tmp_path / "mine.onnx").write_bytes(packaged_graph())
    done = run(
        folder, "--weights", "default", "--weights", tmp_path / "mine.onnx",
        "--json", tmp_path / "all.json", "--sheet", tmp_path / "worst.png",
        "--network-size", "96x64",
    )  # fmt: skip
    assert (done.exit_code, done.stderr) == (0, "")
    head, first, refined, second, other = rows_of(done.stdout)
    assert head == ["data", "method", "images", "IoU %", "mIoU %", "F %", "soft %", "in truth"]
    assert first[:3] == [str(folder), "default, network", "3"]
    assert refined[:3] == [str(folder), "default, pipeline", "3"]
    assert second[1] == f"{tmp_path / 'mine.onnx'}, network"
    assert first[3:] == second[3:]  # the same network
    assert refined[3:] == other[3:]
    report = json.loads((tmp_path / "all.json").read_text())
    assert [each["method"] for each in report["results"]] == [
        *(first[1], refined[1]),
        *(second[1], other[1]),
    ]
    assert report["bad"] == []
    assert report["options"]["size"]["exact"] == [96, 64]
    mean = report["results"][0]["mean"]["foreground_iou"]
    assert f"{100 * mean:.2f}" == first[3]
    assert size_of(tmp_path / "worst.png") == (5 * 400, 4 * 414)


def test_images_by_another_s_mattes(folder: Path) -> None:
    """No network is needed; the figure is known: half of each person."""
    done = run(folder, "--predictions", folder.parent / "made")
    assert done.exit_code == 0
    assert rows_of(done.stdout)[1][2:4] == ["3", "50.00"]


def test_clips_by_stages(clips: Path, tmp_path: Path) -> None:
    """By default the network alone and all that run does, and the mean over clips of each."""
    done = run(clips, "--sheet", tmp_path / "worst.png", "--network-size", "96x64")
    assert done.exit_code == 0, done.stderr
    head, *rows = rows_of(done.stdout)
    assert head[2:8] == ["frames", "MAD x1000", "MSE x1000", "gradient", "connect.", "dtSSD x100"]
    assert [(row[0], row[1]) for row in rows] == [
        (str(clips / "one.mp4"), "default, network"),
        (str(clips / "one.mp4"), "default, pipeline"),
        (str(clips / "two.mp4"), "default, network"),
        (str(clips / "two.mp4"), "default, pipeline"),
        ("mean of 2 clips", "default, network"),
        ("mean of 2 clips", "default, pipeline"),
    ]
    mads = [float(row[3]) for row in rows]
    assert mads[4] == pytest.approx((mads[0] + mads[2]) / 2, abs=0.01)
    assert size_of(tmp_path / "worst.png") == (5 * 400, 4 * 414)


def test_a_clip_and_one_stage(clips: Path) -> None:
    """A file instead of a folder; a stage instead of two; no mean over one."""
    done = run(clips / "one.mp4", "--stage", "refined", "--network-size", "96x64")
    assert done.exit_code == 0, done.stderr
    (row,) = rows_of(done.stdout)[1:]
    assert row[:3] == [str(clips / "one.mp4"), "default, refined", str(FRAMES)]


def test_a_matte_of_anybody_s(clips: Path, tmp_path: Path) -> None:
    """Compared with a true one: 20 of 160 columns are wrong."""
    done = run(
        "--matte", clips / "two.alpha.mkv", "--truth", clips / "one.alpha.mkv",
        "--sheet", tmp_path / "worst.jpg",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    assert rows_of(done.stdout)[1][1:5] == ["given", str(FRAMES), "125.00", "125.00"]
    assert size_of(tmp_path / "worst.jpg") == (5 * 400, 414)


def test_json_on_stdout_is_all_there_is(folder: Path) -> None:
    """So that it can be piped."""
    done = run(folder, "--predictions", folder.parent / "made", "--json", "-")
    (result,) = json.loads(done.stdout)["results"]
    assert result["count"] == 3
    assert result["images"]["0"]["foreground_iou"] == pytest.approx(0.5)


def test_images_and_clips_have_a_table_each(folder: Path, clips: Path) -> None:
    """As they have other figures."""
    done = run(folder, clips / "one.mp4", "--stage", "network", "--network-size", "96x64")
    first, second = done.stdout.split("\n\n")
    assert "mIoU" in first
    assert "dtSSD" in second


# Bad data


def test_bad_data_are_named_and_left_out(folder: Path, clips: Path) -> None:
    """On stderr, each once, and in the report; the rest is measured."""
    (folder / "images" / "1.jpg").write_text("words")
    (clips / "two.mp4").write_text("words")
    (clips / "one.alpha.mkv").rename(clips / "gone.alpha.mkv")
    shutil.copy(clips / "gone.alpha.mkv", clips / "one.alpha.mkv")
    done = run(folder, clips, "--network-size", "96x64", "--json", "-")
    assert done.exit_code == 0, done.stderr
    said = [line.split(":")[0] for line in done.stderr.splitlines()]
    assert said == [
        f"Skipped {folder / 'images' / '1.jpg'}",
        f"Skipped {clips / 'gone.alpha.mkv'}",
        f"Skipped {clips / 'two.mp4'}",
    ]
    report = json.loads(done.stdout)
    assert len(report["bad"]) == 3
    assert [each["count"] for each in report["results"]] == [2, 2, FRAMES, FRAMES]


@pytest.mark.parametrize("what", ["picture", "clip", "lone clip"])
def test_bad_data_can_be_refused(what: str, folder: Path, clips: Path) -> None:
    """In one sentence that names it; nothing is printed."""
    bad = {"picture": folder / "images" / "1.jpg", "clip": clips / "one.mp4",
           "lone clip": clips / "three.mp4"}[what]  # fmt: skip
    bad.write_text("words")
    done = run(
        folder if what == "picture" else clips, "--on-bad", "refuse", "--network-size", "96x64"
    )
    assert (done.exit_code, done.stdout) == (1, "")
    assert re.fullmatch(rf"sinet-video: .*{bad.name}.*\n", done.stderr)


def test_nothing_good_at_all(clips: Path) -> None:
    """Is a failure, with the first reason."""
    for path in clips.glob("*.mp4"):
        path.write_text("words")
    done = run(clips)
    assert done.exit_code == 1
    assert "Nothing can be measured" in done.stderr.splitlines()[-1]


# Bad requests


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ("", 2, "nothing to measure"),
        ("--matte CLIPS/one.alpha.mkv", 2, "belong together"),
        ("--truth CLIPS/one.alpha.mkv", 2, "belong together"),
        ("none", 1, "no file or folder none"),
        ("EMPTY", 1, "neither images/ with masks/ nor clips"),
        ("EMPTY/rooms", 1, "Use --empty if its images show nobody."),
        ("EMPTY/data", 1, "one by one, such as EMPTY/data/own."),
        ("CLIPS/one.alpha.mkv", 1, "no true alpha"),
        ("CLIPS --predictions CLIPS", 2, "Predictions are of images"),
        ("CLIPS --sheet worst.txt", 2, "must end in one of"),
        ("CLIPS --sheet none/worst.png", 1, "no folder none"),
        ("CLIPS --json none/all.json", 1, "no folder none"),
        ("CLIPS --network-size 100x100", 2, "multiple of 32"),
        ("CLIPS --weights mine.pth", 1, "mine.pth"),
        ("CLIPS --weights default --weights mine.pth", 1, "mine.pth"),
        ("CLIPS --matte none.mkv --truth CLIPS/one.alpha.mkv", 1, "no file none.mkv"),
    ],
)
def test_bad_requests_end_in_one_sentence(
    arguments: str, status: int, words: str, clips: Path, tmp_path: Path
) -> None:
    """With the status of usage or of failure, and nothing on stdout."""
    (tmp_path / "empty" / "rooms").mkdir(parents=True)
    (tmp_path / "empty" / "rooms" / "a.jpg").touch()
    (tmp_path / "empty" / "data" / "own" / "images").mkdir(parents=True)
    words = words.replace("EMPTY", str(tmp_path / "empty"))
    given = arguments.replace("CLIPS", str(clips)).replace("EMPTY", str(tmp_path / "empty"))
    done = run(*given.split())
    assert (done.exit_code, done.stdout) == (status, "")
    assert words in done.stderr
    assert re.fullmatch(r"sinet-video: .+\.\n", done.stderr)


@pytest.mark.parametrize(("missing", "called"), [("PIL", "pillow"), ("scipy", "scipy")])
def test_without_the_extra_a_sentence_says_so(missing: str, called: str, folder: Path) -> None:
    """A fresh interpreter without the package: help works, measuring names what to install."""
    program = (
        "import sys\n"
        f"sys.modules[{missing!r}] = None\n"
        "from sinet_video.cli.main import cli\n"
        "cli(sys.argv[1:])"
    )

    def without(*words: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", program, "evaluate", *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert without("--help").returncode == 0
    done = without(folder, "--predictions", folder.parent / "made")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(rf"sinet-video: .*{called}.*'sinet-video\[train\]'\.\n", done.stderr)


# Help


def test_help_documents_every_option() -> None:
    """Each has a sentence; those of run are there."""
    options = [param for param in evaluate.params if isinstance(param, click.Option)]
    assert all(option.help for option in options)
    shared = {name for name, *_ in options_of(Settings)}
    assert shared <= {option.name for option in options}


def test_only_weights_became_repeatable() -> None:
    """Here; other commands keep taking one."""
    several = {param.name for param in evaluate.params if getattr(param, "multiple", False)}
    assert several == {"weights", "stages"}
    assert not any(getattr(param, "multiple", False) for param in cli.commands["run"].params)


# Words


IMAGE = ImageFigures(0.95, 0.9, 0.75, 0.125, 0.0)
FRAME = FrameFigures(0.02, 0.006, 7.4491, 4.0, None, 0.97, 0.08, 0.02, None)


def test_tables() -> None:
    """In columns; what there is none of is a dash."""
    text = tables([Scores("a", "one", 3, IMAGE), Scores("clip.mp4", "two, network", 9, FRAME)])
    images, frames = text.split("\n\n")
    assert rows_of(images)[1] == ["a", "one", "3", "95.00", "90.00", "75.00", "12.50", "0.00"]
    assert rows_of(frames)[1] == [
        "clip.mp4", "two, network", "9", "20.00", "6.00", "7.449", "4.000", "-", "97.00", "-",
        "8.00", "2.00",
    ]  # fmt: skip
    assert len({len(line) for line in frames.splitlines()}) == 1
    assert table([], "images", []) == "data  method  images"


@pytest.mark.parametrize(
    ("figures", "method", "words"),
    [
        (IMAGE, "folder/mine.pth", "mine: 0007, IoU 80.0 %"),
        (IMAGE, "default", "default: 0007, IoU 80.0 %"),
        (FRAME, "folder/mine.pth, refined", "mine, refined: 0007, MAD 200.0"),
    ],
)
def test_captions(figures: ImageFigures | FrameFigures, method: str, words: str) -> None:
    """Who, which, how bad: short enough to stand under a small image."""
    nothing = np.zeros((2, 2), np.float32)
    example = Example("0007", 0.2, None, nothing, nothing)
    assert caption(Scores("a", method, 1, figures), example) == words


def test_progress_is_not_shown_for_every_image(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Elsewhere than on a terminal a line now and then; quietly none."""
    Ticker("a")(1, 10)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sinet_video.cli.terminal.progress.PLAIN_SECONDS", 0)
    Ticker("a", quiet=True)(1, 10)
    assert capsys.readouterr().err == ""
    Ticker("a")(1, 10)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("a: frame 1 of 10")


# Images without people, and what a recipe sets aside


def test_how_often_somebody_is_found_where_nobody_is(rooms, tmp_path):
    """A table of its own; the report has each image's."""
    result = run(rooms, "--empty", "--stage", "network", "--json", tmp_path / "out.json")
    assert result.exit_code == 0, result.output
    assert "false finds %" in result.output
    (found,) = json.loads((tmp_path / "out.json").read_text())["results"]
    shares = [image["found"] for image in found["images"].values()]
    assert found["count"] == len(shares) == 3
    assert found["mean"]["found"] == pytest.approx(np.mean(shares))
    assert found["mean"]["false_find"] == pytest.approx(np.mean([s > 0.005 for s in shares]))


def test_a_recipe_says_which_images_count(folder, rooms, tmp_path):
    """Of each of its folders, what its training does not see."""
    recipe = tmp_path / "own.toml"
    recipe.write_text("""
name = "own"
[[data.labelled]]
folder = "data"
validation = 1
holdout = 1
[[data.empty]]
folder = "rooms"
validation = 2
[[stages]]
name = "one"
steps = 1
batch = 2
shapes = [[64, 64]]
""")
    result = run(tmp_path, "--recipe", recipe, "--stage", "network", "--json", tmp_path / "o.json")
    assert result.exit_code == 0, result.output
    found = json.loads((tmp_path / "o.json").read_text())["results"]
    assert [(Path(each["data"]).name, each["count"]) for each in found] == [
        ("data, holdout", 1), ("data, validation", 1), ("rooms, validation", 2),
    ]  # fmt: skip
    assert folder.is_dir()
    assert rooms.is_dir()


def test_a_recipe_and_names_are_one_too_many(folder, tmp_path):
    """Both say which images count."""
    (tmp_path / "names.txt").write_text("0\n")
    result = run(folder, "--recipe", "default", "--names", tmp_path / "names.txt")
    assert result.exit_code == 2
    assert "leave out --names" in result.stderr
