"""Layers rewritten for onnxruntime: each is exactly the layer that it stands for."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from sinet_video.models import export_layers
from sinet_video.models.sinet import (
    Downsample,
    SINet,
    SqueezeExcite,
    batch_norm,
    conv,
    shuffle_channels,
)
from tests.random_weights import assert_same, prelu, randomise


@pytest.mark.parametrize(
    ("kernel", "stride", "groups"), [(1, 1, 1), (3, 1, 6), (3, 2, 1), (5, 1, 2)]
)
def test_fold_is_the_convolution_and_its_normalisation(
    exact: None, kernel: int, stride: int, groups: int
) -> None:
    """One convolution with bias does what two layers did, borders included."""
    first, norm = conv(6, 12, kernel, stride=stride, groups=groups), batch_norm(12)
    randomise(norm, kernel)
    x = torch.randn(2, 6, 9, 7)
    assert_same(export_layers.fold(first, norm)(x), norm(first(x)))


def test_fold_uses_the_running_statistics(exact: None) -> None:
    """A normalisation that still trains is not what is folded: it would use the batch's own."""
    first, norm = conv(4, 4, 3), randomise(batch_norm(4), 1)
    folded, x = export_layers.fold(first, norm), torch.randn(2, 4, 5, 5)
    assert not torch.allclose(folded(x), norm.train()(first(x)))


@pytest.mark.parametrize("groups", [1, 2, 3])
def test_shuffled_dense_is_the_grouped_convolution_and_the_shuffle(
    exact: None, groups: int
) -> None:
    """A dense 1x1 convolution gives the shuffled channels."""
    grouped = conv(12, 6, 1, groups=groups)
    x = torch.randn(2, 12, 4, 3)
    assert_same(export_layers.shuffled_dense(grouped)(x), shuffle_channels(grouped(x), groups))


def test_shuffled_dense_does_shuffle(exact: None) -> None:
    """Without the shuffle the channels would be in another order."""
    grouped, x = conv(12, 6, 1, groups=2), torch.randn(1, 12, 4, 3)
    assert not torch.allclose(export_layers.shuffled_dense(grouped)(x), grouped(x))


def test_scaling_is_a_gain_and_an_offset_per_channel() -> None:
    """Each channel has its own."""
    layer = export_layers.scaling(torch.tensor([2.0, -3.0]), torch.tensor([0.5, 0.0]))
    x = torch.ones(1, 2, 1, 1)
    assert layer(x).flatten().tolist() == [2.5, -3.0]


SLOPES = {
    "below one": [0.25, 0.0, 0.99],
    "one": [1.0, 1.0, 1.0],
    "above one": [1.5, 2.0, 40.0],
    "negative": [-0.5, -1.0, -3.0],
    "all kinds": [-0.5, 1.0, 1.5],
}


def turned(signs: Tensor) -> Tensor:
    """Signs, (channels,), as factors of (n, channels, h, w)."""
    return signs.view(-1, 1, 1)


@pytest.mark.parametrize("slopes", SLOPES.values(), ids=SLOPES)
@pytest.mark.parametrize("with_norm", [False, True], ids=["alone", "after a normalisation"])
@pytest.mark.parametrize("signs", [[1, 1, 1], [-1, 1, -1]], ids=["upright", "signed"])
def test_fast_prelu_is_prelu(
    exact: None, signs: list[int], slopes: list[float], with_norm: bool
) -> None:
    """Whatever the slopes, on both sides of zero and at it, and after gains of either sign."""
    act, norm = prelu(slopes), randomise(batch_norm(3), 4)
    x = torch.cat([torch.randn(2, 3, 8, 5), torch.zeros(2, 3, 1, 5)], 2)
    given = torch.tensor(signs, dtype=torch.float64)
    assert isinstance(norm, nn.BatchNorm2d)
    fast = export_layers.fast_prelu(act, norm if with_norm else None, given)
    result = fast(x * turned(given)) * turned(fast.signs)
    assert_same(result, act(norm(x)) if with_norm else act(x))


@pytest.mark.parametrize("slopes", SLOPES.values(), ids=SLOPES)
def test_fast_prelu_is_negated_only_where_a_slope_is_above_one(slopes: list[float]) -> None:
    """Other channels come as they are."""
    fast = export_layers.fast_prelu(prelu(slopes))
    assert fast.signs.tolist() == [-1 if slope > 1 else 1 for slope in slopes]


