"""SINet for street scenes, in torch: the 19 classes of Cityscapes instead of one person.

As released by the paper's authors (github.com/clovaai/c3_sinet). It differs from the portrait
network of `sinet` by one more downsampling, by blocks of two crossed line kernels, and by a decoder
that blocks information twice and whose output is half the input size.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sinet_video.models import registry
from sinet_video.models.cityscapes_classes import CLASSES
from sinet_video.models.network import Network
from sinet_video.models.sinet import (
    ConvNormAct,
    Downsample,
    NormAct,
    S2Block,
    S2Module,
    Squeeze,
    batch_norm,
    conv,
    upsample,
)
from sinet_video.models.sinet_reference import REFERENCE_NAMES, Names, renamed

MEAN = (123.675, 116.28, 103.53)
STD = (58.395, 57.12, 57.375)
"""Constants that the released weights were trained with, in 8-bit units: ImageNet's, RGB."""

CITYSCAPES_NAMES: Names = (
    (r"^bn_4\.", "coarse_norm."),
    (r"^level3_C\.", "detail."),
    (r"^bn_3\.", "fine_norm."),
    (r"^classifier\.", "classify."),
    *REFERENCE_NAMES,
)

WHOLE = 0
"""Instead of a pool: an undivided square kernel at full size."""

LEVEL_3: tuple[Squeeze, ...] = (((3, 1), (5, 1)), ((3, WHOLE), (3, 1)), ((3, WHOLE), (3, 1)))
LEVEL_4_NARROW: tuple[Squeeze, ...] = (
    ((3, 1), (5, 1)),
    ((3, WHOLE), (3, 1)),
    ((5, 1), (5, 4)),
    ((3, 2), (5, 8)),
    ((3, 1), (5, 1)),
)
LEVEL_4_WIDE: tuple[Squeeze, ...] = (
    ((3, 1), (5, 1)),
    ((3, WHOLE), (3, 1)),
    ((5, 1), (5, 8)),
    ((3, 2), (5, 4)),
    ((3, WHOLE), (5, 2)),
)


class CrossBlock(nn.Module):
    """Spatial squeeze block whose kernel is a column and a row, each normalised, then summed."""

    def __init__(self, channels: int, kernel: int, pool: int) -> None:
        super().__init__()
        self.pool = pool
        self.vertical = _line(channels, (kernel, 1))
        self.vertical_norm = batch_norm(channels)
        self.horizontal = _line(channels, (1, kernel))
        self.horizontal_norm = batch_norm(channels)
        self.act = nn.PReLU(channels)
        self.pointwise = conv(channels, channels, 1)
        self.norm = batch_norm(channels)

    def forward(self, x: Tensor) -> Tensor:
        if self.pool > 1:
            x = F.avg_pool2d(x, self.pool)
        crossed = self.vertical_norm(self.vertical(x)) + self.horizontal_norm(self.horizontal(x))
        y: Tensor = self.norm(upsample(self.pointwise(self.act(crossed)), self.pool))
        return y


