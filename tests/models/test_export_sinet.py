"""ONNX graphs against the torch network: each rewriting by itself, then the whole."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import sinet_video
from sinet_video.decoding.decode import decode
from sinet_video.models import checkpoint, export_sinet
from sinet_video.models.load import packaged_graph
from sinet_video.models.sinet import PAPER, WIDE, S2Block, S2Module, SINet, Widths, conv, s2_modules
from sinet_video.quiet_onnxruntime import onnxruntime
from tests.random_weights import assert_same, randomise

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


@pytest.mark.parametrize(
    ("seed", "widths"),
    [(1, PAPER), (2, PAPER), (3, PAPER), (4, WIDE), (5, Widths(8, 4, 12, 8, 4, 20))],
)
def test_fast_network_is_exact(exact: None, seed: int, widths: Widths) -> None:
    """For random weights, statistics, slopes and constants the rewritten network is the network."""
    torch.manual_seed(seed)
    network = SINet(widths)
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


# Blocks and modules by themselves.


@pytest.mark.parametrize(("kernel", "pool"), [(3, 1), (5, 2), (3, 4)])
@pytest.mark.parametrize("signs", [[1, 1, 1, 1], [1, -1, -1, 1]], ids=["upright", "signed"])
def test_fast_block_is_the_block(exact: None, signs: list[int], kernel: int, pool: int) -> None:
    """The last normalisation may go before the enlargement, as that keeps constants."""
    block, wanted = randomise(S2Block(4, kernel, pool), 6), torch.tensor(signs, dtype=torch.float64)
    x = torch.randn(2, 4, 8, 12)
    assert isinstance(block, S2Block)
    assert_same(export_sinet.FastBlock(block, wanted)(x), block(x) * wanted.view(-1, 1, 1))


@pytest.mark.parametrize(("kernels", "expected"), [((3, 5), 5), ((3, 3), 3), ((5, 5), 5)])
def test_merged_blocks_are_the_blocks(exact: None, kernels: tuple[int, int], expected: int) -> None:
    """The smaller kernel is filled up with zeros, whatever the order."""
    blocks = [randomise(S2Block(4, kernel, 1), kernel) for kernel in kernels]
    x = torch.randn(2, 8, 8, 12)
    whole = export_sinet.merged([block for block in blocks if isinstance(block, S2Block)])
    assert whole.depthwise.kernel_size == (expected, expected)
    assert_same(whole(x), torch.cat([blocks[0](x[:, :4]), blocks[1](x[:, 4:])], 1))


@pytest.mark.parametrize(
    ("squeeze", "width", "expected"),
    [
        (((3, 1), (5, 1)), 24, True),
        (((3, 1), (5, 1)), 48, False),
        (((3, 1), (5, 2)), 24, False),
    ],
)
def test_blocks_are_merged_where_channels_do_not_fill_a_block(
    squeeze: tuple[tuple[int, int], tuple[int, int]], width: int, expected: bool
) -> None:
    """Pooled ones cannot be, and wide ones take longer; one holds its whole level back."""
    level = s2_modules(2 * width, 2 * width, (squeeze, ((3, 1), (3, 1)))).eval()
    signs = [torch.ones(2 * width)] if expected else [torch.ones(width)] * 2
    for fast in export_sinet.FastLevel(level, signs):
        assert len(fast.blocks) == 1 + (not expected)


@pytest.mark.parametrize("squeeze", [((3, 1), (5, 1)), ((3, 1), (5, 2))], ids=["merged", "parts"])
@pytest.mark.parametrize(("inputs", "outputs"), [(8, 8), (8, 12)], ids=["residual", "widening"])
def test_fast_module_is_the_module(
    exact: None, inputs: int, outputs: int, squeeze: tuple[tuple[int, int], tuple[int, int]]
) -> None:
    """With the residual and, where widths differ, without; in parts with signs, or merged."""
    module = randomise(S2Module(inputs, outputs, squeeze), 8)
    x = torch.randn(2, inputs, 8, 12)
    assert isinstance(module, S2Module)
    merged = export_sinet.mergeable(list(module.blocks))
    signs = torch.where(torch.arange(inputs) % 3 == 0, -1.0, 1.0)
    widths = [inputs] if merged else [inputs // 2] * 2
    fast = export_sinet.FastModule(module, signs.split(widths), merge=merged)
    parts = fast(list((x * signs.view(-1, 1, 1)).split(widths, 1)))
    assert len(parts) == len(fast.signs) == len(widths)
    assert_same(torch.cat(parts, 1) * torch.cat(fast.signs).view(-1, 1, 1), module(x))


def test_difference_is_the_second_output_less_the_first(exact: None) -> None:
    """One channel takes the place of two."""
    classify, x = conv(2, 2, 3), torch.randn(2, 2, 6, 5)
    both = classify(x)
    assert_same(export_sinet.difference(classify)(x), both[:, 1:] - both[:, :1])


@pytest.mark.parametrize("size", [(4, 4), (8, 12), (32, 64)])
def test_tiled_convolution_is_the_convolution(exact: None, size: tuple[int, int]) -> None:
    """Woven together, the tiles are the result, borders included."""
    single, x = conv(2, 1, 3), torch.randn(2, 2, *size)
    tiles = export_sinet.tiled(single)(x)
    assert tiles.shape[1:] == (16, size[0] // 4, size[1] // 4)
    assert_same(torch.nn.functional.pixel_shuffle(tiles, 4), single(x))
