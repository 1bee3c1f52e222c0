"""ONNX graphs made from the torch network.

`plain` writes the network as it is, for other programs. `fast` first rewrites it, exactly, into
what onnxruntime runs fastest: PReLU as a maximum (onnxruntime does not vectorise PReLU), batch
normalisation folded into the convolutions, one evidence channel instead of two classes, and 8-bit
images as input.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sinet_video.models.onnx.trace import OPSET, traced
from sinet_video.models.sinet import (
    ConvNormAct,
    Downsample,
    S2Block,
    S2Module,
    SINet,
    SqueezeExcite,
    shuffled_matrix,
    upsample,
)

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


def affine_of(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Return the gain and offset, (channels,) each, of a trained batch normalisation."""
    mean, variance = cast(Tensor, norm.running_mean), cast(Tensor, norm.running_var)
    gain = norm.weight / torch.sqrt(variance + norm.eps)
    return gain.detach(), (norm.bias - mean * gain).detach()


def fold(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> nn.Conv2d:
    """Return one convolution with bias that does the work of both."""
    gain, offset = affine_of(norm)
    folded = nn.Conv2d(
        conv.in_channels,
        conv.out_channels,
        cast(tuple[int, int], conv.kernel_size),
        cast(tuple[int, int], conv.stride),
        cast(tuple[int, int], conv.padding),
        groups=conv.groups,
    )
    folded.weight.data = conv.weight.data * gain.view(-1, 1, 1, 1)
    folded.bias = nn.Parameter(offset)
    return folded


def shuffled_dense(conv: nn.Conv2d) -> nn.Conv2d:
    """Return a grouped 1x1 convolution and its channel shuffle as one dense 1x1 convolution."""
    dense = nn.Conv2d(conv.in_channels, conv.out_channels, 1, bias=False)
    dense.weight.data = shuffled_matrix(conv.weight.data, conv.groups)[:, :, None, None]
    return dense


def scaling(gain: Tensor, offset: Tensor) -> nn.Conv2d:
    """Return `x * gain + offset`, per channel, as a depthwise 1x1 convolution.

    onnxruntime keeps convolutions in its blocked layout. A multiplication would leave that layout,
    and each change of layout costs as much as the multiplication itself.

    Gain and offset are (channels,).
    """
    channels = gain.numel()
    conv = nn.Conv2d(channels, channels, 1, groups=channels)
    conv.weight.data = gain.reshape(channels, 1, 1, 1).clone()
    conv.bias = nn.Parameter(offset.clone())
    return conv


class FastPReLU(nn.Module):
    """PReLU, after an optional normalisation, built from convolutions; exact for every slope.

    `prelu(x) = slope * x + (1 - slope) * relu(x)`, and a non-negative factor can move inside relu.
    That takes two passes over the data, the second adding to the first.
    """

    def __init__(self, act: nn.PReLU, norm: nn.BatchNorm2d | None = None) -> None:
        super().__init__()
        slope = act.weight.detach()
        gain, offset = affine_of(norm) if norm else (torch.ones_like(slope), 0 * slope)
        bend = 1 - slope
        self.straight = scaling(slope * gain, slope * offset)
        self.positive = scaling(bend.abs() * gain, bend.abs() * offset)
        self.sign = None if (bend >= 0).all() else scaling(bend.sign(), 0 * bend)

    def forward(self, x: Tensor) -> Tensor:
        bent = F.relu(self.positive(x))
        y: Tensor = self.straight(x) + (self.sign(bent) if self.sign else bent)
        return y


class FastExcite(nn.Module):
    """Squeeze-excite as 1x1 convolutions, so that nothing is reshaped."""

    def __init__(self, excite: SqueezeExcite) -> None:
        super().__init__()
        self.layers = nn.Sequential()
        for layer in excite.dense:
            if isinstance(layer, nn.Linear):
                dense = nn.Conv2d(layer.in_features, layer.out_features, 1)
                dense.weight.data = layer.weight.data[:, :, None, None]
                dense.bias = layer.bias
                self.layers.append(dense)
            else:
                self.layers.append(FastPReLU(cast(nn.PReLU, layer)))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(F.adaptive_avg_pool2d(x, 1)) * x
        return y


class FastNormalise(nn.Module):
    """Convert images (n, h, w, 3) uint8 to a network's input (n, 3, h, w) in one step."""

    gain: Tensor
    offset: Tensor

    def __init__(self, mean: Tensor, std: Tensor, scale: Tensor) -> None:
        super().__init__()
        gain = scale / std
        self.register_buffer("gain", gain.view(3, 1, 1))
        self.register_buffer("offset", (-mean * gain).view(3, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        return images.permute(0, 3, 1, 2).float() * self.gain + self.offset


def fast_conv(layer: ConvNormAct) -> nn.Sequential:
    """Return the fast form of a convolution with its normalisation and PReLU."""
    return nn.Sequential(fold(layer.conv, layer.norm), FastPReLU(layer.act))


def fast_down(down: Downsample) -> nn.Sequential:
    """Return the fast form of a downsampling step."""
    return nn.Sequential(
        down.depthwise,
        FastExcite(down.excite),
        fold(down.pointwise, down.norm),
        FastPReLU(down.act),
    )


class FastBlock(nn.Module):
    """S2 block with both normalisations folded in; the last commutes with the upsampling."""

    def __init__(self, block: S2Block) -> None:
        super().__init__()
        self.pool = block.pool
        self.depthwise = fold(block.depthwise, block.depthwise_norm)
        self.act = FastPReLU(block.act)
        self.pointwise = fold(block.pointwise, block.norm)

    def forward(self, x: Tensor) -> Tensor:
        if self.pool > 1:
            x = F.avg_pool2d(x, self.pool)
        return upsample(self.pointwise(self.act(self.depthwise(x))), self.pool)


class FastModule(nn.Module):
    """S2 module with the shuffle folded into the reducing convolution."""

    def __init__(self, module: S2Module, quick: Callable[[Any], nn.Module] = FastBlock) -> None:
        super().__init__()
        self.residual = module.residual
        self.reduce = shuffled_dense(module.reduce)
        self.blocks = nn.ModuleList(map(quick, module.blocks))
        self.post = FastPReLU(module.post.act, module.post.norm)

    def forward(self, x: Tensor) -> Tensor:
        reduced = self.reduce(x)
        y = torch.cat([block(reduced) for block in self.blocks], 1)
        out: Tensor = self.post(x + y if self.residual else y)
        return out


class FastSINet(nn.Module):
    """The function of `SINet.alpha`, arranged for onnxruntime."""

    def __init__(self, network: SINet) -> None:
        super().__init__()
        encoder = network.encoder
        self.normalise = FastNormalise(network.mean, network.std, network.scale)
        self.stem = fast_conv(encoder.stem)
        self.down2 = fast_down(encoder.down2)
        self.level2 = nn.Sequential(*(FastModule(cast(S2Module, m)) for m in encoder.level2))
        self.post2 = FastPReLU(encoder.post2.act, encoder.post2.norm)
        self.down3 = fast_down(encoder.down3)
        self.level3 = nn.Sequential(*(FastModule(cast(S2Module, m)) for m in encoder.level3))
        self.post3 = FastPReLU(encoder.post3.act, encoder.post3.norm)
        self.coarse = fold(encoder.classify, network.coarse_norm)
        self.detail = fast_conv(network.detail)
        self.fine_norm = scaling(*affine_of(network.fine_norm))
        self.classify = difference(network.classify)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        entry2 = self.down2(self.stem(self.normalise(images)))
        quarter = self.level2(entry2)
        entry3 = self.down3(self.post2(torch.cat([entry2, quarter], 1)))
        eighth = self.post3(torch.cat([entry3, self.level3(entry3)], 1))
        coarse = upsample(self.coarse(eighth), 2)
        # 1 - max of a two-class softmax is the logistic function of minus the margin.
        doubt = torch.sigmoid(-(coarse[:, 1:] - coarse[:, :1]).abs())
        half = upsample(self.fine_norm(doubt * self.detail(quarter) + coarse), 2)
        evidence = self.classify(upsample(half, 2)).squeeze(1)
        return torch.sigmoid(evidence), evidence


def difference(conv: nn.Conv2d) -> nn.Conv2d:
    """Return the convolution that gives the second output minus the first."""
    single = nn.Conv2d(conv.in_channels, 1, 3, padding=1, bias=False)
    single.weight.data = conv.weight.data[1:] - conv.weight.data[:1]
    return single
