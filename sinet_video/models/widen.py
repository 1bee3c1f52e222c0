"""A trained SINet made wider without a change of its function, as the start of a training.

Chen, Goodfellow, Shlens: "Net2Net: Accelerating Learning via Knowledge Transfer", arXiv 1511.05641.
Some channels are doubled. What reads a doubled channel divides its weight at random among the
copies, so that training drives them apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sinet_video.errors import SettingError
from sinet_video.models.sinet import (
    PAPER,
    WIDE,
    Downsample,
    NormAct,
    S2Block,
    S2Module,
    SINet,
    SqueezeExcite,
    Widths,
)

WIDTHS = {"paper": PAPER, "wide": WIDE}
"""Widths that have a name."""

GROUPS = 2
"""Groups of the reducing convolution; a channel's copy stays in its group."""


def widened(network: SINet, widths: Widths, seed: int = 0) -> SINet:
    """Return a network of these widths with the same function, up to rounding.

    Raises `SettingError` if the network is wider anywhere.
    """
    if network.widths == widths:
        return network
    for part, width in vars(widths).items():
        if (own := getattr(network.widths, part)) > width:
            raise SettingError(
                f"The weights have {own} channels in {part}, more than {width}; a network can be "
                "made wider, not narrower."
            )
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        wide = SINet(widths)
        _Widening(network, wide).run()
    return wide.train(network.training)


