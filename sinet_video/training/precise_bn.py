"""Batch normalisation statistics, measured again once the weights are final.

After Wu, Johnson: "Rethinking 'Batch' in BatchNorm", arXiv 2105.07576, section 3 (PreciseBN). The
statistics at the end of training belong to weights before averaging, and to colours that vary more
than cameras' do.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import nn

from sinet_video.models.sinet import SINet
from sinet_video.training.recipe import Light, Stage
from sinet_video.training.samples.photographs import Stock
from sinet_video.training.samples.sampler import Sampler


def with_precise_statistics(
    network: SINet, stock: Stock, stage: Stage, seed: int, batches: int
) -> SINet:
    """Return a network, changed in place, with mean statistics over this many batches of a stage.

    Their samples are as cameras give them: neither light nor parts of people are changed.
    """
    plain = replace(stage, light=Light(), views=replace(stage.views, patches=0.0, clothes=0.0))
    sampler = Sampler(stock, plain, seed)
    norms = [part for part in network.modules() if isinstance(part, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # each batch has equal weight
    network.train()
    with torch.no_grad():
        for step in range(batches):
            network.alpha(torch.from_numpy(sampler.shard(step, 0, 1).images))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    return network.eval()
