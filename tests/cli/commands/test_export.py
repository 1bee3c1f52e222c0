"""The command `export`, and the choice of classes on the command line."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result
from sinet_video.cli.main import cli

from sinet_video import export_onnx
from sinet_video.models import checkpoint
from sinet_video.models.sinet_cityscapes import CityscapesSINet


@pytest.fixture(scope="module")
def streets(tmp_path_factory) -> Path:
    """A checkpoint of the Cityscapes network with random weights."""
    path = tmp_path_factory.mktemp("streets") / "streets.pth"
    torch.manual_seed(0)
    checkpoint.save(CityscapesSINet(), path)
    return path


@pytest.fixture(scope="module")
def clip(make_clip) -> Path:
    """Two small images."""
    return make_clip("small.mp4", frames=2)


def invoke(*arguments: object) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(cli, list(map(str, arguments)))


def job(*arguments: object) -> dict:
    """The report of a `run` that must succeed."""
    done = invoke("run", *arguments, "-q", "--json", "-")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


# export


def test_export_says_what_it_wrote(tmp_path):
    """As its own program: the file, and on stderr what it takes and gives."""
    program = Path(sys.executable).with_name("sinet-video")
    command = [program, "export", tmp_path / "a.onnx"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    head, *ports, note = done.stderr.splitlines()
    assert re.fullmatch(
        rf"Wrote {tmp_path}/a.onnx: the fast graph in opset 17, within \de-0\d of torch\.", head
    )
    assert ports == [
        "  takes image: uint8 (n, h, w, 3), RGB, 0 to 255",
        "  gives alpha: float32 (n, h, w), the probability, 0 to 1",
        "  gives evidence: float32 (n, h, w), the person's logit less the background's",
    ]
    assert note == "  h and w must be multiples of 32, n can be any number."
    assert [path.name for path in tmp_path.iterdir()] == ["a.onnx"]


def test_options_reach_the_file(tmp_path):
    """Graph, size and opset; a fixed size needs no note."""
    done = invoke(
        "export", tmp_path / "a.onnx", "--graph", "plain", "--size", "96x64", "--opset", "13"
    )
    assert done.exit_code == 0, done.stderr
    assert "the plain graph in opset 13" in done.stderr
    assert "takes image: float32 (1, 3, 64, 96), RGB, 0 to 1" in done.stderr
    assert "multiples" not in done.stderr


def test_quiet_says_nothing(tmp_path):
    """And writes all the same; overwriting is to be asked for."""
    for extra in ((), ("--overwrite",)):
        done = invoke("export", tmp_path / "a.onnx", "--quiet", *extra)
        assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")
    assert invoke("export", tmp_path / "a.onnx", "--quiet").exit_code == 1


@pytest.mark.parametrize("graph", ["fast", "plain"])
def test_a_clip_by_the_file(clip, tmp_path, graph):
    """`run` takes what `export` wrote, in the size that was fixed."""
    made = tmp_path / "a.onnx"
    assert invoke("export", made, "--graph", graph, "--size", "96x64").exit_code == 0
    report = job(clip, tmp_path / "o.mp4", "--weights", made)
    assert (report["frames"], report["weights"]) == (2, str(made))
    assert report["network_size"] == [96, 58]


@pytest.mark.parametrize(
    ("status", "words", "line"),
    [
        (2, "does not end in .onnx", "NEW/a.pb"),
        (2, "multiple of 32", "NEW/a.onnx --size 100x100"),
        (2, "width and height", "NEW/a.onnx --size 50000"),
        (2, "'big'", "NEW/a.onnx --size big"),
        (2, "from 11 to 20", "NEW/a.onnx --opset 9"),
        (2, "already", "NEW/a.onnx --weights b.onnx"),
        (1, "no weights", "NEW/a.onnx --weights mine.pth"),
        (1, "no folder", "NEW/none/a.onnx"),
        (1, "is a folder", "NEW"),
    ],
)
def test_bad_exports_end_in_one_sentence(status, words, line, tmp_path):
    """With the status of its kind, and nothing written."""
    folder = tmp_path / "new.onnx"
    folder.mkdir()
    done = invoke("export", *line.replace("NEW", str(folder)).split())
    assert words in done.stderr
    assert (done.exit_code, done.stdout) == (status, "")
    assert re.fullmatch(r"sinet-video: .+\.\n", done.stderr)
    assert not list(folder.iterdir())


def test_graphs_that_there_are_not_are_usage_errors(tmp_path):
    """Click says which there are."""
    done = invoke("export", tmp_path / "a.onnx", "--graph", "quick")
    assert done.exit_code == 2
    assert "fast" in done.stderr


def test_help_shows_the_graphs_as_a_table():
    """One line for each input and output."""
    text = invoke("export", "--help").stdout
    assert "\n  fast   takes image    uint8   (n, h, w, 3)  RGB, 0 to 255\n" in text
    assert "\b" not in text


DOCUMENT = Path(__file__).parents[3] / "docs" / "export.md"


def test_the_document_s_commands_run(tmp_path, monkeypatch):
    """Each writes the file that it names."""
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"```sh\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    for command in block.splitlines():
        words = command.split("#")[0].split()
        done = invoke(*words[1:])
        assert done.exit_code == 0, done.stderr
        assert Path(words[2]).exists()


def test_the_document_s_tables_are_true(tmp_path):
    """What the two graphs of portraits take and give is what is written of them."""
    text = DOCUMENT.read_text()
    for graph in ("fast", "plain"):
        made = export_onnx(tmp_path / f"{graph}.onnx", graph=graph)
        for port in (*made.inputs, *made.outputs):
            shape = ", ".join(map(str, port.shape))
            assert f"`{port.name}` | {port.type} | ({shape}) |" in text


# --classes


def test_classes_reach_the_job(streets, clip, tmp_path):
    """A checkpoint of the Cityscapes network is known by its keys, and sees its own size."""
    report = job(clip, tmp_path / "o.mp4", "--weights", streets, "--classes", "person,car")
    assert report["network_size"] == [896, 512]
    small = job(clip, tmp_path / "s.mp4", "--weights", streets, "--network-size", "256x128")
    assert small["network_size"] == [256, 128]


def test_classes_by_an_exported_file(streets, clip, tmp_path):
    """The choice is made when the file is used."""
    made = tmp_path / "a.onnx"
    done = invoke("export", made, "--weights", streets)
    assert "takes wanted: float32 (19), 1 for each class that counts, else 0" in done.stderr
    assert "multiples of 128" in done.stderr
    options = ("--weights", made, "--classes", "sky", "--network-size", "128x128")
    assert job(clip, tmp_path / "o.mp4", *options)["frames"] == 2


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ("'dog'", "--classes dog"),
        ("multiple of 128", "--network-size 288x160"),
        ("''", "--classes person,"),
    ],
)
def test_bad_choices_end_in_one_sentence(words, options, streets, clip, tmp_path):
    """Usage errors, and no output."""
    done = invoke("run", clip, tmp_path / "o.mp4", "--weights", streets, *options.split())
    assert words in done.stderr
    assert (done.exit_code, done.stdout) == (2, "")
    assert re.fullmatch(r"sinet-video: .+\.\n", done.stderr)
    assert not list(tmp_path.iterdir())