def test_fast_prelus_are_the_prelu_in_parts(exact: None) -> None:
    """Each part has its own share of the slopes, gains and signs."""
    act, norm = prelu([-0.5, 1.5, 0.2, 2.0, 1.0]), randomise(batch_norm(5), 4)
    assert isinstance(norm, nn.BatchNorm2d)
    x, signs = torch.randn(2, 5, 4, 3), torch.tensor([1.0, -1, -1, 1, 1])
    layers, out = export_layers.fast_prelus(act, norm, signs.split([2, 3]))
    given = (x * turned(signs)).split([2, 3], 1)
    parts = [layer(part) * turned(s) for layer, part, s in zip(layers, given, out, strict=True)]
    assert_same(torch.cat(parts, 1), act(norm(x)))


@pytest.mark.parametrize("widths", [[6], [2, 4], [1, 2, 3]], ids=str)
@pytest.mark.parametrize("bias", [False, True], ids=["plain", "bias"])
def test_fast_sum_is_the_convolution_of_all_parts(
    exact: None, bias: bool, widths: list[int]
) -> None:
    """In one part or more, with signs, and with its bias once."""
    dense = nn.Conv2d(6, 4, 1, bias=bias)
    x, signs = torch.randn(2, 6, 4, 3), torch.tensor([1.0, -1, 1, 1, -1, -1])
    summed = export_layers.FastSum(dense, signs.split(widths))
    assert_same(summed((x * turned(signs)).split(widths, 1)), dense(x))


@pytest.mark.parametrize(("groups", "stride"), [(1, 1), (4, 2)], ids=["dense", "depthwise"])
def test_reading_and_signed_undo_signs(exact: None, groups: int, stride: int) -> None:
    """Signs of the input change nothing; signs of the output are factors of it."""
    layer, x = conv(4, 4, 3, stride=stride, groups=groups), torch.randn(2, 4, 6, 6)
    signs = torch.tensor([1.0, -1, -1, 1])
    assert_same(export_layers.reading(layer, signs)(x * turned(signs)), layer(x))
    assert_same(export_layers.signed(layer, signs)(x), layer(x) * turned(signs))
    assert not torch.allclose(layer(x * turned(signs)), layer(x))


@pytest.mark.parametrize("size", [(32, 32), (64, 96)])
def test_fast_stem_is_the_first_layer(exact: None, size: tuple[int, int]) -> None:
    """It reads bytes, has the constants, and pads as the network does: with the mean."""
    network = SINet()
    randomise(network, 1)
    network.mean.copy_(torch.tensor([100.0, 110.0, 120.0]))
    network.std.copy_(torch.tensor([50.0, 60.0, 70.0]))
    images = torch.randint(256, (2, *size, 3), dtype=torch.uint8)
    fast = export_layers.FastStem(network.encoder.stem, network.mean, network.scale / network.std)
    rgb = network.normalise(images.permute(0, 3, 1, 2).double())
    assert_same(fast(images) * turned(fast.signs), network.encoder.stem(rgb))


def test_upright_takes_signs_off(exact: None) -> None:
    """And is nothing where there are none."""
    signs, x = torch.tensor([1.0, -1]), torch.randn(1, 2, 3, 3)
    assert_same(export_layers.upright(signs)(x * turned(signs)), x)
    assert isinstance(export_layers.upright(torch.ones(2)), nn.Identity)


@pytest.mark.parametrize("bottleneck", [None, 3])
def test_fast_excite_is_squeeze_excite(exact: None, bottleneck: int | None) -> None:
    """With and without a bottleneck."""
    excite = randomise(SqueezeExcite(6, bottleneck), 2)
    x = torch.randn(2, 6, 4, 5)
    assert isinstance(excite, SqueezeExcite)
    fast = export_layers.FastExcite(excite)
    assert_same(fast(x) * turned(fast.signs), excite(x))


def test_fast_down_is_the_downsampling(exact: None) -> None:
    """The whole step, with its bottleneck, on signed inputs."""
    down = randomise(Downsample(6, 8, bottleneck=3), 3)
    x, signs = torch.randn(2, 6, 8, 12), torch.tensor([1.0, -1, 1, 1, -1, -1])
    assert isinstance(down, Downsample)
    fast = export_layers.FastDown(down, signs)
    assert_same(fast(x * turned(signs)) * turned(fast.signs), down(x))
