"""Exported files: what they take and give, that they are checked, and that they work back."""

from __future__ import annotations

import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from sinet_video.decoding.decode import decode
from sinet_video.errors import OutputError, SettingError, WeightsError
from sinet_video.models import checkpoint, export_sinet
from sinet_video.models import export_onnx as exporting
from sinet_video.models.export_onnx import ExportReport, Port, export_onnx
from sinet_video.models.input_settings import InputSize
from sinet_video.models.load import load_segmenter
from sinet_video.models.segmenter import seen_size
from sinet_video.models.sinet_cityscapes import CityscapesSINet
from sinet_video.quiet_onnxruntime import onnxruntime
from sinet_video.stages.segment import segment

TOLERANCE = 1e-3
Image = NDArray[np.uint8]
GRAPHS = ("fast", "plain")
SIZES = (None, (96, 64))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, Any], ExportReport]:
    """Both graphs of the packaged weights, of free and of fixed size."""
    folder = tmp_path_factory.mktemp("made")
    return {
        (graph, size): export_onnx(folder / f"{graph}{bool(size)}.onnx", graph=graph, size=size)  # type: ignore[arg-type]
        for graph in GRAPHS
        for size in SIZES
    }


@pytest.fixture(scope="module")
def images(carphone: Path) -> list[Image]:
    """Two images of a real clip, 96 wide and 64 high."""
    return [frame.scaled(96, 64) for frame in islice(decode(carphone), 60, 81, 20)]


@pytest.fixture
def streets(tmp_path: Path) -> Path:
    """A checkpoint of the Cityscapes network with random weights."""
    torch.manual_seed(0)
    checkpoint.save(CityscapesSINet(), tmp_path / "streets.pth")
    return tmp_path / "streets.pth"


def shapes(ports: tuple[Port, ...]) -> dict[str, tuple[str, tuple[int | str, ...]]]:
    """Types and shapes by name."""
    return {port.name: (port.type, port.shape) for port in ports}


# What is written.


def test_fast_graph_says_what_it_takes_and_gives(made: Any) -> None:
    """8-bit images, channels last; free axes have letters."""
    free, fixed = made["fast", None], made["fast", (96, 64)]
    assert shapes(free.inputs) == {"image": ("uint8", ("n", "h", "w", 3))}
    assert shapes(free.outputs) == {
        "alpha": ("float32", ("n", "h", "w")),
        "evidence": ("float32", ("n", "h", "w")),
    }
    assert shapes(fixed.inputs) == {"image": ("uint8", (1, 64, 96, 3))}
    assert fixed.outputs[0].shape == (1, 64, 96)
    assert free.inputs[0].meaning == "RGB, 0 to 255"


def test_plain_graph_says_what_it_takes_and_gives(made: Any) -> None:
    """Floats, channels first."""
    free, fixed = made["plain", None], made["plain", (96, 64)]
    assert shapes(free.inputs) == {"image": ("float32", ("n", 3, "h", "w"))}
    assert shapes(free.outputs) == {
        "alpha": ("float32", ("n", 1, "h", "w")),
        "logits": ("float32", ("n", 2, "h", "w")),
    }
    assert shapes(fixed.inputs) == {"image": ("float32", (1, 3, 64, 96))}
    assert fixed.outputs[0].shape == (1, 1, 64, 96)
    assert free.inputs[0].meaning == "RGB, 0 to 1"


def test_files_are_where_they_were_wanted(made: Any) -> None:
    """Whole, with all weights in them, and close to torch."""
    for written in made.values():
        assert 86_910 * 4 < written.path.stat().st_size < 1_000_000
        assert 0 < written.difference <= 1e-5
        assert (written.opset, written.step) == (17, 32)
        assert not list(written.path.parent.glob(".*"))


@pytest.mark.parametrize("size", SIZES, ids=["free", "fixed"])
def test_another_program_gets_the_persons_alpha(made: Any, images: list[Image], size: Any) -> None:
    """With nothing but what the file says of itself, in onnxruntime alone."""
    expected = load_segmenter()(images[0])
    floats = images[0].transpose(2, 0, 1)[None].astype(np.float32) / 255
    for graph, given in (("fast", images[0][None]), ("plain", floats)):
        session = onnxruntime.InferenceSession(made[graph, size].path)
        alpha = session.run(["alpha"], {"image": given})[0]
        assert np.abs(alpha.reshape(64, 96) - expected).max() <= TOLERANCE
    assert expected.max() - expected.min() > 0.5


@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("size", SIZES, ids=["free", "fixed"])
def test_files_work_back(made: Any, images: list[Image], graph: str, size: Any) -> None:
    """`load_segmenter` takes each without a description, for several images in turn."""
    default, segmenter = load_segmenter(), load_segmenter(made[graph, size].path)
    for image in images:
        assert np.abs(segmenter(image) - default(image)).max() <= TOLERANCE


@pytest.mark.parametrize("graph", GRAPHS)
def test_fixed_size_is_kept_to(made: Any, carphone: Path, graph: str) -> None:
    """Whatever size is asked for, images are fitted in, and alpha has their aspect."""
    segmenter = load_segmenter(made[graph, (96, 64)].path)
    assert seen_size(segmenter, InputSize(), 2.0) == (96, 48)
    frame = next(decode(carphone))
    (matte,) = segment([frame], segmenter)
    assert (
        matte.alpha.shape == seen_size(segmenter, InputSize(), frame.shown_aspect)[::-1] == (64, 86)
    )
    assert matte.alpha.max() - matte.alpha.min() > 0.2  # no constant answer


