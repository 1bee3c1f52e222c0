"""ONNX graphs made from the torch network.

`plain` writes the network as it is, for other programs. `fast` first rewrites it, exactly, into
what onnxruntime runs fastest (see `export_layers`): PReLU as convolutions, batch normalisation
folded into the convolutions, channels in parts instead of concatenations, one evidence channel
instead of two classes, and 8-bit images as input.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sinet_video.models.export_layers import (
    FastConv,
    FastDown,
    FastStem,
    FastSum,
    affine_of,
    fast_prelu,
    fast_prelus,
    fold,
    joined,
    reading,
    scaling,
    shuffled_dense,
    signed,
    upright,
)
from sinet_video.models.onnx.trace import OPSET, traced
from sinet_video.models.sinet import S2Block, S2Module, SINet, upsample

FREE = (96, 64)
"""The (width, height) at which graphs of free size are traced."""


def plain(network: SINet, *, size: tuple[int, int] | None = None, opset: int = OPSET) -> bytes:
    """Return the graph that is easiest to use from other programs.

    Input: `image`, RGB (n, 3, h, w) float32 in [0, 1]. Outputs: `alpha`, the person's probability
    (n, 1, h, w) in [0, 1], and `logits`, (n, 2, h, w) of background and person. With `size`,
    (width, height), n is 1 and h and w are fixed.
    """
    width, height = size or FREE
    images = {"image": torch.zeros(1, 3, height, width)}
    axes = {} if size else {0: "n", 2: "h", 3: "w"}
    return traced(PlainSINet(network), images, dict.fromkeys(("alpha", "logits"), axes), opset)


def fast(network: SINet, *, size: tuple[int, int] | None = None, opset: int = OPSET) -> bytes:
    """Return the fast graph of the same function.

    Input: `image`, RGB (n, h, w, 3) uint8. Outputs: `alpha`, the person's probability (n, h, w)
    in [0, 1], and `evidence`, the person's logit minus the background's, same shape. `size` is as
    for `plain`.
    """
    width, height = size or FREE
    images = {"image": torch.zeros(1, height, width, 3, dtype=torch.uint8)}
    axes = {} if size else {0: "n", 1: "h", 2: "w"}
    return traced(FastSINet(network), images, dict.fromkeys(("alpha", "evidence"), axes), opset)


class PlainSINet(nn.Module):
    """The network with its preprocessing, for images with values in [0, 1]."""

    def __init__(self, network: SINet) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        logits = self.network(self.network.normalise(image * 255))
        return logits.softmax(1)[:, 1:], logits


BLOCK = 16
"""Channels that onnxruntime keeps together, on machines with AVX-512; 8 on others."""


class FastBlock(nn.Module):
    """S2 block with both normalisations folded in; the last commutes with the upsampling.

    `signs` are those that its output shall have.
    """

    def __init__(self, block: S2Block, signs: Tensor) -> None:
        super().__init__()
        self.pool = block.pool
        self.depthwise = fold(block.depthwise, block.depthwise_norm)
        self.act = fast_prelu(block.act)
        self.pointwise = signed(reading(fold(block.pointwise, block.norm), self.act.signs), signs)

    def forward(self, x: Tensor) -> Tensor:
        if self.pool > 1:
            x = F.avg_pool2d(x, self.pool)
        return upsample(self.pointwise(self.act(self.depthwise(x))), self.pool)


def merged_norm(norms: Sequence[nn.BatchNorm2d]) -> nn.BatchNorm2d:
    """Return one normalisation of the channels of all."""
    whole = nn.BatchNorm2d(sum(norm.num_features for norm in norms), eps=norms[0].eps)
    state = [norm.state_dict() for norm in norms]
    names = ("weight", "bias", "running_mean", "running_var")
    merged = {name: torch.cat([one[name] for one in state]) for name in names}
    whole.load_state_dict(merged, strict=False)
    return whole.eval()


def merged(blocks: Sequence[S2Block]) -> S2Block:
    """Return blocks without pooling as one block, of the channels of all."""
    channels = [block.pointwise.in_channels for block in blocks]
    kernel = max(block.depthwise.kernel_size[0] for block in blocks)
    whole = S2Block(sum(channels), kernel, 1)
    margins = [(kernel - block.depthwise.kernel_size[0]) // 2 for block in blocks]
    whole.depthwise.weight.data = torch.cat(
        [
            F.pad(block.depthwise.weight.data, [m] * 4)
            for block, m in zip(blocks, margins, strict=True)
        ]
    )
    whole.depthwise_norm = merged_norm([block.depthwise_norm for block in blocks])
    whole.act.weight.data = torch.cat([block.act.weight.data for block in blocks])
    whole.pointwise.weight.data = _diagonal([block.pointwise.weight.data for block in blocks])
    whole.norm = merged_norm([block.norm for block in blocks])
    return whole


def _diagonal(weights: Sequence[Tensor]) -> Tensor:
    """Return the weights of 1x1 convolutions side by side, (all outputs, all inputs, 1, 1)."""
    inputs = [weight.shape[1] for weight in weights]
    befores = [sum(inputs[:index]) for index in range(len(inputs))]
    return torch.cat(
        [
            F.pad(weight, (0, 0, 0, 0, before, sum(inputs) - before - weight.shape[1]))
            for weight, before in zip(weights, befores, strict=True)
        ]
    )


def mergeable(blocks: Sequence[nn.Module]) -> bool:
    """Whether blocks cost less as one.

    Their channels do not fill onnxruntime's blocks, so that joining them would change the layout.
    """
    return all(
        isinstance(block, S2Block) and block.pool == 1 and block.pointwise.in_channels % BLOCK
        for block in blocks
    )


def repeated(conv: nn.Conv2d, times: int) -> nn.Conv2d:
    """Return a 1x1 convolution without bias whose outputs come this many times."""
    again = nn.Conv2d(conv.in_channels, times * conv.out_channels, 1, bias=False)
    again.weight.data = conv.weight.data.repeat(times, 1, 1, 1)
    return again


Quick = Callable[[Any, Tensor], nn.Module]
"""A function that makes the fast form of a block, from it and the signs of its output."""


class FastModule(nn.Module):
    """S2 module with the shuffle folded into the reducing convolution.

    It maps the parts of its channels, with these signs, to one part for each block, or to one of
    all with `merge`.
    """

    def __init__(
        self,
        module: S2Module,
        signs: Sequence[Tensor],
        quick: Quick = FastBlock,
        *,
        merge: bool = False,
    ) -> None:
        super().__init__()
        reduce, blocks = shuffled_dense(module.reduce), list(module.blocks)
        if merge:
            reduce = repeated(reduce, len(blocks))
            blocks = [merged(cast(list[S2Block], blocks))]
        self.residual = module.residual
        self.reduce = FastSum(reduce, signs)
        width = module.post.norm.num_features // len(blocks)
        inner = signs if self.residual else [torch.ones(width)] * len(blocks)
        self.blocks = nn.ModuleList(map(quick, blocks, inner))
        self.post, self.signs = fast_prelus(module.post.act, module.post.norm, inner)

    def forward(self, parts: Sequence[Tensor]) -> list[Tensor]:
        reduced = self.reduce(parts)
        results = [block(reduced) for block in self.blocks]
        if self.residual:
            results = [y + x for y, x in zip(results, parts, strict=True)]
        return [act(y) for act, y in zip(self.post, results, strict=True)]


class FastLevel(nn.Sequential):
    """A sequence of modules, from the parts of their channels to such parts."""

    def __init__(
        self, level: nn.Sequential, signs: Sequence[Tensor], quick: Quick = FastBlock
    ) -> None:
        super().__init__()
        self.signs = list(signs)
        modules = [cast(S2Module, module) for module in level]
        merge = all(mergeable(list(module.blocks)) for module in modules)
        for module in modules:
            fast_module = FastModule(module, self.signs, quick, merge=merge)
            self.append(fast_module)
            self.signs = fast_module.signs


class FastEncoder(nn.Module):
    """The encoder, from 8-bit images, with the decoder's normalisation of its logits folded in."""

    def __init__(self, network: SINet) -> None:
        super().__init__()
        encoder = network.encoder
        self.stem = FastStem(encoder.stem, network.mean, network.scale / network.std)
        self.down2 = FastDown(encoder.down2, self.stem.signs)
        self.level2 = FastLevel(encoder.level2, [self.down2.signs])
        signs = torch.cat([self.down2.signs, *self.level2.signs])
        self.post2 = fast_prelu(encoder.post2.act, encoder.post2.norm, signs)
        self.down3 = FastDown(encoder.down3, self.post2.signs)
        self.level3 = FastLevel(encoder.level3, [self.down3.signs])
        entries = [self.down3.signs, *self.level3.signs]
        self.post3, entries = fast_prelus(encoder.post3.act, encoder.post3.norm, entries)
        self.classify = FastSum(fold(encoder.classify, network.coarse_norm), entries)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        entry2 = self.down2(self.stem(images))
        quarter = self.level2([entry2])
        entry3 = self.down3(self.post2(joined([entry2, *quarter])))
        parts = [entry3, *self.level3([entry3])]
        eighth = [act(x) for act, x in zip(self.post3, parts, strict=True)]
        return self.classify(eighth), joined(quarter)


