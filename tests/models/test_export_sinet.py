"""ONNX graphs against the torch network: each rewriting by itself, then the whole."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import sinet_video
from sinet_video.decoding.decode import decode
from sinet_video.models import checkpoint, export_sinet
from sinet_video.models.load import packaged_graph
from sinet_video.models.sinet import (
    Downsample,
    S2Block,
    S2Module,
    SINet,
    SqueezeExcite,
    batch_norm,
    conv,
    shuffle_channels,
)
from sinet_video.quiet_onnxruntime import onnxruntime

TOLERANCE = 1e-3
DATA = Path(sinet_video.__file__).parent / "data"
Array = NDArray[np.float32]
Golden = dict[str, NDArray[np.float32]]


def run(graph: bytes, image: NDArray[np.generic]) -> dict[str, Array]:
    """Every output of a graph by its name."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {"image": image}), strict=True))


def as_floats(images: NDArray[np.uint8]) -> Array:
    """Images (n, h, w, 3) as the plain graph takes them: (n, 3, h, w) in [0, 1]."""
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2), np.float32) / 255


def away(one: Array, other: Array) -> float:
    """The largest difference of two arrays that must have one shape."""
    assert one.shape == other.shape
    return float(np.abs(one - other).max())


def randomise(module: nn.Module, seed: int) -> nn.Module:
    """Give every normalisation statistics, and every PReLU slopes, as no training would."""
    generator = torch.Generator().manual_seed(seed)

    def uniform(like: Tensor, low: float, high: float) -> Tensor:
        return torch.empty_like(like).uniform_(low, high, generator=generator)

    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.weight.data = uniform(part.weight, -1.5, 1.5)
            part.bias.data = uniform(part.bias, -0.5, 0.5)
            part.running_mean = uniform(part.weight, -0.5, 0.5)
            part.running_var = uniform(part.weight, 0.3, 2)
        elif isinstance(part, nn.PReLU):
            part.weight.data = uniform(part.weight, -0.5, 1.5)
        elif isinstance(part, nn.Linear):
            part.bias.data = uniform(part.bias, 0, 1)
    return module.eval()


@pytest.fixture
def exact() -> Iterator[None]:
    """Compute in double precision, so that an exact rewriting shows no difference to speak of."""
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def assert_same(ours: Tensor, original: Tensor) -> None:
    """Equal but for the rounding of double precision."""
    assert original.dtype == torch.float64
    torch.testing.assert_close(ours, original, rtol=1e-9, atol=1e-9)


@pytest.fixture(scope="module")
def golden(shared: Path) -> Golden:
    """The reference code's inputs and logits; all images turned from BGR to RGB."""
    with np.load(shared / "golden" / "sinet_portrait.npz") as recorded:
        arrays = {name: recorded[name] for name in recorded.files}
    for name in ("network_input", "small_input"):
        arrays[name] = np.ascontiguousarray(arrays[name][:, ::-1])
    arrays["rgb"] = np.ascontiguousarray(arrays.pop("bgr")[..., ::-1])
    return arrays


@pytest.fixture(scope="module")
def official(shared: Path) -> SINet:
    """The network with the released weights."""
    return checkpoint.load(shared / "weights" / "SINet-official.pth")


@pytest.fixture(scope="module")
def official_plain(official: SINet) -> bytes:
    """The plain graph of the released weights."""
    return export_sinet.plain(official)


@pytest.fixture(scope="module")
def official_fast(official: SINet) -> bytes:
    """The fast graph of the released weights."""
    return export_sinet.fast(official)


# The whole, against the reference code's figures.


@pytest.mark.parametrize("batch", [1, 3])
def test_plain_graph_gives_the_reference_codes_logits(
    official_plain: bytes, golden: Golden, batch: int
) -> None:
    """The plain graph serves any batch, and its alpha is the person's share of the logits."""
    answer = run(official_plain, as_floats(golden["rgb"][:batch]))
    assert away(answer["logits"], golden["logits"][:batch]) <= TOLERANCE
    evidence = golden["logits"][:batch, 1:] - golden["logits"][:batch, :1]
    assert away(answer["alpha"], 1 / (1 + np.exp(-evidence))) <= TOLERANCE


