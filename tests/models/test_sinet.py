"""The network against the reference code's recorded figures, and its parts by themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sinet_video.errors import WeightsError
from sinet_video.models import checkpoint
from sinet_video.models.sinet import (
    PAPER,
    STRIDE,
    WIDE,
    SINet,
    SqueezeExcite,
    Widths,
    from_state,
    shuffle_channels,
    upsample,
)

TOLERANCE = 1e-3


def count(module: nn.Module) -> int:
    """How many parameters a module has."""
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.fixture(scope="module")
def golden(shared: Path) -> dict[str, Tensor]:
    """The reference code's inputs and logits; network inputs turned from BGR to RGB."""
    with np.load(shared / "golden" / "sinet_portrait.npz") as recorded:
        tensors = {name: torch.from_numpy(recorded[name]) for name in recorded.files}
    for name in ("network_input", "small_input"):
        tensors[name] = tensors[name].flip(1)
    tensors["rgb"] = tensors.pop("bgr").flip(3)
    return tensors


@pytest.fixture(scope="module")
def official(shared: Path) -> SINet:
    """The network with the weights that the paper's authors released."""
    return checkpoint.load(shared / "weights" / "SINet-official.pth")


@pytest.fixture
def network() -> SINet:
    """A network with random weights, in evaluation mode."""
    torch.manual_seed(3)
    return SINet().eval()


def test_parameters_are_as_many_as_in_the_paper() -> None:
    """The whole has 86,910 parameters: 86,764 in the encoder and 146 in the decoder."""
    network = SINet()
    assert count(network) == 86_910
    assert count(network.encoder) == 86_764
    assert count(network) - count(network.encoder) == 146


def test_the_wide_network_is_of_the_same_kind() -> None:
    """It has more channels, 366,882 parameters, and the same layers by the same names."""
    wide = SINet(WIDE)
    assert count(wide) == 366_882
    assert list(wide.state_dict()) == list(SINet().state_dict())


@pytest.mark.parametrize("widths", [PAPER, WIDE, Widths(8, 4, 12, 8, 4, 20)])
def test_a_state_tells_its_widths(widths: Widths) -> None:
    """A network of any widths is had again from its state."""
    network = SINet(widths)
    again = from_state(network.state_dict())
    assert again.widths == widths
    assert all(map(torch.equal, again.parameters(), network.parameters()))


@pytest.mark.parametrize("width", [0, 6, -4, 1_000_000])
def test_widths_that_no_network_has(width: int) -> None:
    """No multiple of 4, or so many that they would fill the memory: nothing is made."""
    with pytest.raises(WeightsError, match=f"A SINet with {width} channels in level3 is not known"):
        Widths(level3=width)


@pytest.mark.parametrize("size", [(32, 32), (64, 96), (160, 288)])
def test_logits_have_the_size_of_the_image(network: SINet, size: tuple[int, int]) -> None:
    """Two classes come out, in as many rows and columns as went in."""
    with torch.no_grad():
        assert network(torch.zeros(2, 3, *size)).shape == (2, 2, *size)


