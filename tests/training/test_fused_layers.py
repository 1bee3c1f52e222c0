"""Fused layers against torch's own: the same outputs, gradients, statistics and names."""

from __future__ import annotations

import copy
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sinet_video.decoding.decode import decode
from sinet_video.models.checkpoint import load
from sinet_video.models.load import checkpoint_path
from sinet_video.models.sinet import GroupedReduce, SINet, Upsample
from sinet_video.training.data_parallel import encoded
from sinet_video.training.fused_layers import (
    Depthwise,
    FusedNorm,
    FusedUpsample,
    LastLayer,
    Pointwise,
    ShuffledPointwise,
    fuse,
)
from sinet_video.training.losses import entropy, person
from sinet_video.training.process_tuning import shared_among_shards


def randomised(network: nn.Module) -> nn.Module:
    """The same network with nothing at its usual value: slopes, gains, shifts, statistics."""
    torch.manual_seed(3)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.uniform_(0.5, 1.5)
                module.bias.uniform_(-0.5, 0.5)
                module.running_mean.uniform_(-0.5, 0.5)
                module.running_var.uniform_(0.5, 1.5)
            if isinstance(module, nn.PReLU):
                module.weight.uniform_(-0.2, 0.6)
    return network


def both() -> tuple[SINet, SINet]:
    """A network with torch's layers, and one of the same weights with fused ones."""
    torch.manual_seed(2)
    plain = randomised(SINet())
    return plain, fuse(copy.deepcopy(plain))


def near(one: Tensor, two: Tensor, part: float = 2e-3, least: float = 1e-6) -> bool:
    """Whether two tensors differ by rounding alone: by a part of the largest value."""
    return bool((one - two).abs().max() <= part * two.abs().max() + least)


def images(count: int = 2, side: int = 64) -> Tensor:
    """A batch of noise."""
    return torch.randn(count, 3, side, side, generator=torch.Generator().manual_seed(1))


def test_names_and_order_stay():
    """Of the state dict, whose values are the same, and of the parameters, which are shared."""
    torch.manual_seed(1)
    plain = SINet()
    before = {name: value.clone() for name, value in plain.state_dict().items()}
    parameters = dict(plain.named_parameters())
    after = fuse(plain)
    assert after is plain
    assert list(after.state_dict()) == list(before)
    assert all(torch.equal(before[name], value) for name, value in after.state_dict().items())
    assert list(dict(after.named_parameters())) == list(parameters)
    assert all(own is parameters[name] for name, own in after.named_parameters())
    SINet().load_state_dict(after.state_dict())
    after.load_state_dict(SINet().state_dict())


def test_every_layer_is_replaced():
    """No norm is forgotten; the slopes left are of squeeze-excite, which has no norm."""
    faster = fuse(SINet())
    kinds = [(name, type(module)) for name, module in faster.named_modules()]
    assert not [name for name, kind in kinds if kind in (nn.BatchNorm2d, GroupedReduce)]
    assert all(".dense." in name for name, kind in kinds if kind is nn.PReLU)
    assert sum(kind is Depthwise for _, kind in kinds) == 22
    assert not [name for name, kind in kinds if kind is Upsample]
    norms = sum(isinstance(module, nn.BatchNorm2d) for module in SINet().modules())
    assert sum(kind is FusedNorm for _, kind in kinds) == norms


@pytest.mark.usefixtures("_built")
def test_training_is_the_same():
    """Outputs, the gradients of every parameter and of the input, and running statistics."""
    plain, faster = both()
    found = []
    for network in (plain, faster):
        network.train()
        x = images().requires_grad_()
        out = network(x)
        (out * images(2, 64)[:, :2]).sum().backward()
        found.append((out.detach(), x.grad))
    (out, gradient), (out_fused, gradient_fused) = found
    assert near(out_fused, out)
    assert near(gradient_fused, gradient)
    own = dict(faster.named_parameters())
    # Shifts before another normalisation have no gradient but rounding.
    least = 1e-6 * max(float(p.grad.abs().max()) for p in plain.parameters())
    for name, parameter in plain.named_parameters():
        assert near(own[name].grad, parameter.grad, least=least), name
    state = faster.state_dict()
    for name, value in plain.state_dict().items():
        assert near(state[name].float(), value.float(), 1e-4), name


def test_evaluation_is_the_same():
    """By running statistics, which stay."""
    plain, faster = both()
    before = copy.deepcopy(faster.state_dict())
    with torch.inference_mode():
        assert near(faster.eval()(images()), plain.eval()(images()), 1e-4)
    assert all(torch.equal(before[name], value) for name, value in faster.state_dict().items())


