"""A network made wider: the same function, with room to learn more."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from torch import Tensor

from sinet_video.errors import SettingError
from sinet_video.models.checkpoint import load
from sinet_video.models.load import checkpoint_path
from sinet_video.models.sinet import PAPER, WIDE, SINet, Widths
from sinet_video.models.widen import widened


@pytest.fixture(scope="module")
def network() -> SINet:
    """The packaged one, with 64 bits, in which rounding hides nothing."""
    return load(checkpoint_path("default")).double()


@pytest.fixture(scope="module")
def images() -> Tensor:
    """Normalised images of noise."""
    return torch.randn(2, 3, 96, 64, dtype=torch.float64)


SLIGHTLY = Widths(16, 16, 52, 48, 32, 100)
THRICE = Widths(36, 48, 144, 144, 96, 288)


@pytest.mark.parametrize("widths", [WIDE, SLIGHTLY, THRICE], ids=["wide", "slightly", "thrice"])
def test_the_function_stays(network: SINet, images: Tensor, widths: Widths) -> None:
    """Whatever the widths, and in training too, as copies have the statistics of what they copy."""
    wide, own = widened(network, widths, seed=3).double(), deepcopy(network)
    assert wide.widths == widths
    with torch.inference_mode():
        torch.testing.assert_close(wide(images), own(images), rtol=0, atol=1e-3)
        torch.testing.assert_close(wide.train()(images), own.train()(images), rtol=0, atol=1e-3)


def test_copies_are_driven_apart(network: SINet, images: Tensor) -> None:
    """A channel and its copy are read with different weights, so their gradients differ."""
    wide = widened(network, WIDE).double()
    wide(images).square().mean().backward()
    stem = wide.encoder.stem.conv.weight
    assert torch.equal(stem[:4].detach(), stem.detach()[[0, 1, 2, 3]])
    gradients = stem.grad.flatten(1)
    assert len(torch.unique(gradients, dim=0)) == WIDE.stem


def test_the_seed_decides(network: SINet) -> None:
    """The same seed gives the same network, another one another; nothing else is drawn from."""
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    first, same, other = (widened(network, WIDE, seed) for seed in (1, 1, 2))
    assert torch.rand(1) == expected
    name = "encoder.level3.3.reduce.weight"
    assert torch.equal(first.state_dict()[name], same.state_dict()[name])
    assert not torch.equal(first.state_dict()[name], other.state_dict()[name])


def test_as_wide_already(network: SINet) -> None:
    """Nothing is done."""
    assert widened(network, PAPER) is network


def test_narrower_is_refused(network: SINet) -> None:
    """In a sentence that says where."""
    with pytest.raises(SettingError, match="have 96 channels in level3, more than 64"):
        widened(network, Widths(level3=64))