@pytest.mark.parametrize("opset", exporting.OPSETS)
@pytest.mark.parametrize("graph", GRAPHS)
def test_opsets(tmp_path: Path, graph: Any, opset: int) -> None:
    """The oldest and the newest are written as asked for."""
    written = export_onnx(tmp_path / "a.onnx", graph=graph, opset=opset)
    model = pytest.importorskip("onnx").load(written.path)
    assert [imported.version for imported in model.opset_import] == [opset]


@pytest.mark.parametrize("size", [None, (256, 128)], ids=["free", "fixed"])
def test_cityscapes(streets: Path, tmp_path: Path, size: Any) -> None:
    """Its file takes the classes as well, and works back with a choice of them."""
    written = export_onnx(tmp_path / "a.onnx", weights=streets, size=size)
    assert written.step == 128
    assert shapes(written.inputs)["wanted"] == ("float32", (19,))
    image = np.random.default_rng(0).integers(256, size=(128, 256, 3), dtype=np.uint8)
    alphas = [load_segmenter(path, classes="car")(image) for path in (written.path, streets)]
    assert np.abs(alphas[0] - alphas[1]).max() <= TOLERANCE
    other = load_segmenter(written.path, classes="car,sky")(image)
    assert np.abs(other - alphas[0]).max() > 0


# What is refused.


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("a.pb", {}, "does not end in .onnx"),
        ("a.onnx", {"graph": "quick"}, "fast, plain"),
        ("a.onnx", {"opset": 10}, "from 11 to 20"),
        ("a.onnx", {"opset": 21}, "from 11 to 20"),
        ("a.onnx", {"size": (100, 64)}, "multiple of 32"),
        ("a.onnx", {"weights": "other.onnx"}, "ONNX file already"),
    ],
)
def test_settings_that_cannot_be(tmp_path: Path, name: str, settings: Any, words: str) -> None:
    """Each is told in a sentence, and nothing is written."""
    with pytest.raises(SettingError, match=words):
        export_onnx(tmp_path / name, **settings)
    assert not list(tmp_path.iterdir())


def test_cityscapes_cannot_be_plain(streets: Path, tmp_path: Path) -> None:
    """Nor can it have sides for portraits."""
    with pytest.raises(SettingError, match="portrait weights only"):
        export_onnx(tmp_path / "a.onnx", weights=streets, graph="plain")
    with pytest.raises(SettingError, match="multiple of 128"):
        export_onnx(tmp_path / "a.onnx", weights=streets, size=(96, 64))
    assert [path.name for path in tmp_path.iterdir()] == ["streets.pth"]


def test_weights_that_cannot_be_had(tmp_path: Path) -> None:
    """A missing or foreign checkpoint is told as everywhere."""
    (tmp_path / "bad.pth").write_bytes(b"no weights")
    for name in ("none.pth", "bad.pth"):
        with pytest.raises(WeightsError, match=name):
            export_onnx(tmp_path / "a.onnx", weights=tmp_path / name)
    assert not (tmp_path / "a.onnx").exists()


def test_targets_that_cannot_be(tmp_path: Path) -> None:
    """A file that is there, a folder, and a folder that is not there; told before the work."""
    (tmp_path / "there.onnx").write_text("precious")
    (tmp_path / "folder.onnx").mkdir()
    for name, words in (
        ("there.onnx", "there already"),
        ("folder.onnx", "is a folder"),
        ("none/a.onnx", "There is no folder"),
    ):
        with pytest.raises(OutputError, match=words):
            export_onnx(tmp_path / name, weights=tmp_path / "never read.pth")
    assert (tmp_path / "there.onnx").read_text() == "precious"
    assert not (tmp_path / "none").exists()


def test_overwriting(tmp_path: Path) -> None:
    """Only when it is asked for."""
    (tmp_path / "a.onnx").write_text("old")
    export_onnx(tmp_path / "a.onnx", overwrite=True)
    assert (tmp_path / "a.onnx").stat().st_size > 300_000


def test_a_graph_that_differs_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here one of other weights; what was there before stays."""
    other = checkpoint.load(exporting.checkpoint_path("default"))
    other.classify.weight.data *= 1.1
    wrong = export_sinet.fast(other)
    monkeypatch.setattr(export_sinet, "fast", lambda network, **rest: wrong)
    (tmp_path / "a.onnx").write_text("precious")
    with pytest.raises(OutputError, match="differently from torch"):
        export_onnx(tmp_path / "a.onnx", overwrite=True)
    assert (tmp_path / "a.onnx").read_text() == "precious"
    assert [path.name for path in tmp_path.iterdir()] == ["a.onnx"]


def test_a_graph_that_is_not_finite_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No number is not near any number."""
    other = checkpoint.load(exporting.checkpoint_path("default"))
    other.classify.weight.data *= float("nan")
    wrong = export_sinet.fast(other)
    monkeypatch.setattr(export_sinet, "fast", lambda network, **rest: wrong)
    with pytest.raises(OutputError, match="differently from torch"):
        export_onnx(tmp_path / "a.onnx")
    assert not list(tmp_path.iterdir())


BLOCKED = """
import sys
sys.modules["onnx"] = sys.modules["onnxscript"] = None
import sinet_video
for graph in ("fast", "plain"):
    sinet_video.export_onnx(sys.argv[1], graph=graph, overwrite=True)
try:
    import onnx
except ImportError:
    print("blocked")
"""


def test_the_onnx_package_is_not_needed(tmp_path: Path) -> None:
    """Where it cannot be imported, files are written all the same."""
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED, str(tmp_path / "a.onnx")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "blocked\n"), done.stderr
    assert (tmp_path / "a.onnx").exists()