@pytest.mark.usefixtures("_built")
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("channels", [1, 2, 3, 5, 7, 8, 12, 48])
def test_any_number_of_channels(channels, layout):
    """Also where it does not fill a vector."""
    torch.manual_seed(channels)
    norm = nn.BatchNorm2d(channels, eps=1e-3, momentum=0.1)
    plain = randomised(nn.Sequential(norm, nn.PReLU(channels))).train()
    both_layers = copy.deepcopy(plain)
    faster = FusedNorm(both_layers[0], both_layers[1]).train()
    x = torch.randn(2, channels, 8, 8).to(memory_format=layout)
    up = torch.randn(2, channels, 8, 8)
    found = []
    for layer in (plain, faster):
        own = x.clone().requires_grad_()
        out = layer(own)
        out.backward(up)
        found.append((out.detach(), own.grad))
    assert near(found[1][0], found[0][0], 1e-4)
    assert near(found[1][1], found[0][1], 1e-3)
    for one, two in ((faster.weight, norm.weight), (faster.bias, norm.bias)):
        assert near(one.grad, two.grad, 1e-3)
    assert near(both_layers[1].weight.grad, plain[1].weight.grad, 1e-3)
    assert near(faster.running_mean, norm.running_mean, 1e-4)
    assert near(faster.running_var, norm.running_var, 1e-4)
    assert faster.num_batches_tracked == 1


@pytest.mark.usefixtures("_built")
def test_without_slopes():
    """A normalisation with nothing after it."""
    plain = randomised(nn.BatchNorm2d(8)).train()
    faster = FusedNorm(copy.deepcopy(plain), None).train()
    x = torch.randn(2, 8, 4, 4)
    assert near(faster(x), plain(x), 1e-4)


@pytest.mark.usefixtures("_built")
def test_pixels_that_do_not_fill_vectors_are_refused():
    """Rather than some of them being left out."""
    layer = FusedNorm(nn.BatchNorm2d(3), nn.PReLU(3)).train()
    with pytest.raises(ValueError, match="5 pixels cannot be taken 8 at a time"):
        layer(torch.randn(1, 3, 1, 5))


@pytest.mark.usefixtures("_built")
def test_the_same_again_to_the_bit():
    """However often."""
    _, faster = both()
    outs = [faster(images()).detach() for _ in range(3)]
    assert torch.equal(outs[0], outs[1])
    assert torch.equal(outs[0], outs[2])


def results(layer: nn.Module, x: Tensor) -> list[Tensor]:
    """The output of a layer, and the gradients at the input and at the weights."""
    own = x.clone().requires_grad_()
    out = layer.train()(own)
    up = torch.randn(out.shape, generator=torch.Generator().manual_seed(5))
    # Of 16 bits, so that layers of either precision are given the same.
    up = up.bfloat16().to(out.dtype)
    return [out, *torch.autograd.grad(out, [own, *layer.parameters()], up)]


def compare(plain: nn.Module, faster: nn.Module, x: Tensor) -> None:
    """Outputs, and the gradients at the input and at the weights."""
    for one, two in zip(results(plain, x), results(faster, x), strict=True):
        assert one.shape == two.shape
        assert near(two, one, 1e-5)


@pytest.mark.usefixtures("_built")
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("side", [(1, 1), (2, 3), (4, 6), (7, 5), (8, 13), (16, 24)])
@pytest.mark.parametrize("channels", [8, 12, 24, 48])
@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (3, 2), (5, 1), (5, 2)])
def test_depthwise(kernel, stride, channels, side, layout):
    """Of all sizes, also where channels do not fill a vector and sides are odd."""
    torch.manual_seed(channels)
    plain = nn.Conv2d(channels, channels, kernel, stride, kernel // 2, groups=channels, bias=False)
    assert Depthwise.can_be(plain)
    faster = Depthwise(plain)
    assert faster.weight is plain.weight
    compare(plain, faster, torch.randn(3, channels, *side).to(memory_format=layout))


@pytest.mark.parametrize(
    "other",
    [
        {"channels": 4},
        {"kernel_size": 7, "padding": 3},
        {"stride": 3},
        {"padding": 0},
        {"dilation": 2},
        {"bias": True},
        {"groups": 8},
        {"groups": 1},
    ],
)
def test_other_convolutions_stay(other):
    """What the kernels do not know is torch's."""
    usual = {"channels": 16, "kernel_size": 3, "padding": 1, "bias": False}
    given = {**usual, **other}
    channels = given.pop("channels")
    layer = nn.Conv2d(channels, channels, **{"groups": channels, **given})
    assert not Depthwise.can_be(layer)


@pytest.mark.usefixtures("_built")
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("side", [(1, 1), (1, 4), (3, 5), (8, 6)])
@pytest.mark.parametrize("channels", [1, 2, 5, 48])
@pytest.mark.parametrize("factor", [1, 2, 4])
def test_upsample(factor, channels, side, layout):
    """Corners on corners, by any factor, also of one row."""
    x = torch.randn(2, channels, *side).to(memory_format=layout)
    compare(Upsample(factor), FusedUpsample(factor), x)


@pytest.mark.usefixtures("_built")
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("side", [(1, 1), (1, 9), (3, 8), (7, 5), (16, 31), (32, 64)])
def test_last_layer(side, layout):
    """Of all sizes, also where rows do not fill a vector."""
    torch.manual_seed(7)
    plain = nn.Conv2d(2, 2, 3, padding=1, bias=False)
    assert LastLayer.can_be(plain)
    faster = LastLayer(plain)
    assert faster.weight is plain.weight
    compare(plain, faster, torch.randn(3, 2, *side).to(memory_format=layout))


@pytest.mark.parametrize(
    "other",
    [{"out_channels": 3}, {"kernel_size": 5}, {"padding": 0}, {"bias": True}, {"groups": 2}],
)
def test_other_last_layers_stay(other):
    """What the kernel does not know is torch's."""
    usual = {"in_channels": 2, "out_channels": 2, "kernel_size": 3, "padding": 1, "bias": False}
    assert not LastLayer.can_be(nn.Conv2d(**{**usual, **other}))


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("side", [(1, 1), (5, 7), (8, 6)])
@pytest.mark.parametrize("outputs", [2, 6, 8, 48])
@pytest.mark.parametrize("batch", [1, 2, 17])
def test_pointwise(batch, outputs, side, layout):
    """As many rows as are a whole number of images for oneDNN, and others."""
    x = torch.randn(batch, 8, *side).to(memory_format=layout)
    plain = nn.Conv2d(8, outputs, 1, bias=False)
    compare(plain, Pointwise(plain), x)


def test_pointwise_of_two_groups():
    """With the shuffle after them."""
    x = torch.randn(2, 8, 5, 7)
    grouped = GroupedReduce(8, 6)
    assert near(ShuffledPointwise(grouped)(x), grouped(x), 1e-5)
    assert ShuffledPointwise(grouped).weight is grouped.weight


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="torch has no oneDNN here")
def test_few_images_go_to_onednn_too():
    """Left alone, torch gives less than 16 images to the slower product on one thread."""
    layer, x = Pointwise(nn.Conv2d(48, 48, 1, bias=False)), torch.randn(2, 48, 8, 8)
    with shared_among_shards(), torch.profiler.profile() as seen:
        layer(x).sum().backward()
    called = {event.name for event in seen.events()}
    assert "aten::mkldnn_convolution" in called
    assert not called & {"aten::mm", "aten::_slow_conv2d_forward"}