def test_plain_graph_serves_an_oblong(
    official: SINet, official_plain: bytes, golden: Golden
) -> None:
    """The plain graph serves 160x256 as well as the size that it was traced at."""
    std, mean = (constants.view(3, 1, 1) for constants in (official.std, official.mean))
    rgb = torch.from_numpy(golden["small_input"]) / official.scale * std + mean
    logits = run(official_plain, (rgb / 255).numpy())["logits"]
    assert away(logits, golden["small_logits"]) <= TOLERANCE


@pytest.mark.parametrize("batch", [1, 3])
def test_fast_graph_gives_the_reference_codes_evidence(
    official_fast: bytes, golden: Golden, batch: int
) -> None:
    """From 8-bit images, the fast graph gives the difference of the recorded logits."""
    answer = run(official_fast, golden["rgb"][:batch])
    evidence = golden["logits"][:batch, 1] - golden["logits"][:batch, 0]
    assert away(answer["evidence"], evidence) <= TOLERANCE
    assert away(answer["alpha"], 1 / (1 + np.exp(-evidence))) <= TOLERANCE


def test_fast_network_serves_an_oblong(official: SINet, golden: Golden) -> None:
    """The rewritten network gives the evidence recorded at 160x256."""
    small = torch.from_numpy(golden["small_input"]).permute(0, 2, 3, 1)
    with torch.no_grad():
        rgb = small / official.scale * official.std + official.mean
        alpha, evidence = (t.numpy() for t in export_sinet.FastSINet(official)(rgb))
    expected = golden["small_logits"][:, 1] - golden["small_logits"][:, 0]
    assert away(evidence, expected) <= TOLERANCE
    assert away(alpha, 1 / (1 + np.exp(-expected))) <= TOLERANCE


def test_fast_graph_serves_an_oblong(official: SINet, official_fast: bytes, golden: Golden) -> None:
    """On portraits cut to 160x224 the fast graph is the network."""
    rgb = np.ascontiguousarray(golden["rgb"][:, 32:192])
    answer = run(official_fast, rgb)["alpha"]
    with torch.no_grad():
        assert away(answer, official.alpha(torch.from_numpy(rgb)).numpy()) <= TOLERANCE


def test_fast_graph_notices_the_channel_order(official_fast: bytes, golden: Golden) -> None:
    """BGR images do not give the recorded evidence."""
    answer = run(official_fast, np.ascontiguousarray(golden["rgb"][..., ::-1]))
    assert away(answer["evidence"], golden["logits"][:, 1] - golden["logits"][:, 0]) > 0.1


def test_graphs_are_self_contained(official_plain: bytes, official_fast: bytes) -> None:
    """Either file holds all weights: somewhat more than four bytes a parameter."""
    assert 86_910 * 4 < len(official_plain) < 1_000_000
    assert 86_910 * 4 < len(official_fast) < 1_000_000


# The whole, against the torch network.


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_fast_network_is_exact(exact: None, seed: int) -> None:
    """For random weights, statistics, slopes and constants the rewritten network is the network."""
    torch.manual_seed(seed)
    network = SINet()
    randomise(network, seed)
    network.mean.copy_(torch.tensor([100.0, 110.0, 120.0]))
    network.std.copy_(torch.tensor([50.0, 60.0, 70.0]))
    images = torch.randint(256, (2, 64, 96, 3), dtype=torch.uint8)
    with torch.no_grad():
        alpha, evidence = export_sinet.FastSINet(network)(images)
        logits = network(network.normalise(images.permute(0, 3, 1, 2)))
        assert_same(evidence, logits[:, 1] - logits[:, 0])
        assert_same(alpha, network.alpha(images))
    assert evidence.std() > 1e-3, "a constant answer proves nothing"


def test_fast_network_follows_the_weights(exact: None) -> None:
    """Two networks that differ in a single statistic have different fast forms."""
    network = SINet()
    randomise(network, 1)
    images = torch.randint(256, (1, 64, 64, 3), dtype=torch.uint8)
    with torch.no_grad():
        before = export_sinet.FastSINet(network)(images)[1]
        network.fine_norm.running_mean += 1
        assert not torch.allclose(before, export_sinet.FastSINet(network)(images)[1])


@pytest.fixture(scope="module")
def untrained() -> SINet:
    """Random weights, statistics and slopes."""
    torch.manual_seed(5)
    network = SINet()
    randomise(network, 5)
    return network


