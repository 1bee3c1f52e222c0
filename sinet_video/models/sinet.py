"""SINet, the portrait-segmentation network of arXiv 1911.09099, in torch.

Park, Sjoesund, Yoo, Monet, Bang, Kwak: "SINet: Extreme Lightweight Portrait Segmentation Networks
with Spatial Squeeze Modules and Information Blocking Decoder", WACV 2020.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sinet_video.errors import WeightsError
from sinet_video.models import registry
from sinet_video.models.network import Network
from sinet_video.models.sinet_reference import from_reference

STRIDE = 32
"""Input sides must be multiples of this: 8 for the encoder, times 4 for its most squeezed block."""

NORM_EPS = 1e-3
NORM_MOMENTUM = 0.1

# One (kernel, pool) pair for each of the two blocks of a module, as in table 1 of the paper.
Squeeze = tuple[tuple[int, int], tuple[int, int]]
LEVEL_2: tuple[Squeeze, ...] = (((3, 1), (5, 1)), ((3, 1), (3, 1)))
LEVEL_3: tuple[Squeeze, ...] = (
    ((3, 1), (5, 1)),
    ((3, 1), (3, 1)),
    ((5, 1), (3, 2)),
    ((5, 2), (3, 4)),
    ((3, 1), (3, 1)),
    ((5, 1), (5, 1)),
    ((3, 2), (3, 4)),
    ((3, 1), (5, 2)),
)


def batch_norm(channels: int) -> nn.BatchNorm2d:
    """Return a batch normalisation with the paper's constants."""
    return nn.BatchNorm2d(channels, eps=NORM_EPS, momentum=NORM_MOMENTUM)


def conv(inputs: int, outputs: int, kernel: int, *, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    """Return a convolution without bias that keeps the size."""
    return nn.Conv2d(
        inputs, outputs, kernel, stride, padding=kernel // 2, groups=groups, bias=False
    )


def upsample(x: Tensor, factor: int) -> Tensor:
    """Enlarge (n, c, h, w) bilinearly, with corners aligned."""
    if factor == 1:
        return x
    return F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=True)


class Upsample(nn.Module):
    """Enlarge bilinearly, as `upsample` does."""

    def __init__(self, factor: int) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        return upsample(x, self.factor)


