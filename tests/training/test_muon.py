"""Muon beside torch's own, its states, and what it makes of matrices."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from sinet_video.training.muon import Muon, orthogonal

SHAPES = ((6, 4), (4, 6), (5, 5), (6, 4), (8, 3, 1, 1))


def matrices(seed: int = 1) -> list[nn.Parameter]:
    """Random matrices, of shapes that are alike and not."""
    torch.manual_seed(seed)
    return [nn.Parameter(torch.randn(shape)) for shape in SHAPES]


def give_gradients(parameters: list[nn.Parameter], seed: int) -> None:
    """Random gradients, the same for the same seed."""
    torch.manual_seed(seed)
    for own in parameters:
        own.grad = torch.randn(own.shape)


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="this torch has no Muon of its own")
def test_as_torch_does_it():
    """After several steps; torch iterates in 16 bits, hence the bound."""
    ours, theirs = matrices(), matrices()
    flat = [nn.Parameter(own.detach().flatten(1)) for own in theirs]
    one = Muon(ours, decay=0.3)
    two = torch.optim.Muon(flat, weight_decay=0.3)
    for group in (*one.param_groups, *two.param_groups):
        group["lr"] = 0.1
    for step in range(5):
        give_gradients(ours, step)
        for own, other in zip(ours, flat, strict=True):
            other.grad = own.grad.flatten(1)
        one.step()
        two.step()
    for own, other, start in zip(ours, flat, matrices(), strict=True):
        moved = (other - start.flatten(1)).norm()
        assert (own.flatten(1) - other).norm() < 0.03 * moved


def test_goes_on_from_its_state():
    """Bit for bit."""
    whole, cut = matrices(), matrices()
    one, two = Muon(whole), Muon(cut)
    for step in range(4):
        give_gradients(whole, step)
        give_gradients(cut, step)
        one.step()
        two.step()
        state = copy.deepcopy(two.state_dict())
        two = Muon(cut)
        two.load_state_dict(state)
    assert all(torch.equal(a, b) for a, b in zip(whole, cut, strict=True))


def test_without_a_gradient_nothing_moves():
    """Nor with one of zeros: no division by nothing."""
    own = matrices()
    before = [parameter.detach().clone() for parameter in own]
    own[0].grad = torch.zeros_like(own[0])
    Muon(own).step()
    assert all(torch.equal(a, b) for a, b in zip(own, before, strict=True))


@given(st.integers(1, 9), st.integers(1, 9), st.floats(1e-3, 1e3), st.integers(0, 2**31))
def test_singular_values_come_to_about_one(rows, columns, scale, seed):
    """Of any matrix that is not nearly singular, wide or tall, of any scale."""
    generator = torch.Generator().manual_seed(seed)
    left, _ = torch.linalg.qr(torch.randn(rows, rows, generator=generator))
    right, _ = torch.linalg.qr(torch.randn(columns, columns, generator=generator))
    count = min(rows, columns)
    values = scale * (0.1 + torch.rand(count, generator=generator))
    matrix = (left[:, :count] * values) @ right[:count]
    found = orthogonal(matrix[None])[0]
    assert found.shape == matrix.shape
    inner = left[:, :count].mT @ found @ right[:count].mT
    assert torch.allclose(inner, torch.diag(inner.diagonal()), atol=1e-3)
    assert 0.6 < inner.diagonal().min() <= inner.diagonal().max() < 1.3