@pytest.mark.parametrize("side", [STRIDE // 2, STRIDE + 8, STRIDE + 16])
def test_other_sides_do_not_fit(network: SINet, side: int) -> None:
    """A side that is no multiple of 32 cannot pass the most squeezed block."""
    with torch.no_grad(), pytest.raises(RuntimeError):
        network(torch.zeros(1, 3, 64, side))


def test_encoder_answers_at_an_eighth_and_a_quarter(network: SINet) -> None:
    """The coarse logits are an eighth of the image's size, the features a quarter."""
    with torch.no_grad():
        eighth, quarter = network.encoder(torch.zeros(1, 3, 64, 96))
    assert eighth.shape == (1, 2, 8, 12)
    assert quarter.shape == (1, 48, 16, 24)


@pytest.mark.parametrize("batch", [1, 3])
def test_logits_are_the_reference_codes(
    official: SINet, golden: dict[str, Tensor], batch: int
) -> None:
    """With the released weights a batch of portraits gives the recorded logits."""
    with torch.no_grad():
        logits = official(golden["network_input"][:batch])
    assert (logits - golden["logits"][:batch]).abs().max() <= TOLERANCE


def test_logits_of_an_oblong_are_the_reference_codes(
    official: SINet, golden: dict[str, Tensor]
) -> None:
    """The same holds for an image of 160x256."""
    with torch.no_grad():
        logits = official(golden["small_input"])
    assert (logits - golden["small_logits"]).abs().max() <= TOLERANCE


def test_wrong_channel_order_is_noticed(official: SINet, golden: dict[str, Tensor]) -> None:
    """The recorded figures tell RGB from BGR: in the wrong order they are not met."""
    with torch.no_grad():
        logits = official(golden["small_input"].flip(1))
    assert (logits - golden["small_logits"]).abs().max() > 100 * TOLERANCE


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_normalise_gives_the_reference_codes_input(
    official: SINet, golden: dict[str, Tensor], dtype: torch.dtype
) -> None:
    """The buffers of the released weights hold the released preprocessing."""
    rgb = golden["rgb"].permute(0, 3, 1, 2).to(dtype)
    torch.testing.assert_close(official.normalise(rgb), golden["network_input"], rtol=0, atol=1e-6)


def test_normalise_of_a_new_network_maps_to_0_to_1(network: SINet) -> None:
    """Without weights, 0 to 255 becomes 0 to 1."""
    rgb = torch.tensor([0.0, 127.5, 255.0]).view(1, 1, 1, 3).expand(1, 3, 1, 3)
    torch.testing.assert_close(network.normalise(rgb)[0, 0, 0], torch.tensor([0.0, 0.5, 1.0]))


def test_normalise_takes_each_channels_own_constants(network: SINet) -> None:
    """Mean and std are per channel in RGB order, and `scale` multiplies what they leave."""
    network.mean.copy_(torch.tensor([10.0, 20.0, 30.0]))
    network.std.copy_(torch.tensor([1.0, 2.0, 4.0]))
    network.scale.fill_(0.5)
    normal = network.normalise(torch.full((1, 3, 1, 1), 50.0))
    torch.testing.assert_close(normal.flatten(), torch.tensor([20.0, 7.5, 2.5]))


def test_alpha_is_the_persons_probability(official: SINet, golden: dict[str, Tensor]) -> None:
    """From 8-bit RGB images, alpha is the logistic function of the logits' difference."""
    with torch.no_grad():
        alpha = official.alpha(golden["rgb"])
    expected = torch.sigmoid(golden["logits"][:, 1] - golden["logits"][:, 0])
    assert alpha.shape == (3, 224, 224)
    assert (alpha - expected).abs().max() <= TOLERANCE
    assert expected.amin() < 0.1
    assert expected.amax() > 0.9


def test_images_of_a_batch_do_not_mix(network: SINet) -> None:
    """Each image's alpha is what it is alone."""
    images = torch.randint(256, (3, 64, 96, 3), dtype=torch.uint8)
    with torch.no_grad():
        together = network.alpha(images)
        alone = torch.cat([network.alpha(image[None]) for image in images])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-5)
    assert not torch.allclose(together[0], together[1], rtol=0, atol=1e-5)


def test_shuffle_takes_turns_between_groups() -> None:
    """The first channel of each group comes first, then the second of each."""
    x = torch.arange(6.0).view(1, 6, 1, 1)
    assert shuffle_channels(x, 2).flatten().tolist() == [0, 3, 1, 4, 2, 5]
    assert shuffle_channels(x, 3).flatten().tolist() == [0, 2, 4, 1, 3, 5]


def test_shuffle_of_one_group_changes_nothing() -> None:
    """With one group there is nothing to interleave."""
    x = torch.rand(2, 4, 3, 3)
    assert torch.equal(shuffle_channels(x, 1), x)


def test_shuffle_keeps_images_and_places() -> None:
    """Only channels change places: batch, rows and columns stay."""
    x = torch.rand(2, 4, 3, 5)
    assert torch.equal(shuffle_channels(x, 2), x[:, [0, 2, 1, 3]])


def test_squeeze_excite_scales_by_the_channels_means() -> None:
    """With an identity for its layer, each channel is multiplied by its own mean, unbounded."""
    excite = SqueezeExcite(2)
    excite.dense[0].weight.data = torch.eye(2)
    excite.dense[0].bias.data = torch.zeros(2)
    x = torch.tensor([[[[1.0, 3.0]], [[10.0, 30.0]]]])
    expected = torch.tensor([[[[2.0, 6.0]], [[200.0, 600.0]]]])
    torch.testing.assert_close(excite(x), expected)


def test_squeeze_excite_bends_negative_gains() -> None:
    """A negative gain passes the PReLU, whose slope starts at a quarter."""
    excite = SqueezeExcite(1)
    excite.dense[0].weight.data = torch.tensor([[-1.0]])
    excite.dense[0].bias.data = torch.zeros(1)
    torch.testing.assert_close(
        excite(torch.full((1, 1, 2, 2), 2.0)), torch.full((1, 1, 2, 2), -1.0)
    )


def test_squeeze_excite_lets_channels_see_each_other() -> None:
    """A layer that swaps two channels scales each by the mean of the other."""
    excite = SqueezeExcite(2)
    excite.dense[0].weight.data = torch.eye(2).flip(0)
    excite.dense[0].bias.data = torch.zeros(2)
    x = torch.tensor([2.0, 5.0]).view(1, 2, 1, 1)
    torch.testing.assert_close(excite(x).flatten(), torch.tensor([10.0, 10.0]))


def test_squeeze_excite_has_a_bottleneck_only_where_asked() -> None:
    """One layer from channels to channels, or two by way of the bottleneck."""
    straight = [m for m in SqueezeExcite(6).dense if isinstance(m, nn.Linear)]
    narrow = [m for m in SqueezeExcite(6, bottleneck=2).dense if isinstance(m, nn.Linear)]
    assert [(m.in_features, m.out_features) for m in straight] == [(6, 6)]
    assert [(m.in_features, m.out_features) for m in narrow] == [(6, 2), (2, 6)]


def test_upsample_puts_corners_on_corners() -> None:
    """Enlarging keeps the corner values and is linear between them; a factor of 1 is no change."""
    x = torch.tensor([0.0, 3.0]).view(1, 1, 1, 2)
    torch.testing.assert_close(upsample(x, 2)[0, 0, 0], torch.tensor([0.0, 1.0, 2.0, 3.0]))
    assert upsample(x, 1) is x