@pytest.fixture(scope="module")
def untrained_fast(untrained: SINet) -> bytes:
    """The fast graph of random weights."""
    return export_sinet.fast(untrained)


@pytest.mark.parametrize("size", [(32, 32), (64, 96), (160, 288)])
@pytest.mark.parametrize("batch", [1, 2])
def test_fast_graph_of_random_weights_is_torch(
    untrained: SINet, untrained_fast: bytes, batch: int, size: tuple[int, int]
) -> None:
    """Untrained, but for random statistics: graph and network agree at every size and batch."""
    images = torch.randint(256, (batch, *size, 3), dtype=torch.uint8)
    with torch.no_grad():
        logits = untrained(untrained.normalise(images.permute(0, 3, 1, 2)))
        alpha = untrained.alpha(images).numpy()
    evidence = (logits[:, 1] - logits[:, 0]).numpy()
    answer = run(untrained_fast, images.numpy())
    assert away(answer["evidence"], evidence) <= TOLERANCE * evidence.std()
    assert away(answer["alpha"], alpha) <= TOLERANCE * alpha.std()


@pytest.mark.parametrize("make", [export_sinet.plain, export_sinet.fast])
def test_exporting_leaves_the_network_alone(make: type) -> None:
    """The network's weights and answers are what they were before it was exported."""
    network = randomise(SINet(), 7)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    make(network)
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())


# The packaged graph, against the packaged checkpoint.


@pytest.fixture(scope="module")
def packaged() -> SINet:
    """The packaged checkpoint."""
    return checkpoint.load(DATA / "default.pth")


@pytest.mark.parametrize("size", [(32, 32), (160, 288), (224, 224), (256, 192)])
def test_packaged_graph_is_the_packaged_checkpoint(packaged: SINet, size: tuple[int, int]) -> None:
    """The two files that the package carries agree on noise of any size."""
    noise = np.random.default_rng(2).integers(256, size=(1, *size, 3), dtype=np.uint8)
    answer = run(packaged_graph(), noise)["alpha"]
    with torch.no_grad():
        assert away(answer, packaged.alpha(torch.from_numpy(noise)).numpy()) <= TOLERANCE


@pytest.mark.parametrize("size", [(288, 160), (192, 256), (224, 224)])
def test_packaged_files_agree_on_a_real_clip(
    packaged: SINet, carphone: Path, size: tuple[int, int]
) -> None:
    """They agree on real images, in which they find a person and a background."""
    images = np.stack([frame.scaled(*size) for frame in islice(decode(carphone), 0, 40, 20)])
    answer = run(packaged_graph(), images)["alpha"]
    with torch.no_grad():
        assert away(answer, packaged.alpha(torch.from_numpy(images)).numpy()) <= TOLERANCE
    assert (answer > 0.9).mean() > 0.1
    assert (answer < 0.1).mean() > 0.1


# Each rewriting by itself.


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
    assert_same(export_sinet.fold(first, norm)(x), norm(first(x)))


def test_fold_uses_the_running_statistics(exact: None) -> None:
    """A normalisation that still trains is not what is folded: it would use the batch's own."""
    first, norm = conv(4, 4, 3), randomise(batch_norm(4), 1)
    folded, x = export_sinet.fold(first, norm), torch.randn(2, 4, 5, 5)
    assert not torch.allclose(folded(x), norm.train()(first(x)))


@pytest.mark.parametrize("groups", [1, 2, 3])
def test_shuffled_dense_is_the_grouped_convolution_and_the_shuffle(
    exact: None, groups: int
) -> None:
    """A dense 1x1 convolution gives the shuffled channels."""
    grouped = conv(12, 6, 1, groups=groups)
    x = torch.randn(2, 12, 4, 3)
    assert_same(export_sinet.shuffled_dense(grouped)(x), shuffle_channels(grouped(x), groups))


def test_shuffled_dense_does_shuffle(exact: None) -> None:
    """Without the shuffle the channels would be in another order."""
    grouped, x = conv(12, 6, 1, groups=2), torch.randn(1, 12, 4, 3)
    assert not torch.allclose(export_sinet.shuffled_dense(grouped)(x), grouped(x))


def test_difference_is_the_second_output_less_the_first(exact: None) -> None:
    """One channel takes the place of two."""
    classify, x = conv(2, 2, 3), torch.randn(2, 2, 6, 5)
    both = classify(x)
    assert_same(export_sinet.difference(classify)(x), both[:, 1:] - both[:, :1])


