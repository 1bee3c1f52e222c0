"""The speed of training steps with the fused layers: ratios from one run on this machine.

    python benchmarks/training_speed.py [--batch 16] [--size 192x256] [--steps 6] [--widths wide]

Times forward pass, backward pass and optimiser step, for one shard on one thread, in four
variants: plain torch, torch with channels last, the fused layers, and those with an encoder in
16 bits, where this CPU has instructions for it. The input is noise.
"""

from __future__ import annotations

import argparse
import time

import torch

from sinet_video.models.sinet import SINet
from sinet_video.models.widen import WIDTHS
from sinet_video.training.data_parallel import encoded
from sinet_video.training.fused_layers import fuse
from sinet_video.training.kernels.build import kernels
from sinet_video.training.losses import entropy, person
from sinet_video.training.process_tuning import shared_among_shards


def seconds(
    network: SINet, x: torch.Tensor, label: torch.Tensor, steps: int, *, half: bool = False
) -> float:
    """Return the CPU seconds of the fastest of some steps."""
    optimiser = torch.optim.AdamW(network.parameters(), 1e-3, fused=True)
    best = float("inf")
    for _ in range(steps):
        start = time.process_time()
        loss = entropy(person(network.decode(*encoded(network, x, half=half))), label)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        optimiser.step()
        best = min(best, time.process_time() - start)
    return best


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--size", default="192x256")
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--widths", choices=sorted(WIDTHS), default="paper")
    given = parser.parse_args()
    width, height = (int(side) for side in given.size.split("x"))
    x = torch.randn(given.batch, 3, height, width)
    label = (torch.rand(given.batch, height, width) > 0.5).float()
    last = x.to(memory_format=torch.channels_last)
    widths = WIDTHS[given.widths]
    with shared_among_shards():
        plain = seconds(SINet(widths).train(), x, label, given.steps)
        ordered = SINet(widths).to(memory_format=torch.channels_last).train()
        fused = fuse(SINet(widths)).to(memory_format=torch.channels_last).train()
        found = {
            "torch": plain,
            "torch, channels last": seconds(ordered, last, label, given.steps),
            "fused": seconds(fused, last, label, given.steps),
        }
        if kernels().bfloat16_is_fast:
            found["fused, 16 bits"] = seconds(fused, last, label, given.steps, half=True)
    for name, spent in found.items():
        print(f"{name}: {given.batch / spent:.1f} samples a CPU second, {plain / spent:.2f}x")


if __name__ == "__main__":
    main()
