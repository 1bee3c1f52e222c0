"""Shards: the mean of what each finds, the same weights, statistics of their own."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from made_people import made_stock, stage
from torch import Tensor, nn

from sinet_video.models.sinet import SINet
from sinet_video.training.data_parallel import Shards, Work
from sinet_video.training.fused_layers import fuse
from sinet_video.training.kernels.build import unavailable_reason
from sinet_video.training.losses import Target, total_loss
from sinet_video.training.recipe import Loss
from sinet_video.training.samples.batch import Batch
from sinet_video.training.samples.sampler import Sampler
from sinet_video.training.trainer import untrained

LOSS = Loss(entropy=1.0, dice=0.5, coarse=0.3)
WORK = Work("whole", LOSS)
Make = Callable[..., Shards]


@pytest.fixture
def make() -> Iterator[Make]:
    """Make shards, which are closed at the end."""
    made: list[Shards] = []

    def make(*arguments: object, half: bool = False) -> Shards:
        made.append(Shards(*arguments, half=half))
        return made[-1]

    yield make
    for shards in made:
        shards.close()


@pytest.fixture(scope="module")
def two() -> list[Batch]:
    """The two shards of a batch."""
    sampler = Sampler(made_stock(), stage(batch=4), 1)
    return [sampler.shard(0, index, 2) for index in range(2)]


def network(*, fused: bool = False) -> SINet:
    """An untrained network, in training mode, its slopes no longer alike."""
    made = untrained(1)
    with torch.no_grad():
        for module in made.modules():
            if isinstance(module, nn.PReLU):
                module.weight.uniform_(0, 0.5)
    if fused and (reason := unavailable_reason()):
        pytest.skip(f"FUSED SHARDS ARE NOT TESTED on this machine: {reason}")
    return fuse(made) if fused else made


def by_hand(own: SINet, batch: Batch, loss: Loss = LOSS) -> list[Tensor]:
    """The gradients of a plain network on one shard."""
    rgb = torch.from_numpy(batch.images).permute(0, 3, 1, 2).float()
    eighth, quarter = own.encoder(own.normalise(rgb))
    label = torch.from_numpy(batch.labels).float() / 255
    target = Target(label, torch.from_numpy(batch.bands).float())
    parts = total_loss(eighth, own.decode(eighth, quarter), target, loss)
    return list(torch.autograd.grad(sum(parts.values()), list(own.parameters())))


@pytest.mark.parametrize("fused", [False, True])
def test_the_gradient_is_the_mean_of_the_shards(fused, two, make):
    """Of every parameter, as computed plainly; the losses are means as well."""
    plain = network()
    expected = [by_hand(copy.deepcopy(plain), batch) for batch in two]
    shards = make(network(fused=fused), 2)
    parts = shards.gradients(two, WORK)
    # Shifts before another normalisation have no gradient but rounding.
    least = 1e-5 * max(float(own.abs().max()) for own in expected[0])
    for (name, parameter), a, b in zip(
        shards.networks[0].named_parameters(), *expected, strict=True
    ):
        mean = (a + b) / 2
        assert (parameter.grad - mean).abs().max() <= 5e-3 * mean.abs().max() + least, name
    assert set(parts) == {"entropy", "dice", "coarse"}
    one = make(network(fused=fused), 1)
    alone = [one.gradients([batch], WORK)["entropy"] for batch in two]
    assert parts["entropy"] == pytest.approx(np.mean(alone), rel=1e-4)


@pytest.mark.parametrize("fused", [False, True])
def test_weights_are_shared(fused, two, make):
    """All of them, those of fused layers too: a step of one is a step of all."""
    shards = make(network(fused=fused), 3)
    first, *others = shards.networks
    for other in others:
        assert all(a is b for a, b in zip(first.parameters(), other.parameters(), strict=True))
    before = others[0](torch.ones(2, 3, 32, 32)).detach()
    with torch.no_grad():
        for parameter in first.parameters():
            parameter.add_(0.1 * torch.rand_like(parameter))
    outs = [own(torch.ones(2, 3, 32, 32)).detach() for own in shards.networks]
    assert not torch.equal(before, outs[1])
    assert torch.equal(outs[0], outs[1])
    assert torch.equal(outs[0], outs[2])


def test_statistics_are_not_shared(two, make):
    """Each network remembers what it has seen itself."""
    shards = make(network(), 2)
    shards.gradients(two, WORK)
    one, other = (own.encoder.stem.norm.running_mean for own in shards.networks)
    assert not torch.equal(one, other)
    alone = make(network(), 1)
    alone.gradients(two[:1], WORK)
    assert torch.equal(alone.networks[0].encoder.stem.norm.running_mean, one)


@pytest.mark.parametrize(("fused", "half"), [(False, False), (True, False), (True, True)])
def test_the_same_again_to_the_bit(fused, half, two, make):
    """Whichever thread is first."""
    gradients = []
    for _ in range(3):
        shards = make(network(fused=fused), 2, half=half)
        parts = shards.gradients(two, WORK)
        gradients.append([parameter.grad for parameter in shards.networks[0].parameters()])
    assert parts == make(network(fused=fused), 2, half=half).gradients(two, WORK)
    for again in gradients[1:]:
        assert all(torch.equal(a, b) for a, b in zip(gradients[0], again, strict=True))


def test_16_bits_find_nearly_the_same(two, make):
    """And the weights stay what they are, with gradients of 32 bits."""
    whole, half = (make(network(fused=True), 2, half=half) for half in (False, True))
    assert half.gradients(two, WORK) == pytest.approx(whole.gradients(two, WORK), rel=0.03)
    assert all(own.grad.dtype == torch.float32 for own in half.networks[0].parameters())


def test_a_stage_of_the_encoder_leaves_the_decoder_alone(two, make):
    """Nothing pulls at it; its normalisations see nothing."""
    shards = make(network(), 2)
    shards.gradients(two, Work("encoder", Loss()))
    own = shards.networks[0]
    assert all(parameter.grad.any() for name, parameter in own.encoder.named_parameters()
               if name.endswith("conv.weight"))  # fmt: skip
    assert not own.classify.weight.grad.any()
    assert not own.detail.conv.weight.grad.any()
    assert own.fine_norm.num_batches_tracked == 0


def test_soft_labels_or_cut_ones(two, make):
    """As the loss says."""
    soft, hard = (
        make(network(), 2).gradients(two, Work("whole", Loss(soft=soft)))["entropy"]
        for soft in (True, False)
    )
    assert soft != hard
    cut = [
        Batch(b.images, ((b.labels > 127) * 255).astype(np.uint8), b.bands, b.motion) for b in two
    ]
    assert make(network(), 2).gradients(cut, WORK)["entropy"] == pytest.approx(hard)


def test_a_teacher_is_listened_to(two, make):
    """In evaluation mode; it does not change. Without one the part is not there."""
    teacher = untrained(9)
    before = copy.deepcopy(teacher.state_dict())
    work = Work("whole", Loss(entropy=0.0, teacher=1.0, dice=1.0))
    shards = make(network(), 2, teacher)
    assert set(shards.gradients(two, work)) == {"teacher", "dice"}
    assert all(torch.equal(before[name], value) for name, value in teacher.state_dict().items())
    assert set(make(network(), 2).gradients(two, work)) == {"dice"}


def test_as_many_batches_as_shards(two, make):
    """One too few is no batch."""
    with pytest.raises(ValueError, match="zip"):
        make(network(), 2).gradients(two[:1], WORK)


def test_an_error_in_a_shard_is_raised(two, make):
    """And the threads end all the same."""
    broken = Batch(two[1].images[:, :40], two[1].labels, two[1].bands, two[1].motion)
    with pytest.raises((RuntimeError, ValueError)):
        make(network(), 2).gradients([two[0], broken], WORK)
