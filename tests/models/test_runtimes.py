"""Segmenters: our own network in both runtimes, and ONNX files of others."""

from __future__ import annotations

import shutil
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import sinet_video
from sinet_video.decoding.decode import decode
from sinet_video.errors import SettingError, WeightsError
from sinet_video.models import checkpoint as checkpoints
from sinet_video.models import export_sinet, runtimes
from sinet_video.models.input_settings import InputSize, OnnxInput, Preprocessing
from sinet_video.models.load import load_segmenter, packaged_graph
from sinet_video.models.onnx.segmenter import OnnxSegmenter
from sinet_video.models.onnx.session import open_session
from sinet_video.models.runtimes import FastSegmenter, TorchSegmenter
from sinet_video.models.sinet import SINet

TOLERANCE = 1e-3
DATA = Path(sinet_video.__file__).parent / "data"
AS_IT_IS = Preprocessing(std=(255.0, 255.0, 255.0))
Image = NDArray[np.uint8]


@pytest.fixture(scope="module")
def images(carphone: Path) -> list[Image]:
    """Three images of a real clip as the network sees them."""
    frames = islice(decode(carphone), 0, 61, 30)
    return [frame.scaled(*InputSize().of(frame.shown_aspect)) for frame in frames]


@pytest.fixture
def image() -> Image:
    """An RGB image, 64 wide and 32 high, in which every channel differs."""
    return np.random.default_rng(4).integers(256, size=(32, 64, 3), dtype=np.uint8)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of one test's own."""
    monkeypatch.setenv("SINET_VIDEO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """The packaged checkpoint under another name."""
    return Path(shutil.copy(DATA / "default.pth", tmp_path / "mine.pth"))


@pytest.fixture
def no_export(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exporting fails from here on."""

    def refuse(network: SINet) -> bytes:
        raise AssertionError("exported, though the graph was there")

    monkeypatch.setattr(export_sinet, "fast", refuse)


# Our own network.


def test_runtimes_agree(images: list[Image], cache: Path, checkpoint: Path, tmp_path: Path) -> None:
    """The default, its checkpoint exported anew, and torch give one alpha on real images."""
    default = load_segmenter()
    others = [load_segmenter(runtime="torch"), load_segmenter(checkpoint)]
    (tmp_path / "graph.onnx").write_bytes(packaged_graph())
    others += [load_segmenter(checkpoint, runtime="torch"), load_segmenter(tmp_path / "graph.onnx")]
    for image in images:
        alpha = default(image)
        assert alpha.shape == image.shape[:2]
        assert alpha.dtype == np.float32
        assert 0.05 < (alpha > 0.5).mean() < 0.95
        for other in others:
            assert np.abs(other(image) - alpha).max() <= TOLERANCE


@pytest.mark.parametrize("runtime", ["onnxruntime", "torch"])
def test_alpha_is_from_0_to_1(images: list[Image], runtime: Any) -> None:
    """No rounding takes alpha out of its range, where it comes close to both ends."""
    segmenter = load_segmenter(runtime=runtime)
    alphas = [segmenter(image) for image in images]
    assert 0 <= np.min(alphas) < 0.001
    assert 0.999 < np.max(alphas) <= 1


def test_segmenters_say_what_they_run_on(cache: Path) -> None:
    """Reports take runtime and device from the segmenter."""
    fast, network = load_segmenter(), load_segmenter(runtime="torch")
    assert (fast.runtime, fast.device) == ("onnxruntime", "cpu")
    assert (network.runtime, network.device) == ("torch", "cpu")


def test_one_segmenter_serves_images_of_different_sizes(image: Image) -> None:
    """After another size, an image's alpha is what it was."""
    segmenter = load_segmenter()
    first = segmenter(image)
    assert segmenter(np.ascontiguousarray(image.transpose(1, 0, 2))).shape == (64, 32)
    assert np.array_equal(segmenter(image), first)


def test_official_weights_differ_from_the_default(shared: Path, images: list[Image]) -> None:
    """The choice of weights has an effect."""
    other = load_segmenter(shared / "weights" / "SINet-official.pth")
    assert np.abs(other(images[0]) - load_segmenter()(images[0])).max() > 10 * TOLERANCE


def test_export_of_a_checkpoint_is_kept(
    cache: Path, checkpoint: Path, image: Image, request: pytest.FixtureRequest
) -> None:
    """The second time, the graph comes from the cache."""
    first = load_segmenter(checkpoint)(image)
    assert len(list(cache.glob("*.onnx"))) == 1
    request.getfixturevalue("no_export")
    assert np.array_equal(load_segmenter(str(checkpoint))(image), first)


def test_another_checkpoint_is_exported_for_itself(
    cache: Path, checkpoint: Path, image: Image
) -> None:
    """Under the same name, changed weights are not mistaken for those in the cache."""
    first = load_segmenter(checkpoint)(image)
    network = checkpoints.load(checkpoint)
    network.classify.weight.data.neg_()
    checkpoints.save(network, checkpoint)
    assert np.abs(load_segmenter(checkpoint)(image) - first).max() > 10 * TOLERANCE
    assert len(list(cache.glob("*.onnx"))) == 2


@pytest.mark.usefixtures("no_export")
def test_default_needs_no_export(cache: Path, image: Image) -> None:
    """The package carries the default's graph, so nothing is exported and nothing cached."""
    load_segmenter()(image)
    assert not cache.exists()


def test_cache_that_cannot_be_written_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checkpoint: Path, image: Image
) -> None:
    """Where a file is in the cache's place, the graph is exported each time."""
    blocked = tmp_path / "blocked"
    blocked.write_text("a file, and no folder")
    monkeypatch.setenv("SINET_VIDEO_CACHE", str(blocked / "cache"))
    alpha = load_segmenter(checkpoint)(image)
    assert np.abs(alpha - load_segmenter()(image)).max() <= TOLERANCE
    assert blocked.read_text() == "a file, and no folder"