def shuffle_channels(x: Tensor, groups: int) -> Tensor:
    """Interleave the channels of a grouped convolution's groups (ShuffleNet, arXiv 1707.01083).

    `x` is (n, channels, h, w).
    """
    count, channels, height, width = x.shape
    grouped = x.view(count, groups, channels // groups, height, width)
    return grouped.transpose(1, 2).reshape(x.shape)


def shuffled_matrix(weight: Tensor, groups: int) -> Tensor:
    """Return a grouped 1x1 convolution and its channel shuffle as one matrix, (outputs, inputs).

    `weight` is the convolution's, (outputs, inputs / groups, 1, 1). Most of the matrix is zero.
    """
    blocks = weight.view(groups, weight.shape[0] // groups, -1)
    dense = blocks.new_zeros(blocks.shape[1], groups, groups, blocks.shape[2])
    for group in range(groups):
        dense[:, group, group] = blocks[group]
    return dense.view(weight.shape[0], -1)


class GroupedReduce(nn.Conv2d):
    """A 1x1 convolution in two groups without bias, followed by a channel shuffle."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 1, groups=2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return shuffle_channels(super().forward(x), self.groups)


class NormAct(nn.Module):
    """Batch normalisation, then PReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = batch_norm(channels)
        self.act = nn.PReLU(channels)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.act(self.norm(x))
        return y


class ConvNormAct(NormAct):
    """Convolution, batch normalisation, PReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        super().__init__(outputs)
        self.conv = conv(inputs, outputs, kernel, stride=stride)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(self.conv(x))


class SqueezeExcite(nn.Module):
    """Scale each channel by a function of all channel means; unlike arXiv 1709.01507, unbounded."""

    def __init__(self, channels: int, bottleneck: int | None = None) -> None:
        super().__init__()
        widths = [channels, channels] if bottleneck is None else [channels, bottleneck, channels]
        self.dense = nn.Sequential()
        for inputs, outputs in pairwise(widths):
            self.dense.extend([nn.Linear(inputs, outputs), nn.PReLU(outputs)])

    def forward(self, x: Tensor) -> Tensor:
        # adaptive_avg_pool2d instead of mean(): when exported, it leaves the batch size free.
        means = F.adaptive_avg_pool2d(x, 1).flatten(1)
        gain: Tensor = self.dense(means)
        return gain[:, :, None, None] * x


class Downsample(NormAct):
    """Halve the size: depthwise 3x3 with stride 2, squeeze-excite, 1x1, norm, PReLU."""

    def __init__(self, inputs: int, outputs: int, bottleneck: int | None = None) -> None:
        super().__init__(outputs)
        self.depthwise = conv(inputs, inputs, 3, stride=2, groups=inputs)
        self.excite = SqueezeExcite(inputs, bottleneck)
        self.pointwise = conv(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(self.pointwise(self.excite(self.depthwise(x))))


class S2Block(nn.Module):
    """Spatial squeeze block: pool, depthwise convolution, 1x1, back to full size."""

    def __init__(self, channels: int, kernel: int, pool: int) -> None:
        super().__init__()
        self.pool = pool
        self.depthwise = conv(channels, channels, kernel, groups=channels)
        self.depthwise_norm = batch_norm(channels)
        self.act = nn.PReLU(channels)
        self.pointwise = conv(channels, channels, 1)
        self.enlarge = Upsample(pool)
        self.norm = batch_norm(channels)

    def forward(self, x: Tensor) -> Tensor:
        if self.pool > 1:
            x = F.avg_pool2d(x, self.pool)
        x = self.pointwise(self.act(self.depthwise_norm(self.depthwise(x))))
        y: Tensor = self.norm(self.enlarge(x))
        return y


Block = Callable[[int, int, int], nn.Module]
"""A function that makes a block from its channels, kernel and pool."""


class S2Module(nn.Module):
    """Two S2 blocks side by side on the same reduced input, with a residual if the widths match."""

    def __init__(self, inputs: int, outputs: int, squeeze: Squeeze, block: Block = S2Block) -> None:
        super().__init__()
        half = outputs // 2
        self.residual = inputs == outputs
        self.reduce = GroupedReduce(inputs, half)
        self.blocks = nn.ModuleList(block(half, kernel, pool) for kernel, pool in squeeze)
        self.post = NormAct(outputs)

    def forward(self, x: Tensor) -> Tensor:
        reduced = self.reduce(x)
        y = torch.cat([block(reduced) for block in self.blocks], 1)
        out: Tensor = self.post(x + y if self.residual else y)
        return out


def s2_modules(inputs: int, outputs: int, squeezes: tuple[Squeeze, ...]) -> nn.Sequential:
    """Return a level: a sequence of modules of one width."""
    widths = [inputs] + [outputs] * len(squeezes)
    return nn.Sequential(
        *(S2Module(a, b, s) for a, b, s in zip(widths[:-1], widths[1:], squeezes, strict=True))
    )


WIDEST = 1024
"""Most channels that a part may have."""


@dataclass(frozen=True)
class Widths:
    """Channels of the network's parts, all multiples of 4; as in the paper unless given.

    Raises `WeightsError` for other numbers, and for such that no network of this kind has.
    """

    stem: int = 12
    down2: int = 16
    level2: int = 48
    down3: int = 48
    bottleneck: int = 32
    level3: int = 96

    def __post_init__(self) -> None:
        for part, width in vars(self).items():
            if width % 4 or not 4 <= width <= WIDEST:
                raise WeightsError(
                    f"A SINet with {width} channels in {part} is not known; use multiples of 4 up "
                    f"to {WIDEST}."
                )

    @classmethod
    def of(cls, state: dict[str, Tensor]) -> Widths:
        """Return the widths of the network that a state dict belongs to."""
        outputs = {
            "stem": "stem.norm.weight",
            "down2": "down2.norm.weight",
            "level2": "level2.0.post.norm.weight",
            "down3": "down3.norm.weight",
            "bottleneck": "down3.excite.dense.0.bias",
            "level3": "level3.0.post.norm.weight",
        }
        names = {part: f"encoder.{name}" for part, name in outputs.items()}
        return cls(**{part: len(state[name]) for part, name in names.items() if name in state})


PAPER = Widths()
WIDE = Widths(stem=16, down2=32, level2=64, down3=96, bottleneck=48, level3=224)
"""A larger network, of 366,882 parameters, for some more than twice the time."""


class Encoder(nn.Module):
    """Three levels, down to an eighth of the size; 86,764 parameters in the paper's widths."""

    def __init__(self, widths: Widths = PAPER) -> None:
        super().__init__()
        stem, down2, level2, down3 = widths.stem, widths.down2, widths.level2, widths.down3
        self.stem = ConvNormAct(3, stem, 3, stride=2)
        self.down2 = Downsample(stem, down2)
        self.level2 = s2_modules(down2, level2, LEVEL_2)
        self.post2 = NormAct(down2 + level2)
        self.down3 = Downsample(down2 + level2, down3, widths.bottleneck)
        self.level3 = s2_modules(down3, widths.level3, LEVEL_3)
        self.post3 = NormAct(down3 + widths.level3)
        self.classify = conv(down3 + widths.level3, 2, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits, (n, 2, h/8, w/8), and features, (n, level2, h/4, w/4)."""
        entry2 = self.down2(self.stem(x))
        quarter = self.level2(entry2)
        entry3 = self.down3(self.post2(torch.cat([entry2, quarter], 1)))
        eighth = self.post3(torch.cat([entry3, self.level3(entry3)], 1))
        return self.classify(eighth), quarter


class SINet(Network):
    """The whole network: encoder and information-blocking decoder.

    In the paper's widths it has 86,910 parameters.

    It maps normalised RGB images (n, 3, h, w), with sides that are multiples of 32, to logits (n,
    2, h, w) of background and person. The buffers `mean` and `std` (8-bit units, RGB) and `scale`
    hold the normalisation, so that weights and preprocessing stay together.
    """

    architecture: ClassVar[registry.Architecture] = registry.SINET
    mean: Tensor
    std: Tensor
    scale: Tensor

    def __init__(self, widths: Widths = PAPER) -> None:
        super().__init__()
        self.widths = widths
        self.register_buffer("mean", torch.zeros(3))
        self.register_buffer("std", torch.full((3,), 255.0))
        self.register_buffer("scale", torch.tensor(1.0))
        self.encoder = Encoder(widths)
        self.enlarge = Upsample(2)
        self.coarse_norm = batch_norm(2)
        self.detail = ConvNormAct(widths.level2, 2, 1)
        self.fine_norm = batch_norm(2)
        self.classify = conv(2, 2, 3)

    def normalise(self, rgb: Tensor) -> Tensor:
        """Map RGB values in [0, 255], (n, 3, h, w), to the network's input, same shape."""
        gain = (self.scale / self.std).view(3, 1, 1)
        return (rgb - self.mean.view(3, 1, 1)) * gain

    def forward(self, x: Tensor) -> Tensor:
        return self.decode(*self.encoder(x))

    def decode(self, eighth: Tensor, quarter: Tensor) -> Tensor:
        """Map the encoder's results to logits at input size."""
        coarse = self.coarse_norm(self.enlarge(eighth))
        # Detail is only added where the coarse decision is uncertain (section 3.3 of the paper).
        doubt = 1 - coarse.softmax(1).amax(1, keepdim=True)
        half = self.fine_norm(self.enlarge(doubt * self.detail(quarter) + coarse))
        logits: Tensor = self.classify(self.enlarge(half))
        return logits

    def alpha(self, images: Tensor) -> Tensor:
        """Map RGB images (n, h, w, 3) uint8 to the person's probability (n, h, w) in [0, 1]."""
        rgb = images.permute(0, 3, 1, 2).to(self.mean.dtype)
        logits = self(self.normalise(rgb))
        return torch.sigmoid(logits[:, 1] - logits[:, 0])


def recognises(state: dict[str, Any]) -> bool:
    """Whether a state dict belongs to this network, under our names or the reference code's."""
    ours = "encoder.down3.depthwise.weight" in state
    return "level2_C.conv.weight" in state or (
        ours and "encoder.down4.depthwise.weight" not in state
    )


def from_state(state: dict[str, Any]) -> SINet:
    """Return the network with the weights of a state dict, ours or the reference code's."""
    if "encoder.level1.conv.weight" in state:
        state = from_reference(state)
    network = SINet(Widths.of(state))
    network.load_state_dict(state)
    return network