def test_scaling_is_a_gain_and_an_offset_per_channel() -> None:
    """Each channel has its own."""
    layer = export_sinet.scaling(torch.tensor([2.0, -3.0]), torch.tensor([0.5, 0.0]))
    x = torch.ones(1, 2, 1, 1)
    assert layer(x).flatten().tolist() == [2.5, -3.0]


SLOPES = {
    "below one": [0.25, 0.0, 0.99],
    "one": [1.0, 1.0, 1.0],
    "above one": [1.5, 2.0, 40.0],
    "negative": [-0.5, -1.0, -3.0],
    "all kinds": [-0.5, 1.0, 1.5],
}


def prelu(slopes: list[float]) -> nn.PReLU:
    """A PReLU with these slopes."""
    act = nn.PReLU(len(slopes))
    act.weight.data = torch.tensor(slopes)
    return act


@pytest.mark.parametrize("slopes", SLOPES.values(), ids=SLOPES)
@pytest.mark.parametrize("with_norm", [False, True], ids=["alone", "after a normalisation"])
def test_fast_prelu_is_prelu(exact: None, slopes: list[float], with_norm: bool) -> None:
    """Whatever the slopes, on both sides of zero and at it, and after gains of either sign."""
    act, norm = prelu(slopes), randomise(batch_norm(3), 4)
    x = torch.cat([torch.randn(2, 3, 8, 5), torch.zeros(2, 3, 1, 5)], 2)
    assert isinstance(norm, nn.BatchNorm2d)
    fast = export_sinet.FastPReLU(act, norm if with_norm else None)
    assert_same(fast(x), act(norm(x)) if with_norm else act(x))


@pytest.mark.parametrize("slopes", SLOPES.values(), ids=SLOPES)
def test_fast_prelu_has_a_sign_only_where_a_slope_is_above_one(slopes: list[float]) -> None:
    """The third pass is there when it is needed, and not otherwise."""
    assert (export_sinet.FastPReLU(prelu(slopes)).sign is not None) == (max(slopes) > 1)


def test_fast_prelu_needs_its_sign(exact: None) -> None:
    """Without the third pass a slope above one bends the wrong way."""
    act, x = prelu([1.5]), torch.randn(1, 1, 4, 4)
    fast = export_sinet.FastPReLU(act)
    fast.sign = None
    assert not torch.allclose(fast(x), act(x))


@pytest.mark.parametrize("bottleneck", [None, 3])
def test_fast_excite_is_squeeze_excite(exact: None, bottleneck: int | None) -> None:
    """With and without a bottleneck."""
    excite = randomise(SqueezeExcite(6, bottleneck), 2)
    x = torch.randn(2, 6, 4, 5)
    assert isinstance(excite, SqueezeExcite)
    assert_same(export_sinet.FastExcite(excite)(x), excite(x))


def test_fast_down_is_the_downsampling(exact: None) -> None:
    """The whole step, with its bottleneck."""
    down = randomise(Downsample(6, 8, bottleneck=3), 3)
    x = torch.randn(2, 6, 8, 12)
    assert isinstance(down, Downsample)
    assert_same(export_sinet.fast_down(down)(x), down(x))


@pytest.mark.parametrize(("kernel", "pool"), [(3, 1), (5, 2), (3, 4)])
def test_fast_block_is_the_block(exact: None, kernel: int, pool: int) -> None:
    """The last normalisation may go before the enlargement, as that keeps constants."""
    block = randomise(S2Block(4, kernel, pool), 6)
    x = torch.randn(2, 4, 8, 12)
    assert isinstance(block, S2Block)
    assert_same(export_sinet.FastBlock(block)(x), block(x))


@pytest.mark.parametrize(("inputs", "outputs"), [(8, 8), (8, 12)], ids=["residual", "widening"])
def test_fast_module_is_the_module(exact: None, inputs: int, outputs: int) -> None:
    """With the residual and, where widths differ, without."""
    module = randomise(S2Module(inputs, outputs, ((3, 1), (5, 2))), 8)
    x = torch.randn(2, inputs, 8, 12)
    assert isinstance(module, S2Module)
    assert_same(export_sinet.FastModule(module)(x), module(x))
