"""Learning rates, optimisers and weight averaging."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from sinet_video.training.muon import Muon
from sinet_video.training.recipe import Stage

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


class Optimiser:
    """One or two of torch's optimisers, which share a network's parameters among them."""

    def __init__(self, parts: Sequence[tuple[float, torch.optim.Optimizer]]) -> None:
        self.parts = parts
        """Each optimiser with its learning rate, relative to the stage's."""

    def step(self, rate: float) -> None:
        """Update the weights from their gradients, at the stage's learning rate."""
        for relative, part in self.parts:
            for group in part.param_groups:
                group["lr"] = rate * relative
            part.step()

    def state(self) -> list[dict[str, Any]]:
        """Return what a checkpoint needs."""
        return [part.state_dict() for _, part in self.parts]

    def load(self, states: Sequence[dict[str, Any]]) -> None:
        """Continue from what `state` returned."""
        for (_, part), state in zip(self.parts, states, strict=True):
            part.load_state_dict(state)


def make_optimiser(network: nn.Module, stage: Stage) -> Optimiser:
    """Return a stage's optimiser for a network; with Muon, AdamW gets whatever is not a matrix."""
    own = list(network.parameters())
    if stage.optimiser != "muon":
        return Optimiser([(1.0, _adam(own, stage))])
    matrices = [parameter for parameter in own if _is_matrix(parameter)]
    rest = [parameter for parameter in own if not _is_matrix(parameter)]
    muon = Muon(matrices, stage.decay / stage.orthogonal)  # their rate is larger
    return Optimiser([(stage.orthogonal, muon), (1.0, _adam(rest, stage))])


def _is_matrix(parameter: nn.Parameter) -> bool:
    """Return whether Muon takes it: dense layers and 1x1 convolutions, but not the classifiers."""
    return parameter.dim() > 1 and parameter[0, 0].numel() == 1 and min(parameter.shape[:2]) > 2


def _adam(parameters: Sequence[nn.Parameter], stage: Stage) -> torch.optim.Optimizer:
    """Return Adam: with decoupled decay of matrices, or as in the paper's code."""
    published = stage.optimiser == "adam"
    by_decay: dict[float, list[nn.Parameter]] = {}
    for parameter in parameters:
        by_decay.setdefault(stage.decay * _decayed(parameter, published), []).append(parameter)
    groups = [{"params": own, "weight_decay": decay} for decay, own in by_decay.items()]
    kind = torch.optim.Adam if published else torch.optim.AdamW
    return kind(groups, stage.rate, betas=stage.momentum, fused=True)


def _decayed(parameter: nn.Parameter, published: bool) -> float:
    """Return the share of the weight decay that applies to a parameter."""
    if not published:
        return float(parameter.dim() > 1)
    if parameter.dim() != 4:
        return 0.01
    return float(parameter.shape[1] > 1)


def mean(states: Sequence[State]) -> State:
    """Return the mean of each weight and statistic; counts are the last one's."""
    return {
        name: torch.stack([state[name] for state in states]).mean(0)
        if value.is_floating_point()
        else value
        for name, value in states[-1].items()
    }


class Average:
    """Exponential moving average of weights; the network's own if `keep` is 0."""

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
        """Add a step's weights, tensors by their names, of the same shapes as at the start.

        Early steps have more weight, so that the start is forgotten.
        """
        keep = min(self.keep, (1 + step) / (10 + step))
        self._values.lerp_(self._joined(state), 1 - keep)
        self._counts = {name: state[name].clone() for name in self._counts}

    def _joined(self, state: Mapping[str, Tensor]) -> Tensor:
        # One long vector: hundreds of small tensors would take longer than the optimiser itself.
        return torch.cat([state[name].detach().reshape(-1) for name in self._shapes])

    def _split(self) -> State:
        parts = torch.split(self._values, [shape.numel() for shape in self._shapes.values()])
        named = zip(self._shapes.items(), parts, strict=True)
        return {name: part.view(shape).clone() for (name, shape), part in named}