class FastSINet(nn.Module):
    """The function of `SINet.alpha`, arranged for onnxruntime."""

    def __init__(self, network: SINet) -> None:
        super().__init__()
        self.encoder = FastEncoder(network)
        self.detail = FastConv(network.detail, torch.cat(self.encoder.level2.signs))
        self.upright = upright(self.detail.signs)
        self.fine_norm = scaling(*affine_of(network.fine_norm))
        self.classify = tiled(difference(network.classify))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        eighth, quarter = self.encoder(images)
        coarse = upsample(eighth, 2)
        # 1 - max of a two-class softmax is the logistic function of minus the margin.
        doubt = torch.sigmoid(-(coarse[:, 1:] - coarse[:, :1]).abs())
        half = self.fine_norm(doubt * self.upright(self.detail(quarter)) + coarse)
        tiles = self.classify(upsample(upsample(half, 2), 2))
        evidence = F.pixel_shuffle(tiles, TILE).squeeze(1)
        return torch.sigmoid(evidence), evidence


def difference(conv: nn.Conv2d) -> nn.Conv2d:
    """Return the convolution that gives the second output minus the first."""
    single = nn.Conv2d(conv.in_channels, 1, 3, padding=1, bias=False)
    single.weight.data = conv.weight.data[1:] - conv.weight.data[:1]
    return single


TILE = 4
"""A side of the squares in which the last convolution computes; their pixels fill a block."""


def tiled(conv: nn.Conv2d) -> nn.Conv2d:
    """Return a 3x3 convolution to one channel as one of stride 4, with a channel a pixel.

    onnxruntime computes a whole block of channels even for one. Sides must be multiples of 4; the
    result is for `pixel_shuffle`.
    """
    whole = nn.Conv2d(conv.in_channels, TILE * TILE, TILE + 2, TILE, padding=1, bias=False)
    rest = TILE - 1
    whole.weight.data = torch.cat(
        [
            F.pad(conv.weight.data, (x, rest - x, y, rest - y))
            for y in range(TILE)
            for x in range(TILE)
        ]
    )
    return whole
