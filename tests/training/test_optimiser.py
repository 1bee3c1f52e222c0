"""Learning rates at their corners, whose weights decay, and the averaging."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from made_people import stage

from sinet_video.models.sinet import SINet
from sinet_video.training.fused_layers import fuse
from sinet_video.training.muon import Muon
from sinet_video.training.optimiser import Average, learning_rate, make_optimiser


def rates(**changed: object) -> list[float]:
    """The rate of each step."""
    values = {"steps": 12, "warmup": 0, "rate": 1.0}
    own = stage(**{**values, **changed})
    return [learning_rate(own, step) for step in range(own.steps)]


def test_the_rate_rises_over_the_warmup():
    """By equal parts, never from nothing, up to the whole, which the next step still has."""
    assert rates(warmup=4)[:5] == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0])


def test_without_warmup_the_first_step_has_the_whole():
    """Of each schedule."""
    for schedule in ("cosine", "poly", "step"):
        assert rates(schedule=schedule)[0] == 1.0


def test_cosine():
    """Half of it in the middle, and nearly nothing at the end."""
    found = rates(schedule="cosine")
    assert found[6] == pytest.approx(0.5)
    assert found[-1] == pytest.approx((1 + math.cos(math.pi * 11 / 12)) / 2)


def test_poly():
    """A power of what is left to do."""
    assert rates(schedule="poly") == pytest.approx([(1 - s / 12) ** 0.9 for s in range(12)])


def test_step():
    """Halved after a half and after five sixths, as published."""
    assert rates(schedule="step") == [1.0] * 6 + [0.5] * 4 + [0.25] * 2


@pytest.mark.parametrize("schedule", ["cosine", "poly"])
def test_rates_fall_to_the_floor(schedule):
    """Without ever rising again, and not below."""
    found = rates(schedule=schedule, floor=0.2, steps=1000, warmup=10)
    falling = found[10:]
    assert all(a >= b for a, b in pairwise(falling))
    assert falling[-1] == pytest.approx(0.2, abs=2e-3)
    assert min(falling) > 0.2


def test_a_warmup_longer_than_the_stage():
    """Is cut short."""
    assert rates(steps=2, warmup=4) == [0.25, 0.5]


def groups(network: SINet, **changed: object) -> list[dict]:
    """The groups of parameters of all parts of an optimiser."""
    optimiser = make_optimiser(network, stage(**changed))
    return [group for _, part in optimiser.parts for group in part.param_groups]


def decays(network: SINet, **changed: object) -> dict[str, float]:
    """Each parameter's weight decay, by name."""
    by_id = {
        id(own): group["weight_decay"]
        for group in groups(network, **changed)
        for own in group["params"]
    }
    return {name: by_id[id(own)] for name, own in network.named_parameters()}


def test_matrices_decay():
    """Convolutions and dense layers; not norms, slopes and biases."""
    found = decays(SINet(), decay=0.1)
    assert found["encoder.stem.conv.weight"] == 0.1
    assert found["encoder.down2.depthwise.weight"] == 0.1
    assert found["encoder.down2.excite.dense.0.weight"] == 0.1
    assert found["encoder.down2.excite.dense.0.bias"] == 0
    assert found["encoder.stem.norm.weight"] == found["encoder.stem.act.weight"] == 0


def test_decay_is_the_same_with_muon():
    """Per step: what is lost is the decay times a rate that is larger by as much."""
    found = decays(SINet(), decay=0.1, optimiser="muon", orthogonal=5.0)
    assert found["encoder.down2.excite.dense.0.weight"] == pytest.approx(0.02)
    assert found["encoder.stem.conv.weight"] == 0.1
    assert found["encoder.stem.norm.weight"] == 0


def test_published_decay():
    """Convolutions wholly, those by depth not, and a hundredth for all else."""
    found = decays(SINet(), decay=2e-4, optimiser="adam")
    assert found["encoder.stem.conv.weight"] == 2e-4
    assert found["encoder.level2.0.blocks.0.depthwise.weight"] == 0
    assert found["encoder.stem.norm.weight"] == pytest.approx(2e-6)
    assert found["encoder.stem.act.weight"] == pytest.approx(2e-6)
    assert found["encoder.down2.excite.dense.0.weight"] == pytest.approx(2e-6)


@pytest.mark.parametrize("kind", ["adam", "adamw", "muon"])
def test_the_kind_of_optimiser(kind):
    """As named, Adam's momentum as said, each parameter once; fused or not, alike."""
    network = SINet()
    optimiser = make_optimiser(network, stage(optimiser=kind, momentum=(0.8, 0.95)))
    adam = optimiser.parts[-1][1]
    assert isinstance(adam, torch.optim.AdamW) == (kind != "adam")
    assert isinstance(optimiser.parts[0][1], Muon) == (kind == "muon")
    assert all(group["betas"] == (0.8, 0.95) for group in adam.param_groups)
    own = groups(network, optimiser=kind)
    held = sorted(id(parameter) for group in own for parameter in group["params"])
    assert held == sorted(id(parameter) for parameter in network.parameters())
    others = groups(fuse(network), optimiser=kind)
    for one, two in zip(own, others, strict=True):
        assert all(a is b for a, b in zip(one["params"], two["params"], strict=True))


def test_muon_has_dense_layers_and_1x1_convolutions():
    """But not the classes, of which there are two."""
    network = SINet()
    muon = make_optimiser(network, stage(optimiser="muon")).parts[0][1]
    held = {id(own) for own in muon.param_groups[0]["params"]}
    names = {name for name, own in network.named_parameters() if id(own) in held}
    assert "encoder.level3.0.blocks.0.pointwise.weight" in names
    assert "encoder.down2.excite.dense.0.weight" in names
    assert "encoder.stem.conv.weight" not in names
    assert "encoder.level3.0.blocks.0.depthwise.weight" not in names
    assert "encoder.classify.weight" not in names
    assert sum(own.numel() for own in network.parameters() if id(own) in held) > 64_000


def test_each_part_has_its_own_rate():
    """Muon's is so many times the stage's."""
    network = SINet()
    optimiser = make_optimiser(network, stage(optimiser="muon", orthogonal=5.0))
    for parameter in network.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimiser.step(0.25)
    assert [part.param_groups[0]["lr"] for _, part in optimiser.parts] == [1.25, 0.25]


def test_average_by_hand():
    """What is kept grows from a tenth to its most; counts are not averaged."""
    average = Average({"w": torch.tensor([0.0]), "n": torch.tensor(0)}, 0.5)
    average.update({"w": torch.tensor([1.0]), "n": torch.tensor(1)}, 0)
    assert average.state["w"].item() == pytest.approx(0.9)
    average.update({"w": torch.tensor([2.0]), "n": torch.tensor(2)}, 100)
    assert average.state["w"].item() == pytest.approx(0.5 * 0.9 + 0.5 * 2)
    assert average.state["n"].item() == 2


def test_no_average_is_the_weights_themselves():
    """To the bit, and a copy of them."""
    torch.manual_seed(1)
    weights = {"w": torch.randn(50)}
    average = Average({"w": torch.randn(50)}, 0.0)
    average.update(weights, 3)
    assert torch.equal(average.state["w"], weights["w"])
    weights["w"].zero_()
    assert average.state["w"].any()