def _copies(old: int, new: int) -> Tensor:
    """Return which old channel each new one is: all of them, then some again."""
    again = [torch.randperm(old) for _ in range(-(-new // old) - 1)]
    return torch.cat([torch.arange(old), *again])[:new]


def _grouped_copies(old: int, new: int) -> Tensor:
    """Return the same for channels in groups, one after another."""
    old, new = old // GROUPS, new // GROUPS
    return torch.cat([_copies(old, new) + group * old for group in range(GROUPS)])


def _side_by_side(copies: Sequence[Tensor], olds: Sequence[int]) -> Tensor:
    """Return the copies of concatenated channels; `olds` are the old numbers of each part."""
    offsets = [sum(olds[:index]) for index in range(len(olds))]
    return torch.cat([each + offset for each, offset in zip(copies, offsets, strict=True)])


def _divided(weight: Tensor, outputs: Tensor, inputs: Tensor) -> Tensor:
    """Return a dense weight, (outputs, inputs, ...), for copies of both.

    The shares of an input's copies add up to 1, for each output by itself.
    """
    shares = torch.rand(len(outputs), len(inputs)) + 0.5
    sums = torch.zeros(len(outputs), weight.shape[1]).index_add_(1, inputs, shares)
    shares /= sums[:, inputs]
    return weight[outputs][:, inputs] * shares.view(*shares.shape, *[1] * (weight.dim() - 2))


class _Widening:
    """Copies weights from one network to a wider one, from the first layer to the last."""

    def __init__(self, old: SINet, new: SINet) -> None:
        self.old, self.new = old, new

    def run(self) -> None:
        old, new = self.old.encoder, self.new.encoder
        a, b = self.old.widths, self.new.widths
        rgb, both = torch.arange(3), torch.arange(2)
        stem = _copies(a.stem, b.stem)
        entry2 = _grouped_copies(a.down2, b.down2)
        level2 = _grouped_copies(a.level2, b.level2)
        entry3 = _grouped_copies(a.down3, b.down3)
        level3 = _grouped_copies(a.level3, b.level3)
        quarter = _side_by_side([entry2, level2], [a.down2, a.level2])
        eighth = _side_by_side([entry3, level3], [a.down3, a.level3])
        _dense(old.stem.conv, new.stem.conv, stem, rgb)
        _norm_act(old.stem, new.stem, stem)
        _downsample(old.down2, new.down2, entry2, stem)
        _level(old.level2, new.level2, level2, entry2)
        _norm_act(old.post2, new.post2, quarter)
        _downsample(old.down3, new.down3, entry3, quarter)
        _level(old.level3, new.level3, level3, entry3)
        _norm_act(old.post3, new.post3, eighth)
        _dense(old.classify, new.classify, both, eighth)
        _dense(self.old.detail.conv, self.new.detail.conv, both, level2)
        _norm_act(self.old.detail, self.new.detail, both)
        for name in ("mean", "std", "scale"):
            getattr(self.new, name).copy_(getattr(self.old, name))
        for name in ("coarse_norm", "fine_norm", "classify"):
            getattr(self.new, name).load_state_dict(getattr(self.old, name).state_dict())


def _dense(old: nn.Module, new: nn.Module, outputs: Tensor, inputs: Tensor) -> None:
    """Copy a dense convolution or a linear layer."""
    assert isinstance(old.weight, Tensor)
    assert isinstance(new.weight, Tensor)
    new.weight.copy_(_divided(old.weight, outputs, inputs))
    if isinstance(old, nn.Linear) and isinstance(new, nn.Linear):
        new.bias.copy_(old.bias[outputs])


def _each(old: nn.Module, new: nn.Module, copies: Tensor) -> None:
    """Copy a layer that treats each channel by itself: its values have the channels first."""
    state = old.state_dict()
    new.load_state_dict({name: x[copies] if x.dim() else x for name, x in state.items()})


def _norm_act(old: NormAct, new: NormAct, copies: Tensor) -> None:
    _each(old.norm, new.norm, copies)
    _each(old.act, new.act, copies)


def _excite(old: SqueezeExcite, new: SqueezeExcite, channels: Tensor) -> None:
    inputs, last = channels, len(old.dense) - 2
    for index in range(0, len(old.dense), 2):
        one, other = old.dense[index], new.dense[index]
        assert isinstance(one, nn.Linear)
        assert isinstance(other, nn.Linear)
        bottleneck = _copies(one.out_features, other.out_features)
        outputs = channels if index == last else bottleneck
        _dense(one, other, outputs, inputs)
        _each(old.dense[index + 1], new.dense[index + 1], outputs)
        inputs = outputs


def _downsample(old: Downsample, new: Downsample, outputs: Tensor, inputs: Tensor) -> None:
    _each(old.depthwise, new.depthwise, inputs)
    _excite(old.excite, new.excite, inputs)
    _dense(old.pointwise, new.pointwise, outputs, inputs)
    _norm_act(old, new, outputs)


def _level(old: nn.Sequential, new: nn.Sequential, outputs: Tensor, inputs: Tensor) -> None:
    for one, other in zip(old, new, strict=True):
        assert isinstance(one, S2Module)
        assert isinstance(other, S2Module)
        _module(one, other, outputs, inputs)
        inputs = outputs


def _module(old: S2Module, new: S2Module, outputs: Tensor, inputs: Tensor) -> None:
    reduced = _reduce(old.reduce, new.reduce, inputs)
    half = len(outputs) // GROUPS
    for index, (one, other) in enumerate(zip(old.blocks, new.blocks, strict=True)):
        assert isinstance(one, S2Block)
        assert isinstance(other, S2Block)
        own = outputs[index * half : (index + 1) * half] - index * one.norm.num_features
        _block(one, other, own, reduced)
    _norm_act(old.post, new.post, outputs)


def _block(old: S2Block, new: S2Block, outputs: Tensor, inputs: Tensor) -> None:
    _each(old.depthwise, new.depthwise, inputs)
    _each(old.depthwise_norm, new.depthwise_norm, inputs)
    _each(old.act, new.act, inputs)
    _dense(old.pointwise, new.pointwise, outputs, inputs)
    _each(old.norm, new.norm, outputs)


def _reduce(old: nn.Conv2d, new: nn.Conv2d, inputs: Tensor) -> Tensor:
    """Copy the reducing convolution; return the copies of its outputs, which it shuffles."""
    rows = [conv.out_channels // GROUPS for conv in (old, new)]
    columns = old.in_channels // GROUPS
    outputs = [_copies(*rows) for _ in range(GROUPS)]
    weights = [
        _divided(weight, own, part - group * columns)
        for group, (weight, own, part) in enumerate(
            zip(old.weight.chunk(GROUPS), outputs, inputs.chunk(GROUPS), strict=True)
        )
    ]
    new.weight.copy_(torch.cat(weights))
    return torch.stack([own * GROUPS + group for group, own in enumerate(outputs)], 1).flatten()