def _line(channels: int, kernel: tuple[int, int]) -> nn.Conv2d:
    padding = (kernel[0] // 2, kernel[1] // 2)
    return nn.Conv2d(channels, channels, kernel, padding=padding, groups=channels, bias=False)


def block(channels: int, kernel: int, pool: int) -> nn.Module:
    """Return the block described by a pair of the tables above."""
    return S2Block(channels, kernel, 1) if pool == WHOLE else CrossBlock(channels, kernel, pool)


def level(widths: list[int], squeezes: tuple[Squeeze, ...]) -> nn.Sequential:
    """Return a sequence of modules; `widths` has one more entry than there are modules."""
    return nn.Sequential(
        *(
            S2Module(inputs, outputs, squeeze, block)
            for inputs, outputs, squeeze in zip(widths[:-1], widths[1:], squeezes, strict=True)
        )
    )


class Encoder(nn.Module):
    """Four levels, down to a sixteenth of the size."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.stem = ConvNormAct(3, 16, 3, stride=2)
        self.down2 = Downsample(16, classes)
        self.down3 = Downsample(classes, 24)
        self.level3 = level([24] + [60] * 3, LEVEL_3)
        self.post3 = NormAct(84)
        self.down4 = Downsample(84, 60, bottleneck=42)
        self.level4 = level([60] + [84] * 5 + [108] * 5, LEVEL_4_NARROW + LEVEL_4_WIDE)
        self.post4 = NormAct(168)
        self.classify = conv(168, classes, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return logits at a sixteenth, features (60) at an eighth, and (classes) at a quarter."""
        quarter = self.down2(self.stem(x))
        entry3 = self.down3(quarter)
        eighth = self.level3(entry3)
        entry4 = self.down4(self.post3(torch.cat([entry3, eighth], 1)))
        sixteenth = self.post4(torch.cat([entry4, self.level4(entry4)], 1))
        return self.classify(sixteenth), eighth, quarter


class CityscapesSINet(Network):
    """The whole network: encoder and twice-blocking decoder, 119,418 parameters.

    It maps normalised RGB images (n, 3, h, w), with sides that are multiples of 128, to logits (n,
    19, h/2, w/2) of the classes of `cityscapes_classes.CLASSES`. As in `sinet.SINet`, the buffers
    `mean` and `std` (8-bit units, RGB) and `scale` hold the normalisation.
    """

    architecture: ClassVar[registry.Architecture] = registry.CITYSCAPES
    mean: Tensor
    std: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(MEAN))
        self.register_buffer("std", torch.tensor(STD))
        self.register_buffer("scale", torch.tensor(1.0))
        count = len(CLASSES)
        self.encoder = Encoder(count)
        self.coarse_norm = batch_norm(count)
        self.detail = ConvNormAct(60, count, 1)
        self.fine_norm = batch_norm(count)
        self.classify = nn.ConvTranspose2d(count, count, 2, stride=2, bias=False)

    def normalise(self, rgb: Tensor) -> Tensor:
        """Map RGB values in [0, 255], (n, 3, h, w), to the network's input, same shape."""
        gain = (self.scale / self.std).view(3, 1, 1)
        return (rgb - self.mean.view(3, 1, 1)) * gain

    def forward(self, x: Tensor) -> Tensor:
        sixteenth, eighth, quarter = self.encoder(x)
        coarse = self.coarse_norm(enlarge(sixteenth))
        fine = self.fine_norm(enlarge(doubt(coarse) * self.detail(eighth) + coarse))
        logits: Tensor = self.classify(doubt(fine) * quarter + fine)
        return logits

    def alpha(self, images: Tensor, wanted: Tensor) -> Tensor:
        """Map RGB images (n, h, w, 3) uint8 to the probability of the wanted classes.

        `wanted` is (19,): 1 for a class that counts, 0 for one that does not. The result is (n,
        h/2, w/2) in [0, 1].
        """
        rgb = images.permute(0, 3, 1, 2).to(self.mean.dtype)
        probabilities = self(self.normalise(rgb)).softmax(1)
        alpha: Tensor = (probabilities * wanted.view(1, -1, 1, 1)).sum(1)
        return alpha.clamp(0, 1)


def enlarge(x: Tensor) -> Tensor:
    """Double (n, c, h, w) bilinearly, with pixels as areas, unlike `sinet.upsample`."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def doubt(logits: Tensor) -> Tensor:
    """Return the uncertainty of the classes of (n, c, h, w): 1 minus the largest probability."""
    return 1 - logits.softmax(1).amax(1, keepdim=True)


def recognises(state: dict[str, Any]) -> bool:
    """Whether a state dict belongs to this network, under our names or the reference code's."""
    return "level3_C.conv.weight" in state or "encoder.down4.depthwise.weight" in state


def from_state(state: dict[str, Any]) -> CityscapesSINet:
    """Return the network with the weights of a state dict, ours or the reference code's."""
    network = CityscapesSINet()
    reference = "encoder.level1.conv.weight" in state
    network.load_state_dict(from_cityscapes_reference(state) if reference else state)
    return network


def from_cityscapes_reference(state: dict[str, Any]) -> dict[str, Any]:
    """Convert the reference code's state dict of the Cityscapes network, also for RGB, to ours."""
    ours = renamed(state, CITYSCAPES_NAMES)
    ours["mean"] = torch.tensor(MEAN)
    ours["std"] = torch.tensor(STD)
    ours["scale"] = torch.tensor(1.0)
    return ours
