"""Faster layers in C++ for training SINet on a CPU.

SINet's convolutions are so small that two thirds of a training step in torch go into batch
normalisation and PReLU, which only move memory. Here the two are one layer with two passes in each
direction (norm_act.h). Depthwise convolutions, upsampling and the last layer have kernels for
channels-last memory (depthwise.h, upsample.h, last_layer.h). Kernels take float32 and bfloat16.

If they cannot be built, training uses torch's own layers and takes longer. Results are equal up to
rounding. To end with the same weights bit for bit, a training has to be resumed on the same kind of
processor, and where `unavailable_reason` returns the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeGuard

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sinet_video.models.sinet import (
    NORM_MOMENTUM,
    GroupedReduce,
    NormAct,
    S2Block,
    SINet,
    SqueezeExcite,
    Upsample,
    shuffled_matrix,
)
from sinet_video.training.kernels.build import kernels

LAST = torch.channels_last

VECTOR = 8
"""Least number of channels of a layer that is replaced; no vector is wider."""

IMAGES = 16
"""From how many images torch prefers oneDNN for a 1x1 convolution on one thread."""


class FusedNorm(nn.BatchNorm2d):
    """Replaces a batch normalisation, and applies the PReLU after it too."""

    act: nn.PReLU | None
    flat: Tensor

    def __init__(self, norm: nn.BatchNorm2d, act: nn.PReLU | None) -> None:
        super().__init__(norm.num_features, norm.eps, norm.momentum)
        self.load_state_dict(norm.state_dict())
        self.weight, self.bias = norm.weight, norm.bias
        # Not a submodule, as its slopes already have a name in the state dict.
        object.__setattr__(self, "act", act)
        self.register_buffer("flat", torch.ones(norm.num_features), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        slope = self.flat if self.act is None else self.act.weight
        if not self.training:
            return F.prelu(super().forward(x), slope)
        self._check(x)
        out: Tensor = kernels().norm_act(
            x,
            self.weight,
            self.bias,
            slope,
            self.running_mean,
            self.running_var,
            self.eps,
            NORM_MOMENTUM,
        )
        assert self.num_batches_tracked is not None
        self.num_batches_tracked += 1
        return out

    def _check(self, x: Tensor) -> None:
        """Raise `ValueError` for rows that are not whole vectors."""
        fold = kernels().width // math.gcd(self.num_features, kernels().width)
        rows = x.numel() // self.num_features
        if rows % fold:
            raise ValueError(f"{rows} pixels cannot be taken {fold} at a time.")


class Done(nn.PReLU):
    """Keeps the slopes of a PReLU that the layer before it has already applied."""

    def __init__(self, act: nn.PReLU) -> None:
        super().__init__(act.num_parameters)
        self.weight = act.weight

    def forward(self, x: Tensor) -> Tensor:
        return x


class Pointwise(nn.Conv2d):
    """A 1x1 convolution over rows of channels, sharing its weight.

    oneDNN takes half as long for it as MKL's matrix product on an AMD processor. torch gives it to
    oneDNN only if there are `IMAGES` images or more, so the rows are cut into as many.
    """

    def __init__(self, whole: nn.Conv2d) -> None:
        super().__init__(whole.in_channels, whole.out_channels, 1, groups=whole.groups, bias=False)
        self.weight = whole.weight

    def forward(self, x: Tensor) -> Tensor:
        rows = x.contiguous(memory_format=LAST).permute(0, 2, 3, 1)
        few = min(self.in_channels, self.out_channels) < VECTOR
        if few or math.prod(rows.shape[:3]) % IMAGES:
            return F.linear(rows, self.matrix()).permute(0, 3, 1, 2)
        images = rows.reshape(IMAGES, -1, 1, self.in_channels).permute(0, 3, 1, 2)
        y = F.conv2d(images, self.matrix()[..., None, None]).permute(0, 2, 3, 1)
        return y.reshape(*rows.shape[:3], self.out_channels).permute(0, 3, 1, 2)

    def matrix(self) -> Tensor:
        """Return the weight, (outputs, inputs)."""
        return self.weight.flatten(1)

    @staticmethod
    def can_be(layer: nn.Module) -> TypeGuard[nn.Conv2d]:
        """Return whether a layer is a 1x1 convolution of all channels."""
        return type(layer) is nn.Conv2d and layer.kernel_size == (1, 1) and layer.groups == 1


class ShuffledPointwise(Pointwise):
    """A grouped 1x1 convolution and the shuffle after it."""

    def matrix(self) -> Tensor:
        """Return the weight, (outputs, inputs)."""
        return shuffled_matrix(self.weight, self.groups)


class Depthwise(nn.Conv2d):
    """A depthwise convolution of 3x3 or 5x5, sharing its weight."""

    def __init__(self, whole: nn.Conv2d) -> None:
        channels, kernel, stride = whole.in_channels, whole.kernel_size[0], whole.stride[0]
        super().__init__(
            channels, channels, kernel, stride, kernel // 2, groups=channels, bias=False
        )
        self.weight = whole.weight

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        y: Tensor = kernels().depthwise(x, self.weight, self.stride[0])
        return y

    @staticmethod
    def can_be(layer: nn.Module) -> TypeGuard[nn.Conv2d]:
        """Return whether the kernels support a layer: its size, stride and number of channels."""
        return type(layer) is nn.Conv2d and (
            layer.kernel_size in ((3, 3), (5, 5))
            and layer.stride in ((1, 1), (2, 2))
            and layer.padding == (layer.kernel_size[0] // 2,) * 2
            and layer.dilation == (1, 1)
            and layer.bias is None
            and layer.groups == layer.in_channels == layer.out_channels >= VECTOR
        )


class LastLayer(nn.Conv2d):
    """A 3x3 convolution from two channels to two, sharing its weight."""

    def __init__(self, whole: nn.Conv2d) -> None:
        super().__init__(2, 2, 3, padding=1, bias=False)
        self.weight = whole.weight

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        y: Tensor = kernels().last_layer(x, self.weight)
        return y

    @staticmethod
    def can_be(layer: nn.Module) -> TypeGuard[nn.Conv2d]:
        """Return whether a layer is such a convolution."""
        return type(layer) is nn.Conv2d and (
            layer.in_channels == layer.out_channels == 2
            and layer.kernel_size == (3, 3)
            and layer.stride == layer.dilation == layer.padding == (1, 1)
            and layer.bias is None
            and layer.groups == 1
        )


class FusedUpsample(Upsample):
    """Upsamples channels-last tensors."""

    def forward(self, x: Tensor) -> Tensor:
        if self.factor == 1 or not self.training:
            return super().forward(x)
        y: Tensor = kernels().upsample(x, self.factor)
        return y


class Excite(SqueezeExcite):
    """Squeeze-excite whose gains are computed in float32 in autocast too; it shares its layers."""

    def __init__(self, whole: SqueezeExcite) -> None:
        nn.Module.__init__(self)
        self.dense = whole.dense

    def forward(self, x: Tensor) -> Tensor:
        means = F.adaptive_avg_pool2d(x, 1).flatten(1)
        with torch.autocast(x.device.type, enabled=False):
            gain: Tensor = self.dense(means.float())
        return gain.to(x.dtype)[:, :, None, None] * x


def fuse(network: SINet) -> SINet:
    """Replace layers by faster ones, and return the same network; names and values stay."""
    for parent in list(network.modules()):
        if isinstance(parent, NormAct):
            parent.norm, parent.act = FusedNorm(parent.norm, parent.act), Done(parent.act)
        elif isinstance(parent, S2Block):
            parent.depthwise_norm = FusedNorm(parent.depthwise_norm, parent.act)
            parent.act = Done(parent.act)
        for name, child in list(parent.named_children()):
            setattr(parent, name, _faster(child))
    return network


def _faster(layer: nn.Module) -> nn.Module:
    for fits, faster in FASTER:
        if fits(layer):
            return faster(layer)
    return layer


FASTER: tuple[tuple[Callable[[Any], bool], Callable[[Any], nn.Module]], ...] = (
    (lambda layer: type(layer) is nn.BatchNorm2d, lambda norm: FusedNorm(norm, None)),
    (lambda layer: type(layer) is GroupedReduce, ShuffledPointwise),
    (lambda layer: type(layer) is SqueezeExcite, Excite),
    (lambda layer: type(layer) is Upsample, lambda layer: FusedUpsample(layer.factor)),
    (Pointwise.can_be, Pointwise),
    (Depthwise.can_be, Depthwise),
    (LastLayer.can_be, LastLayer),
)
"""What a layer has to be, and what replaces it."""
