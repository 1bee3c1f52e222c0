"""The Cityscapes network rewritten, exactly, for speed in onnxruntime; see `export_sinet`."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sinet_video.models.cityscapes_classes import CLASSES, STEP
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
    signed,
    upright,
)
from sinet_video.models.export_sinet import FastBlock, FastLevel
from sinet_video.models.onnx.trace import OPSET, traced
from sinet_video.models.sinet import S2Block, upsample
from sinet_video.models.sinet_cityscapes import CityscapesSINet, CrossBlock, enlarge


def fast(
    network: CityscapesSINet, *, size: tuple[int, int] | None = None, opset: int = OPSET
) -> bytes:
    """Return the fast graph of the Cityscapes network.

    Inputs: `image`, RGB (n, h, w, 3) uint8 with sides that are multiples of 128, and `wanted`,
    (19,) float32 with 1 for each class that counts and 0 for the others. Output: `alpha`, the
    probability of the wanted classes, (n, h/2, w/2) float32 in [0, 1]. With `size`, (width,
    height), n is 1 and h and w are fixed.
    """
    width, height = size or (3 * STEP, 2 * STEP)
    images = torch.zeros(1, height, width, 3, dtype=torch.uint8)
    inputs = {"image": images, "wanted": torch.ones(len(CLASSES))}
    axes = {} if size else {0: "n", 1: "rows", 2: "columns"}
    return traced(FastCityscapes(network), inputs, {"alpha": axes}, opset)


class FastCross(nn.Module):
    """Crossed block with all normalisations folded in; see `FastBlock`."""

    def __init__(self, block: CrossBlock, signs: Tensor) -> None:
        super().__init__()
        self.pool = block.pool
        self.vertical = fold(block.vertical, block.vertical_norm)
        self.horizontal = fold(block.horizontal, block.horizontal_norm)
        self.act = fast_prelu(block.act)
        self.pointwise = signed(reading(fold(block.pointwise, block.norm), self.act.signs), signs)

    def forward(self, x: Tensor) -> Tensor:
        if self.pool > 1:
            x = F.avg_pool2d(x, self.pool)
        crossed = self.act(self.vertical(x) + self.horizontal(x))
        return upsample(self.pointwise(crossed), self.pool)


def fast_block(block: nn.Module, signs: Tensor) -> nn.Module:
    """Return the fast form of either kind of block, with these signs of its output."""
    if isinstance(block, CrossBlock):
        return FastCross(block, signs)
    return FastBlock(cast(S2Block, block), signs)


def corners(conv: nn.ConvTranspose2d) -> nn.Conv2d:
    """Return a transposed 2x2 convolution of stride 2 as a 1x1 convolution.

    Its channels are grouped by corner: top left, top right, bottom left, bottom right.
    """
    dense = nn.Conv2d(conv.in_channels, 4 * conv.out_channels, 1, bias=False)
    by_corner = conv.weight.data.permute(2, 3, 1, 0)
    dense.weight.data = by_corner.reshape(dense.weight.shape).clone()
    return dense


class FastEncoder(nn.Module):
    """The encoder, from 8-bit images, with the decoder's normalisation of its logits folded in."""

    def __init__(self, network: CityscapesSINet) -> None:
        super().__init__()
        encoder = network.encoder
        self.stem = FastStem(encoder.stem, network.mean, network.scale / network.std)
        self.down2 = FastDown(encoder.down2, self.stem.signs)
        self.upright = upright(self.down2.signs)
        self.down3 = FastDown(encoder.down3, self.down2.signs)
        self.level3 = FastLevel(encoder.level3, [self.down3.signs], fast_block)
        signs = torch.cat([self.down3.signs, *self.level3.signs])
        self.post3 = fast_prelu(encoder.post3.act, encoder.post3.norm, signs)
        self.down4 = FastDown(encoder.down4, self.post3.signs)
        self.level4 = FastLevel(encoder.level4, [self.down4.signs], fast_block)
        entries = [self.down4.signs, *self.level4.signs]
        self.post4, entries = fast_prelus(encoder.post4.act, encoder.post4.norm, entries)
        self.classify = FastSum(fold(encoder.classify, network.coarse_norm), entries)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        quarter = self.down2(self.stem(images))
        entry3 = self.down3(quarter)
        eighth = self.level3([entry3])
        entry4 = self.down4(self.post3(joined([entry3, *eighth])))
        parts = [entry4, *self.level4([entry4])]
        sixteenth = [act(x) for act, x in zip(self.post4, parts, strict=True)]
        return self.classify(sixteenth), joined(eighth), self.upright(quarter)


class FastCityscapes(nn.Module):
    """The function of `CityscapesSINet.alpha`, arranged for onnxruntime."""

    def __init__(self, network: CityscapesSINet) -> None:
        super().__init__()
        self.encoder = FastEncoder(network)
        self.detail = FastConv(network.detail, torch.cat(self.encoder.level3.signs))
        self.upright = upright(self.detail.signs)
        self.fine_norm = scaling(*affine_of(network.fine_norm))
        self.classify = corners(network.classify)

    def forward(self, images: Tensor, wanted: Tensor) -> Tensor:
        sixteenth, eighth, quarter = self.encoder(images)
        coarse = enlarge(sixteenth)
        detail = self.upright(self.detail(eighth))
        fine = self.fine_norm(enlarge(fast_doubt(coarse) * detail + coarse))
        logits = self.classify(fast_doubt(fine) * quarter + fine)
        # Summing over the classes before interleaving the corners leaves a 19th of the values to
        # move.
        alpha = torch.cat([share(corner, wanted) for corner in logits.chunk(4, 1)], 1)
        return F.pixel_shuffle(alpha, 2).squeeze(1)


def raised(logits: Tensor) -> Tensor:
    """Return exponentials of (n, c, h, w), scaled to a largest value of 1 at each point."""
    return torch.exp(logits - logits.amax(1, keepdim=True))


def fast_doubt(logits: Tensor) -> Tensor:
    """Return `sinet_cityscapes.doubt` without a softmax, which onnxruntime would transpose for.

    Logits are (n, classes, h, w).
    """
    return 1 - 1 / raised(logits).sum(1, keepdim=True)


def share(logits: Tensor, wanted: Tensor) -> Tensor:
    """Return the wanted classes' probability, (n, 1, h, w), from logits (n, classes, h, w)."""
    parts = raised(logits)
    return F.conv2d(parts, wanted.view(1, -1, 1, 1)) / parts.sum(1, keepdim=True)
