"""`sinet-video generate`, run as people run it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner, Result
from sinet_video.cli.commands.generate import generate
from sinet_video.cli.main import cli
from sinet_video.cli.options.generate import Canvas, Place, read_names
from sinet_video.cli.terminal.progress import Counting

from sinet_video.errors import InputError
from sinet_video.training.generate.manifest import read_manifest
from sinet_video.training.image_folder import list_pairs, read_mask, write_image

COMMAND = Path(sys.executable).with_name("sinet-video")


def run(*arguments: object) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(cli, ["generate", *map(str, arguments)])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """People with masks, rooms, and one file that is no good in each."""
    mask = np.zeros((120, 100), np.uint8)
    mask[20:60, 35:65] = 255
    mask[60:, 20:80] = 255
    noise = np.random.default_rng(2)
    for name in ("a", "b", "c"):
        image = noise.integers(0, 255, (120, 100, 3), np.uint8)
        write_image(tmp_path / "people" / "images" / f"{name}.jpg", image)
        write_image(tmp_path / "people" / "masks" / f"{name}.png", mask)
    write_image(tmp_path / "people" / "masks" / "c.png", mask[:50])
    write_image(tmp_path / "rooms" / "r.png", noise.integers(0, 255, (64, 64, 3), np.uint8))
    (tmp_path / "rooms" / "s.jpg").write_text("words")
    return tmp_path


def composites(data: Path, output: str, *more: object) -> Result:
    """Make a few small ones."""
    given = ("composites", data / "people", data / "rooms", "-o", data / output)
    return run(*given, "--canvas", "96x64", "--count", 3, *more)


def test_composites_and_again(data):
    """What is made, said and repeated."""
    done = composites(data, "one")
    assert done.exit_code == 0, done.stderr
    assert done.stdout == ""
    first, second, last = done.stderr.splitlines()
    assert first.startswith(f"Bad: {data / 'people' / 'images' / 'c.jpg'}: ")
    assert second.startswith(f"Bad: {data / 'rooms' / 's.jpg'}: ")
    assert last.startswith(f"Wrote {data / 'one'}: 3 images with masks; ")
    assert last.endswith("2 bad.")
    assert [pair.name for pair in list_pairs(data / "one").pairs] == ["000000", "000001", "000002"]
    again = run("repeat", data / "one" / "manifest.json", "-o", data / "two")
    assert again.stderr == f"Wrote {data / 'two'}: 3 products, all as they were.\n"
    for path in (data / "one" / "images").iterdir():
        assert path.read_bytes() == (data / "two" / "images" / path.name).read_bytes()


def test_sources_that_moved(data):
    """Given by their names; a wrong name is a usage error."""
    composites(data, "one")
    manifest = data / "one" / "manifest.json"
    moved = (data / "people").rename(data / "folk")
    assert run("repeat", manifest, "-o", data / "two").exit_code == 1
    wrong = run("repeat", manifest, "-o", data / "two", "--source", f"folk={moved}")
    assert (wrong.exit_code, wrong.stderr) == (
        2,
        "sinet-video: The manifest has no folder 'folk'; it has people, backgrounds.\n",
    )
    assert run("repeat", manifest, "-o", data / "two", "--source", f"people={moved}").exit_code == 0


def test_a_changed_source_ends_in_one_sentence(data):
    """With its name, and nothing is written."""
    composites(data, "one")
    write_image(data / "rooms" / "r.png", np.zeros((64, 64, 3), np.uint8))
    done = run("repeat", data / "one" / "manifest.json", "-o", data / "two")
    assert done.exit_code == 1
    assert re.fullmatch(r"sinet-video: Sources are .+/rooms/r\.png has changed\.\n", done.stderr)
    assert not (data / "two").exists()


@pytest.mark.parametrize("kind", ["composites", "portraits", "pseudo-labels"])
def test_bad_data_is_refused_if_asked(kind, data):
    """Named, and nothing is written."""
    folders = {
        "composites": (data / "people", data / "rooms"),
        "portraits": (data / "people",),
        "pseudo-labels": (data / "rooms",),
    }[kind]
    done = run(kind, *folders, "-o", data / "out", "--on-bad", "refuse")
    assert done.exit_code == 1
    assert ("s.jpg" if kind == "pseudo-labels" else "c.jpg") in done.stderr
    assert not (data / "out").exists()


def test_portraits_of_noise(data):
    """No face, no portrait; the folder is there and says why."""
    done = run("portraits", data / "people", "-o", data / "out", "--view", "head")
    assert done.exit_code == 0, done.stderr
    assert "0 images with masks; 2 rejected (2 no face found); 1 bad." in done.stderr
    assert "a: no face found\n" in (data / "out" / "rejected.txt").read_text()


def test_pseudo_labels_by_the_network_in_the_package(data):
    """Whatever it thinks of noise, it is written down, with the teacher's digest."""
    done = run(
        "pseudo-labels", data / "rooms", "-o", data / "out", "--size", 4096,
        "--agreement", 0, "--confidence", 0, "--refine", "bilinear",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    manifest = read_manifest(data / "out" / "manifest.json")
    assert manifest.settings["refined"] is False
    assert len(manifest.teachers[0].sha256) == 64
    assert len(manifest.products) + len(manifest.rejected) == 1
    for product in manifest.products:
        assert read_mask(data / "out" / "masks" / f"{product.name}.png").shape == (64, 64)


def test_names_struck_out(data):
    """The list may be made from rejected.txt; a name that nothing has is said."""
    (data / "names.txt").write_text("# not good\n000001: bad hair\n\n000009 # who?\n")
    done = composites(data, "one", "--exclude", data / "names.txt")
    assert "Note: Nothing is called 000009." in done.stderr
    assert "struck out by hand" in done.stderr
    assert [pair.name for pair in list_pairs(data / "one").pairs] == ["000000", "000002"]


def test_a_list_that_is_not_there(data):
    """Is named."""
    with pytest.raises(InputError, match=r"names\.txt cannot be read"):
        read_names(data / "names.txt")


def test_what_is_there_stays(data):
    """Nothing is overwritten; an empty folder will do."""
    (data / "out").mkdir()
    assert composites(data, "out").exit_code == 0
    before = (data / "out" / "manifest.json").stat().st_mtime_ns
    done = composites(data, "out")
    assert done.exit_code == 1
    assert "is there already; give a new folder or an empty one." in done.stderr
    assert (data / "out" / "manifest.json").stat().st_mtime_ns == before


def test_quiet_says_nothing(data):
    """Not even what was bad: it is in the manifest."""
    done = composites(data, "one", "-q")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")
    assert len(read_manifest(data / "one" / "manifest.json").bad) == 2


def test_options_reach_the_manifest(data):
    """Seed, canvas and strengths."""
    composites(data, "one", "--seed", 7, "--light", 0, "--tint", 0.1)
    manifest = read_manifest(data / "one" / "manifest.json")
    assert (manifest.command, manifest.seed) == ("composites", 7)
    settings = manifest.settings
    assert (settings["canvases"], settings["light"], settings["tint"]) == ([[96, 64]], 0, 0.1)
    assert all(product.drawn["light"] == 0 for product in manifest.products)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("composites", "p", "r", "-o", "o", "--canvas", "big"), "not a size such as 384x216"),
        (("composites", "p", "r", "-o", "o", "--canvas", "8x8"), "32 pixels or more"),
        (("composites", "p", "r", "-o", "o", "--seed", "-1"), "seed"),
        (("repeat", "m", "-o", "o", "--source", "people"), "such as people=photos"),
        (("portraits", "p"), "--output"),
        (("portraits", "p", "-o", "o", "--each", "0"), "at least 1"),
    ],
)
def test_bad_requests(arguments, words):
    """Status 2 for usage."""
    done = run(*arguments)
    assert (done.exit_code, words in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize("name", ["portraits", "pseudo-labels", "composites"])
def test_no_such_folder(name, tmp_path):
    """Status 1, with its name."""
    done = run(
        name, *[tmp_path / "none"] * (2 if name == "composites" else 1), "-o", tmp_path / "o"
    )
    assert done.exit_code == 1
    assert re.fullmatch(r"sinet-video: There is no folder .+none.*\.\n", done.stderr)


# Being stopped


@pytest.fixture
def long_job(data: Path) -> Iterator[subprocess.Popen[str]]:
    """A job whose end nobody waits for, well begun."""
    words = [COMMAND, "generate", "composites", data / "people", data / "rooms", "-o", data / "out"]
    command = [*map(str, words), "--count", "1000000", "--canvas", "96x64"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not list(data.glob(".out.*.part/images/000002.jpg")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield process
    process.kill()
    process.communicate()
    for part in data.glob(".out.*.part"):
        shutil.rmtree(part)


@pytest.mark.parametrize(
    ("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 128 + signal.SIGTERM)]
)
def test_being_stopped_leaves_nothing(sent, status, long_job, data):
    """No folder, whole or not, and no traceback."""
    long_job.send_signal(sent)
    _, said = long_job.communicate(timeout=60)
    assert long_job.returncode == status
    assert "Traceback" not in said
    assert sorted(path.name for path in data.iterdir()) == ["people", "rooms"]


def test_being_killed_leaves_no_folder_of_the_name(long_job, data):
    """What cannot be cleaned up is hidden, and does not stand in the way of the next run."""
    os.kill(long_job.pid, signal.SIGKILL)
    long_job.wait(60)
    assert not (data / "out").exists()
    assert composites(data, "out").exit_code == 0


# Help and what is needed


def test_help_documents_every_option():
    """Each command has a sentence, and each of its options."""
    assert sorted(generate.commands) == ["composites", "portraits", "pseudo-labels", "repeat"]
    for name, command in generate.commands.items():
        done = run(name, "--help")
        assert done.exit_code == 0
        assert command.help
        for param in command.params:
            if isinstance(param, click.Option):
                assert param.help, param.opts
                assert all(word in done.stdout for word in param.opts)


def test_help_is_quick():
    """Neither OpenCV nor Pillow nor numpy is imported for it."""
    program = (
        "import sys\n"
        "from sinet_video.cli.main import cli\n"
        "try: cli(['generate', 'composites', '--help'])\n"
        "finally: print([m for m in ('cv2', 'PIL', 'numpy', 'torch') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("missing", "words"), [("cv2", "opencv-python-headless"), ("PIL", "pillow")]
)
def test_without_the_extra_it_says_what_to_install(missing, words, data):
    """In one sentence."""
    program = (
        "import sys\n"
        f"sys.modules[{missing!r}] = None\n"
        "from sinet_video.cli.main import cli\n"
        f"cli(['generate', 'composites', {str(data / 'people')!r}, {str(data / 'rooms')!r},"
        f" '-o', {str(data / 'out')!r}])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"sinet-video: Generating needs {words}, which is not installed: pip install {words}, or "
        "install this package with its extra, 'sinet-video[train]'.\n"
    )


def test_values_of_options():
    """Sizes and places."""
    assert Canvas().convert("384X216", None, None) == (384, 216)
    assert Place().convert("people=a=b", None, None) == ("people", Path("a=b"))


def test_progress_is_plain_lines_elsewhere(monkeypatch, capsys):
    """On stderr; nothing when quiet."""
    monkeypatch.setattr("sinet_video.cli.terminal.progress.PLAIN_SECONDS", 0)
    with Counting("photograph", quiet=False) as counting:
        counting(1, 4)
        counting(2, 4)
    with Counting("photograph", quiet=True) as counting:
        counting(1, 4)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "photograph 1 of 4, 25 %\nphotograph 2 of 4, 50 %\n"
