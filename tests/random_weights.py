"""Weights, statistics and slopes as no training would make them, and exact comparison."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def randomise(module: nn.Module, seed: int) -> nn.Module:
    """Give every normalisation statistics, and every PReLU slopes, as no training would."""
    generator = torch.Generator().manual_seed(seed)

    def uniform(like: Tensor, low: float, high: float) -> Tensor:
        return torch.empty_like(like).uniform_(low, high, generator=generator)

    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.weight.data = uniform(part.weight, -1.5, 1.5)
            part.bias.data = uniform(part.bias, -0.5, 0.5)
            part.running_mean = uniform(part.weight, -0.5, 0.5)
            part.running_var = uniform(part.weight, 0.3, 2)
        elif isinstance(part, nn.PReLU):
            part.weight.data = uniform(part.weight, -0.5, 1.5)
        elif isinstance(part, nn.Linear):
            part.bias.data = uniform(part.bias, 0, 1)
    return module.eval()


def assert_same(ours: Tensor, original: Tensor) -> None:
    """Equal but for the rounding of double precision."""
    assert original.dtype == torch.float64
    torch.testing.assert_close(ours, original, rtol=1e-9, atol=1e-9)


def prelu(slopes: list[float]) -> nn.PReLU:
    """A PReLU with these slopes."""
    act = nn.PReLU(len(slopes))
    act.weight.data = torch.tensor(slopes)
    return act
