"""Data-parallel training on a CPU: each shard of a batch has its own thread and network.

The networks share their weights, but each has its own normalisation statistics. On a CPU, one
thread per shard is faster than many threads in each of SINet's small layers, and the sum of
gradients, taken in order, is the same every time.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce
from typing import Literal

import torch
from torch import Tensor

from sinet_video.models.sinet import SINet
from sinet_video.training.losses import Target, person, total_loss
from sinet_video.training.recipe import Loss
from sinet_video.training.samples.batch import Batch


@dataclass(frozen=True)
class Work:
    """What a shard should do with its samples."""

    part: Literal["encoder", "whole"]
    loss: Loss


class Shards:
    """Networks that share their weights, and the threads they run in.

    With `half` the encoders compute in 16 bits.
    """

    def __init__(
        self, network: SINet, count: int, teacher: SINet | None = None, *, half: bool = False
    ) -> None:
        self.half = half
        self.networks = [network, *(_twin(network) for _ in range(count - 1))]
        self.teachers = [teacher and copy.deepcopy(teacher).eval() for _ in range(count)]
        self.device = next(network.parameters()).device
        self._pool = ThreadPoolExecutor(
            count, "shard", initializer=torch.set_num_threads, initargs=(1,)
        )

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()

    def gradients(self, batches: Sequence[Batch], work: Work) -> dict[str, float]:
        """Put the mean gradient into the shared weights; return each loss part's mean."""
        jobs = zip(self.networks, self.teachers, batches, strict=True)
        found = list(self._pool.map(lambda job: self._one(job[0], job[1], job[2], work), jobs))
        self._put(reduce(torch.add, (gradient for gradient, _ in found)) / len(found))
        return {name: sum(parts[name] for _, parts in found) / len(found) for name in found[0][1]}

    def _put(self, gradient: Tensor) -> None:
        parameters = list(self.networks[0].parameters())
        parts = torch.split(gradient, [parameter.numel() for parameter in parameters])
        for parameter, part in zip(parameters, parts, strict=True):
            parameter.grad = part.view(parameter.shape)

    def _one(
        self, network: SINet, teacher: SINet | None, batch: Batch, work: Work
    ) -> tuple[Tensor, dict[str, float]]:
        rgb = torch.from_numpy(batch.images).to(self.device).permute(0, 3, 1, 2)
        x = network.normalise(rgb.float())
        eighth, quarter = encoded(network, x, half=self.half)
        logits = network.decode(eighth, quarter) if work.part == "whole" else None
        parts = total_loss(eighth, logits, self._target(batch, rgb, teacher, work), work.loss)
        total = torch.stack(list(parts.values())).sum()
        gradients = torch.autograd.grad(
            total, list(network.parameters()), allow_unused=True, materialize_grads=True
        )
        # As one vector: adding and averaging hundreds of small ones would take time from the other
        # shard.
        gradient = torch.cat([own.reshape(-1) for own in gradients])
        return gradient, {name: float(part.detach()) for name, part in parts.items()}

    def _target(self, batch: Batch, rgb: Tensor, teacher: SINet | None, work: Work) -> Target:
        label = torch.from_numpy(batch.labels).to(self.device).float() / 255
        motion = torch.from_numpy(batch.motion).to(self.device)
        return Target(
            label=label if work.loss.soft else (label > 0.5).float(),
            band=torch.from_numpy(batch.bands).to(self.device).float(),
            teacher=_opinion(teacher, rgb) if teacher is not None and work.loss.teacher else None,
            motion=motion if len(motion) else None,
        )


def encoded(network: SINet, x: Tensor, *, half: bool) -> tuple[Tensor, Tensor]:
    """Return, as float32, what the encoder makes of normalised images, in bfloat16 if `half`."""
    with torch.autocast(x.device.type, torch.bfloat16, enabled=half):
        eighth, quarter = network.encoder(x)
    return eighth.float(), quarter.float()


@torch.no_grad()
def _opinion(teacher: SINet, rgb: Tensor) -> Tensor:
    return torch.sigmoid(person(teacher(teacher.normalise(rgb.float()))))


def _twin(network: SINet) -> SINet:
    """Return a copy that shares the weight tensors but has its own statistics."""
    # Marked as already copied, even where a layer keeps one out of its state dict.
    return copy.deepcopy(network, {id(parameter): parameter for parameter in network.parameters()})
