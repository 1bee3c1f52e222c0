"""Layers rewritten, exactly, into what onnxruntime runs fastest.

onnxruntime keeps the channels of convolutions in blocks. A layer that does not know that layout, or
channels that do not fill a block, cost a change of layout, which takes as long as the layer itself.
onnxruntime does not vectorise PReLU; `FastPReLU` makes it of convolutions. What it saves by that
needs **signs**: channels that are computed negated, so that whoever reads them must negate them.
A layer takes the signs of its input, (channels,) of 1 and -1, and has those of its output in
`signs`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sinet_video.models.sinet import (
    ConvNormAct,
    Downsample,
    SqueezeExcite,
    shuffled_matrix,
)


def affine_of(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Return the gain and offset, (channels,) each, of a trained batch normalisation."""
    mean, variance = cast(Tensor, norm.running_mean), cast(Tensor, norm.running_var)
    gain = norm.weight / torch.sqrt(variance + norm.eps)
    return gain.detach(), (norm.bias - mean * gain).detach()


def with_affine(conv: nn.Conv2d, gain: Tensor, offset: Tensor) -> nn.Conv2d:
    """Return the convolution followed by `x * gain + offset`, (outputs,) each, as one."""
    whole = nn.Conv2d(
        conv.in_channels,
        conv.out_channels,
        cast(tuple[int, int], conv.kernel_size),
        cast(tuple[int, int], conv.stride),
        cast(tuple[int, int], conv.padding),
        groups=conv.groups,
    )
    whole.weight.data = conv.weight.data * gain.view(-1, 1, 1, 1)
    whole.bias = nn.Parameter(offset if conv.bias is None else conv.bias.data * gain + offset)
    return whole


