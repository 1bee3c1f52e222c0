"""The table of networks: that a module and a row are all that a network takes."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sinet_video.errors import SettingError, WeightsError
from sinet_video.models import checkpoint, load
from sinet_video.models.export_onnx import export_onnx
from sinet_video.models.input_settings import InputSize
from sinet_video.models.load import load_segmenter
from sinet_video.models.network import Network
from sinet_video.models.onnx.trace import OPSET, traced
from sinet_video.models.registry import NAMED, Architecture, NamedWeights
from sinet_video.models.segmenter import seen_size
from sinet_video.models.sinet import SINet
from sinet_video.models.sinet_cityscapes import CityscapesSINet

BRIGHT = Architecture(
    module="bright", export="bright", step=8, pixels=4096, classes=("red", "blue"), person=("red",)
)


class Bright(Network):
    """How red or blue an image is."""

    architecture = BRIGHT

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(0.5))

    def forward(self, images: Tensor, wanted: Tensor) -> Tensor:
        """Return it, (n, h, w)."""
        return (images[..., ::2].float() * wanted).sum(-1) / 255 * self.gain

    alpha = forward


def bright() -> Any:
    """The module that somebody would write."""

    def from_state(state: dict[str, Any]) -> Bright:
        network = Bright()
        network.load_state_dict(state)
        return network

    def fast(network: Bright, *, size: Any = None, opset: int = OPSET) -> bytes:
        width, height = size or (16, 8)
        image = torch.zeros(1, height, width, 3, dtype=torch.uint8)
        axes = {} if size else {0: "n", 1: "h", 2: "w"}
        inputs = {"image": image, "wanted": torch.ones(2)}
        return traced(network, inputs, {"alpha": axes}, opset)

    module: Any = ModuleType("bright")
    module.recognises = lambda state: "gain" in state
    module.from_state, module.fast = from_state, fast
    return module


@pytest.fixture
def named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of weights of a network that was added."""
    monkeypatch.setenv("SINET_VIDEO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(sys.modules, "sinet_video.models.bright", bright())
    monkeypatch.setattr(load, "_data", lambda name: tmp_path / name)
    monkeypatch.setitem(NAMED, "bright", NamedWeights(BRIGHT, checkpoint="bright.pth"))
    checkpoint.save(Bright(), tmp_path / "bright.pth")
    return "bright"


@pytest.fixture
def image() -> Any:
    """Noise."""
    return np.random.default_rng(0).integers(256, size=(16, 24, 3), dtype=np.uint8)


@pytest.mark.parametrize("runtime", ["onnxruntime", "torch"])
@pytest.mark.parametrize("by_path", [False, True])
def test_a_module_and_a_row_are_a_network(
    named: str, tmp_path: Path, image: Any, runtime: Any, by_path: bool
) -> None:
    """Its weights load by name and by path, in both runtimes, with its own size and classes."""
    weights = tmp_path / "bright.pth" if by_path else named
    red = load_segmenter(weights, runtime=runtime)
    blue = load_segmenter(weights, runtime=runtime, classes="Blue")
    assert np.allclose(red(image), image[..., 0] / 510, atol=1e-6)
    assert np.allclose(blue(image), image[..., 2] / 510, atol=1e-6)
    assert seen_size(red, InputSize(), 1.0) == (64, 64)
    assert seen_size(red, InputSize(exact=(32, 64)), 1.0) == (32, 64)
    with pytest.raises(SettingError, match=r"'dog' is not known; the classes are .*red, blue"):
        load_segmenter(weights, runtime=runtime, classes="dog")


def test_it_can_be_exported(named: str, tmp_path: Path, image: Any) -> None:
    """The graph is checked as others are, runs, and there is no plain one."""
    made = export_onnx(tmp_path / "b.onnx", weights=named)
    assert [port.name for port in made.inputs] == ["image", "wanted"]
    assert made.step == 8
    alpha = load_segmenter(tmp_path / "b.onnx", classes="blue")(image)
    assert np.allclose(alpha, image[..., 2] / 510, atol=1e-6)
    with pytest.raises(SettingError, match="plain graph"):
        export_onnx(tmp_path / "p.onnx", weights=named, graph="plain")


def test_messages_list_the_names() -> None:
    """Every name of the table, where there is no such file."""
    with pytest.raises(WeightsError) as caught:
        load_segmenter("none")
    assert all(repr(name) in str(caught.value) for name in NAMED)


@pytest.mark.parametrize("network", [SINet, CityscapesSINet])
def test_a_state_is_of_one_network(network: Any) -> None:
    """No two recognise the same weights, or the order of the table would decide."""
    state = network().state_dict()
    found = [row.architecture.code.recognises(state) for row in NAMED.values()]
    told = [row.architecture is network.architecture for row in NAMED.values()]
    assert found == told