@pytest.mark.usefixtures("no_export")
def test_failing_export_is_not_hidden(cache: Path, checkpoint: Path) -> None:
    """With an empty cache the export is needed, and what it raises is seen; nothing is cached."""
    with pytest.raises(AssertionError, match="exported"):
        load_segmenter(checkpoint)
    assert not cache.exists()


def test_exported_file_is_recognised(tmp_path: Path, images: list[Image], checkpoint: Path) -> None:
    """A graph of ours in a file needs no description."""
    path = tmp_path / "mine.ONNX"
    path.write_bytes(export_sinet.fast(checkpoints.load(checkpoint)))
    segmenter = load_segmenter(path)
    assert isinstance(segmenter, FastSegmenter)
    assert np.abs(segmenter(images[0]) - load_segmenter()(images[0])).max() <= TOLERANCE


def test_plain_graph_needs_no_description(
    tmp_path: Path, images: list[Image], checkpoint: Path
) -> None:
    """The plain graph is a foreign one that takes what is the default; another input shows."""
    path = tmp_path / "plain.onnx"
    path.write_bytes(export_sinet.plain(checkpoints.load(checkpoint)))
    segmenter = load_segmenter(path)
    assert isinstance(segmenter, OnnxSegmenter)
    expected = load_segmenter()(images[0])
    assert np.abs(segmenter(images[0]) - expected).max() <= TOLERANCE
    wrong = load_segmenter(path, onnx=OnnxInput(Preprocessing("bgr")))
    assert np.abs(wrong(images[0]) - expected).max() > 10 * TOLERANCE


# What cannot be loaded.


@pytest.mark.parametrize("runtime", ["onnxruntime", "torch"])
def test_weights_that_are_not_there(tmp_path: Path, runtime: Any) -> None:
    """The message repeats what was asked for and says what there is."""
    for wanted in ("officially", tmp_path / "none.pth"):
        with pytest.raises(WeightsError, match="'default', 'official'") as caught:
            load_segmenter(wanted, runtime=runtime)
        assert str(wanted) in str(caught.value)


def test_missing_onnx_file(tmp_path: Path) -> None:
    """An ONNX file that is not there is named."""
    with pytest.raises(WeightsError, match=r"none\.onnx"):
        load_segmenter(tmp_path / "none.onnx")


@pytest.mark.parametrize("content", [b"", b"no graph", DATA.joinpath("default.pth").read_bytes()])
def test_file_that_is_no_onnx(tmp_path: Path, content: bytes) -> None:
    """A file of another kind with the extension is refused in one line that names it."""
    path = tmp_path / "bad.onnx"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"bad\.onnx is not an ONNX file") as caught:
        load_segmenter(path)
    assert "\n" not in str(caught.value)


def test_garbage_checkpoint(tmp_path: Path, cache: Path) -> None:
    """A checkpoint that cannot be read leaves nothing in the cache."""
    (tmp_path / "bad.pth").write_bytes(b"")
    with pytest.raises(WeightsError, match=r"bad\.pth"):
        load_segmenter(tmp_path / "bad.pth")
    assert not cache.exists()


def test_unknown_runtime() -> None:
    """The message names both runtimes."""
    with pytest.raises(SettingError, match="one of onnxruntime, torch"):
        load_segmenter(runtime="tensorrt")  # type: ignore[arg-type]


def test_onnxruntime_runs_on_the_cpu_only() -> None:
    """A device is for torch."""
    with pytest.raises(SettingError, match="'cuda' needs the torch runtime"):
        load_segmenter(device="cuda")


def test_torch_cannot_run_onnx_files() -> None:
    """An ONNX file asked for in torch is an error that says so."""
    with pytest.raises(SettingError, match="ONNX file"):
        load_segmenter("any.onnx", runtime="torch")


@pytest.mark.parametrize("device", ["toaster", "cpu:x", "cuda:99"])
def test_unknown_device(device: str) -> None:
    """A device that torch does not know, or that is not here, is refused in one line."""
    with pytest.raises(SettingError, match=f"Device '{device}'") as caught:
        TorchSegmenter(SINet(), device)
    assert "\n" not in str(caught.value)


def test_sessions_are_kept_for_two_sizes(monkeypatch):
    """Opening one takes as long as many images; a third size takes the place of the older."""
    opened = []

    def counting(graph, name, pinned, **how):
        opened.append((pinned["w"], pinned["h"]))
        return open_session(graph, name, pinned, **how)

    monkeypatch.setattr(runtimes, "open_session", counting)
    segmenter = load_segmenter()
    blank = np.zeros((96, 96, 3), np.uint8)
    for height, width in ((64, 96), (32, 64), (64, 96), (32, 64), (96, 96), (32, 64), (64, 96)):
        assert segmenter(blank[:height, :width]).shape == (height, width)
    assert opened == [(96, 64), (64, 32), (96, 96), (96, 64)]