# In 16 bits


def layers_in_halves() -> dict[str, tuple[nn.Module, nn.Module]]:
    """Each kind of kernel, and the layer of torch's that it replaces."""
    torch.manual_seed(4)
    wide = nn.Conv2d(24, 24, 5, 1, 2, groups=24, bias=False)
    narrow = nn.Conv2d(12, 12, 3, 2, 1, groups=12, bias=False)
    last = nn.Conv2d(2, 2, 3, padding=1, bias=False)
    norm = randomised(nn.Sequential(nn.BatchNorm2d(12, eps=1e-3), nn.PReLU(12)))
    own = copy.deepcopy(norm)
    return {
        "depthwise": (wide, Depthwise(wide)),
        "depthwise, smaller": (narrow, Depthwise(narrow)),
        "last layer": (last, LastLayer(last)),
        "enlarging": (Upsample(2), FusedUpsample(2)),
        "normalisation": (norm, nn.Sequential(FusedNorm(own[0], own[1]))),
    }


@pytest.mark.usefixtures("_built")
@pytest.mark.parametrize("kind", layers_in_halves())
def test_only_what_is_stored_has_16_bits(kind):
    """Sums are taken in float32: what comes out is right to a part in 256."""
    plain, faster = layers_in_halves()[kind]
    channels = next((len(own) for own in plain.parameters()), 5)
    x = torch.randn(3, channels, 9, 16).bfloat16()
    whole, half = results(plain, x.float()), results(faster, x)
    assert [own.dtype for own in half[:2]] == [torch.bfloat16] * 2
    assert all(own.dtype == torch.float32 for own in half[2:])
    for one, two in zip(whole, half, strict=False):
        assert one.shape == two.shape
        assert near(two.float(), one, 2**-8)


@pytest.mark.usefixtures("_built")
def test_other_types_are_refused():
    """Rather than read as floats."""
    with pytest.raises(RuntimeError, match="a kernel was given Double"):
        FusedUpsample(2)(torch.zeros(1, 2, 4, 4, dtype=torch.float64))


@pytest.mark.usefixtures("_built")
def test_a_network_in_autocast(carphone: Path):
    """What the packaged weights find is nearly what they find in float32; so are the gradients."""
    network = fuse(load(checkpoint_path("default"))).train()
    frames = [frame.scaled(96, 96) for frame in islice(decode(carphone), 0, 80, 20)]
    x = network.normalise(torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2).float())
    label = torch.zeros(4, 96, 96)
    label[:, 16:, 24:72] = 1
    found = []
    for half in (False, True):
        out = network.decode(*encoded(network, x, half=half))
        gradients = torch.autograd.grad(entropy(person(out), label), [*network.parameters()])
        found.append((out, torch.cat([own.flatten() for own in gradients])))
    (out, one), (out_in_halves, two) = found
    assert near(out_in_halves, out, 0.05)
    assert float(one @ two / one.norm() / two.norm()) > 0.97