def fold(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> nn.Conv2d:
    """Return one convolution with bias that does the work of both."""
    return with_affine(conv, *affine_of(norm))


def signed(conv: nn.Conv2d, signs: Tensor) -> nn.Conv2d:
    """Return the convolution with its outputs times these signs."""
    return with_affine(conv, signs, torch.zeros_like(signs))


def reading(conv: nn.Conv2d, factors: Tensor) -> nn.Conv2d:
    """Return the convolution, dense or depthwise, of inputs times these factors, one a channel."""
    read = with_affine(conv, torch.ones(conv.out_channels), torch.zeros(conv.out_channels))
    axis = (1, -1, 1, 1) if conv.groups == 1 else (-1, 1, 1, 1)
    read.weight.data = read.weight.data * factors.view(axis)
    return read


def shuffled_dense(conv: nn.Conv2d) -> nn.Conv2d:
    """Return a grouped 1x1 convolution and its channel shuffle as one dense 1x1 convolution."""
    dense = nn.Conv2d(conv.in_channels, conv.out_channels, 1, bias=False)
    dense.weight.data = shuffled_matrix(conv.weight.data, conv.groups)[:, :, None, None]
    return dense


def scaling(gain: Tensor, offset: Tensor) -> nn.Conv2d:
    """Return `x * gain + offset`, per channel, as a depthwise 1x1 convolution.

    Unlike a multiplication it stays in the blocked layout. Gain and offset are (channels,).
    """
    channels = gain.numel()
    conv = nn.Conv2d(channels, channels, 1, groups=channels)
    conv.weight.data = gain.reshape(channels, 1, 1, 1).clone()
    conv.bias = nn.Parameter(offset.clone())
    return conv


class FastPReLU(nn.Module):
    """PReLU after a gain and an offset per channel, of two convolutions; exact for every slope.

    `prelu(x) = slope * x + (1 - slope) * relu(x)`, and a non-negative factor can move inside relu.
    onnxruntime adds the second term while it computes the first. Where the slope is above 1 the
    factor is negative, so those channels are computed negated; `signs` tells.
    """

    def __init__(self, slope: Tensor, gain: Tensor, offset: Tensor) -> None:
        super().__init__()
        bend = 1 - slope
        self.signs = torch.where(bend < 0, -torch.ones_like(bend), torch.ones_like(bend))
        straight = slope * self.signs
        self.straight = scaling(straight * gain, straight * offset)
        self.positive = scaling(bend.abs() * gain, bend.abs() * offset)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.straight(x) + F.relu(self.positive(x))
        return y


def fast_prelu(
    act: nn.PReLU, norm: nn.BatchNorm2d | None = None, signs: Tensor | None = None
) -> FastPReLU:
    """Return the fast form of a PReLU, after a normalisation, on inputs with signs."""
    slope = act.weight.detach()
    gain, offset = affine_of(norm) if norm else (torch.ones_like(slope), torch.zeros_like(slope))
    return FastPReLU(slope, gain if signs is None else gain * signs, offset)


def fast_prelus(
    act: nn.PReLU, norm: nn.BatchNorm2d, signs: Sequence[Tensor]
) -> tuple[nn.ModuleList, list[Tensor]]:
    """Return a normalisation and PReLU for each part of its channels, and their signs."""
    widths = [part.numel() for part in signs]
    columns = (act.weight.detach(), *affine_of(norm))
    slopes, gains, offsets = (torch.split(column, widths) for column in columns)
    parts = [
        FastPReLU(slope, gain * sign, offset)
        for slope, gain, offset, sign in zip(slopes, gains, offsets, signs, strict=True)
    ]
    return nn.ModuleList(parts), [part.signs for part in parts]


class FastSum(nn.Module):
    """A dense convolution of channels that come in parts.

    onnxruntime adds the parts up while it computes them; a concatenation would be a pass more.
    """

    def __init__(self, conv: nn.Conv2d, signs: Sequence[Tensor]) -> None:
        super().__init__()
        read = reading(conv, torch.cat(list(signs)))
        weights = torch.split(read.weight.data, [part.numel() for part in signs], 1)
        self.parts = nn.ModuleList(
            nn.Conv2d(weight.shape[1], conv.out_channels, 1, bias=False) for weight in weights
        )
        for part, weight in zip(self.parts, weights, strict=True):
            cast(nn.Conv2d, part).weight.data = weight.clone()
        cast(nn.Conv2d, self.parts[0]).bias = read.bias

    def forward(self, parts: Sequence[Tensor]) -> Tensor:
        y: Tensor = self.parts[0](parts[0])
        for part, x in zip(list(self.parts)[1:], parts[1:], strict=True):
            y = part(x) + y
        return y


class FastExcite(nn.Module):
    """Squeeze-excite as 1x1 convolutions, so that nothing is reshaped."""

    def __init__(self, excite: SqueezeExcite) -> None:
        super().__init__()
        self.layers = nn.Sequential()
        signs = torch.tensor(1.0)
        layers = list(excite.dense)
        for dense, act in zip(layers[::2], layers[1::2], strict=True):
            linear, bent = cast(nn.Linear, dense), fast_prelu(cast(nn.PReLU, act))
            layer = nn.Conv2d(linear.in_features, linear.out_features, 1)
            layer.weight.data = (linear.weight.data * signs)[:, :, None, None].clone()
            layer.bias = linear.bias
            self.layers.extend([layer, bent])
            signs = bent.signs
        self.signs = signs

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(F.adaptive_avg_pool2d(x, 1)) * x
        return y


class FastDown(nn.Module):
    """The fast form of a downsampling step."""

    def __init__(self, down: Downsample, signs: Tensor) -> None:
        super().__init__()
        self.depthwise = reading(down.depthwise, signs)
        self.excite = FastExcite(down.excite)
        self.pointwise = reading(fold(down.pointwise, down.norm), self.excite.signs)
        self.act = fast_prelu(down.act)
        self.signs = self.act.signs

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.act(self.pointwise(self.excite(self.depthwise(x))))
        return y


class FastConv(nn.Module):
    """The fast form of a convolution with its normalisation and PReLU.

    `factors`, one a channel, are what its input lacks: signs, or the gain of a normalisation.
    """

    def __init__(self, layer: ConvNormAct, factors: Tensor) -> None:
        super().__init__()
        self.conv = reading(fold(layer.conv, layer.norm), factors)
        self.act = fast_prelu(layer.act)
        self.signs = self.act.signs

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.act(self.conv(x))
        return y


class FastStem(nn.Module):
    """A network's first layer, 3x3 of stride 2, from images (n, h, w, 3) uint8 as they are stored.

    A row of RGB is one channel that is three times as wide, so that nothing is transposed. Inputs
    are normalised by `(rgb - mean) * gain`, (3,) each.
    """

    mean: Tensor

    def __init__(self, layer: ConvNormAct, mean: Tensor, gain: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean.clone())
        whole = FastConv(layer, gain)
        self.act, self.signs = whole.act, whole.signs
        self.conv = nn.Conv2d(1, whole.conv.out_channels, (3, 9), (2, 6), (1, 3))
        self.conv.weight.data = whole.conv.weight.data.permute(0, 2, 3, 1).flatten(2)[:, None]
        self.conv.bias = whole.conv.bias

    def forward(self, images: Tensor) -> Tensor:
        count, height, width, _ = images.shape
        rows = images.reshape(count, 1, height, -1).to(self.mean.dtype)
        y: Tensor = self.act(self.conv(rows - self.mean.expand(width, 3).reshape(-1)))
        return y


def joined(parts: Sequence[Tensor]) -> Tensor:
    """Return the parts of the channels, (n, channels, h, w) each, as one tensor."""
    return parts[0] if len(parts) == 1 else torch.cat(list(parts), 1)


def upright(signs: Tensor) -> nn.Module:
    """Return the layer that takes the signs off a tensor; nothing where there are none."""
    if (signs > 0).all():
        return nn.Identity()
    return scaling(signs, torch.zeros_like(signs))
