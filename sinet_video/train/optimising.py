"""Learning rates, the optimiser, and the averaging of weights."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from sinet_video.train.recipe import Stage

State = dict[str, Tensor]


def learning_rate(stage: Stage, step: int) -> float:
    """Return the learning rate of a step, counted from 0 in its stage."""
    if step < stage.warmup:
        return stage.rate * (step + 1) / stage.warmup
    done = (step - stage.warmup) / max(1, stage.steps - stage.warmup)
    return stage.rate * (stage.floor + (1 - stage.floor) * _falling(stage.schedule, done))


def _falling(schedule: str, done: float) -> float:
    if schedule == "cosine":
        return (1 + math.cos(math.pi * done)) / 2
    if schedule == "poly":
        return float((1 - done) ** 0.9)
    return 1.0 if done < 1 / 2 else 0.5 if done < 5 / 6 else 0.25  # as published


def make_optimiser(network: nn.Module, stage: Stage) -> torch.optim.Optimizer:
    """Return Adam over a network: with decoupled decay of its matrices, or as the paper's code."""
    by_decay: dict[float, list[nn.Parameter]] = {}
    for parameter in network.parameters():
        by_decay.setdefault(stage.decay * _decayed(parameter, stage.coupled), []).append(parameter)
    groups = [{"params": own, "weight_decay": decay} for decay, own in by_decay.items()]
    kind = torch.optim.Adam if stage.coupled else torch.optim.AdamW
    return kind(groups, stage.rate, betas=stage.momentum, fused=True)


def _decayed(parameter: nn.Parameter, published: bool) -> float:
    """Return the part of the weight decay that a parameter has."""
    if not published:
        return float(parameter.dim() > 1)
    if parameter.dim() != 4:
        return 0.01
    return float(parameter.shape[1] > 1)


class Average:
    """Weights averaged over steps, exponentially; the network's own where `keep` is 0."""

    def __init__(self, state: Mapping[str, Tensor], keep: float) -> None:
        self.keep = keep
        self.state = {name: value.detach().clone() for name, value in state.items()}

    @property
    def state(self) -> State:
        """The averaged weights and statistics; counts are the network's own."""
        return {**self._counts, **self._split()}

    @state.setter
    def state(self, state: Mapping[str, Tensor]) -> None:
        self._shapes = {n: v.shape for n, v in state.items() if v.is_floating_point()}
        self._counts = {n: v.clone() for n, v in state.items() if n not in self._shapes}
        self._values = self._joined(state)

    @torch.no_grad()
    def update(self, state: Mapping[str, Tensor], step: int) -> None:
        """Take in a step's weights; early steps count for more, so that the start is forgotten."""
        keep = min(self.keep, (1 + step) / (10 + step))
        self._values.lerp_(self._joined(state), 1 - keep)
        self._counts = {name: state[name].clone() for name in self._counts}

    def _joined(self, state: Mapping[str, Tensor]) -> Tensor:
        # One long vector: hundreds of small tensors would take longer than a step's optimiser.
        return torch.cat([state[name].detach().reshape(-1) for name in self._shapes])

    def _split(self) -> State:
        parts = torch.split(self._values, [shape.numel() for shape in self._shapes.values()])
        named = zip(self._shapes.items(), parts, strict=True)
        return {name: part.view(shape).clone() for (name, shape), part in named}
