"""Trained weights on their way into the package."""

from __future__ import annotations

import pytest
import torch

from sinet_video.errors import WeightsError
from sinet_video.models import checkpoint
from sinet_video.models.sinet import SINet
from sinet_video.training.package_weights import difference, package


@pytest.fixture
def network() -> SINet:
    """A network, one of whose variances is in the millions, which 16 bits do not hold."""
    torch.manual_seed(1)
    network = SINet()
    network.encoder.down3.norm.running_var.fill_(5e6)
    network.encoder.down3.norm.weight.data.fill_(2000.0)
    return network.eval()


def test_what_is_shipped_says_the_same(network, tmp_path):
    """Although it is rounded, also where 16 bits do not reach."""
    checkpoint.save(network, tmp_path / "w.pth")
    package(tmp_path / "w.pth", "some", tmp_path)
    shipped = checkpoint.load(tmp_path / "some.pth")
    assert difference(network, shipped) < 0.02
    assert shipped.state_dict()["encoder.down3.norm.running_var"].max() == 5e6
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "some.onnx.gz", "some.pth", "w.pth",
    ]  # fmt: skip


def test_what_would_say_something_else_is_not_shipped(network, tmp_path, monkeypatch):
    """The failing twin."""
    monkeypatch.setattr("sinet_video.training.package_weights.MOST_CHANGED", 0.0)
    checkpoint.save(network, tmp_path / "w.pth")
    with pytest.raises(WeightsError, match="in 16 bits"):
        package(tmp_path / "w.pth", "some", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["w.pth"]
