"""The Cityscapes network: the reference code's figures, its parts, and its use as a segmenter."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sinet_video.errors import SettingError, WeightsError
from sinet_video.models import checkpoint as checkpoints
from sinet_video.models import cityscapes_classes, export_cityscapes, export_sinet
from sinet_video.models.cityscapes_classes import CLASSES
from sinet_video.models.input_settings import InputSize
from sinet_video.models.load import load_segmenter
from sinet_video.models.runtimes import FastSegmenter, TorchSegmenter
from sinet_video.models.segmenter import seen_size
from sinet_video.models.sinet import S2Block, SINet
from sinet_video.models.sinet_cityscapes import (
    CityscapesSINet,
    CrossBlock,
    block,
    doubt,
    enlarge,
    from_cityscapes_reference,
)
from sinet_video.pipeline.chain import matte
from sinet_video.pipeline.settings import Settings

RELATIVE = 1e-4
TOLERANCE = 1e-3
Image = NDArray[np.uint8]


def untrained(seed: int = 0) -> CityscapesSINet:
    """A network with random weights and statistics, in evaluation mode, whose classes differ."""
    torch.manual_seed(seed)
    network = CityscapesSINet()
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.weight.data.uniform_(0.5, 1.5)
            part.bias.data.uniform_(-0.5, 0.5)
            part.running_mean.uniform_(-0.5, 0.5)
            part.running_var.uniform_(0.3, 2)
        elif isinstance(part, nn.PReLU):
            part.weight.data.uniform_(-0.5, 1.5)
    return network.eval()


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of random weights."""
    path = tmp_path_factory.mktemp("streets") / "streets.pth"
    checkpoints.save(untrained(), path)
    return path


@pytest.fixture(scope="module")
def official(shared: Path) -> Path:
    """The weights that the paper's authors released."""
    return shared / "weights" / "SINet-cityscapes-official.pth"


@pytest.fixture
def image() -> Image:
    """An RGB image, 256 wide and 128 high."""
    return np.random.default_rng(4).integers(256, size=(128, 256, 3), dtype=np.uint8)


# The network.


def test_parameters_are_as_many_as_released() -> None:
    """The whole has 119,418 parameters."""
    assert sum(parameter.numel() for parameter in CityscapesSINet().parameters()) == 119_418


def test_logits_are_the_reference_codes(shared: Path, official: Path) -> None:
    """With the released weights the recorded input gives the recorded logits."""
    network = checkpoints.load_any(official)
    with np.load(shared / "golden" / "sinet_cityscapes.npz") as golden:
        given, expected = golden["network_input"], golden["output_0"]
    with torch.no_grad():
        logits = network(torch.from_numpy(given)).numpy()
        flipped = network(torch.from_numpy(given).flip(1)).numpy()
    allowed = RELATIVE * np.abs(expected).max()
    assert logits.shape == expected.shape == (1, 19, 128, 256)
    assert np.abs(logits - expected).max() <= allowed
    assert np.abs(flipped - expected).max() > 100 * allowed


@pytest.mark.parametrize("size", [(128, 128), (128, 256), (384, 128)])
def test_logits_have_half_the_size_of_the_image(size: tuple[int, int]) -> None:
    """Nineteen classes come out."""
    with torch.no_grad():
        assert untrained()(torch.zeros(2, 3, *size)).shape == (2, 19, size[0] // 2, size[1] // 2)


@pytest.mark.parametrize("side", [32, 96, 192])
def test_other_sides_do_not_fit(side: int) -> None:
    """A side that is no multiple of 128 cannot pass the most squeezed block."""
    with torch.no_grad(), pytest.raises(RuntimeError):
        untrained()(torch.zeros(1, 3, 128, side))


def test_encoder_answers_at_three_sizes() -> None:
    """Logits at a sixteenth, features at an eighth and at a quarter."""
    with torch.no_grad():
        sixteenth, eighth, quarter = untrained().encoder(torch.zeros(1, 3, 128, 256))
    assert sixteenth.shape == (1, 19, 8, 16)
    assert eighth.shape == (1, 60, 16, 32)
    assert quarter.shape == (1, 19, 32, 64)


def test_normalise_is_that_of_imagenet() -> None:
    """Means of 0.485, 0.456, 0.406 and deviations of 0.229, 0.224, 0.225, for red, green, blue."""
    rgb = 255 * torch.tensor([0.485, 0.456 + 0.224, 0.406 - 0.225]).view(1, 3, 1, 1)
    normal = CityscapesSINet().normalise(rgb).flatten()
    torch.testing.assert_close(normal, torch.tensor([0.0, 1.0, -1.0]), rtol=0, atol=1e-5)


def test_cross_block_sums_a_column_and_a_row() -> None:
    """With kernels of ones a point becomes a cross, twice as high in its middle."""
    cross = CrossBlock(1, 3, 1)
    for line in (cross.vertical, cross.horizontal, cross.pointwise):
        nn.init.ones_(line.weight)
    point = torch.zeros(1, 1, 5, 5)
    point[..., 2, 2] = 1
    with torch.no_grad():
        answer = cross.eval()(point)[0, 0]
    expected = torch.zeros(5, 5)
    expected[1:4, 2] += 1
    expected[2, 1:4] += 1
    torch.testing.assert_close(answer, expected, rtol=0, atol=0.01)


def test_a_pool_of_nought_is_a_whole_kernel() -> None:
    """The tables' other pairs are crossed blocks."""
    assert isinstance(block(4, 3, 0), S2Block)
    assert isinstance(block(4, 3, 1), CrossBlock)
    assert block(4, 5, 8).pool == 8


def test_doubt_is_largest_where_all_classes_are_alike() -> None:
    """None where one class is certain."""
    logits = torch.zeros(1, 4, 1, 2)
    logits[0, 2, 0, 1] = 100
    torch.testing.assert_close(doubt(logits).flatten(), torch.tensor([0.75, 0.0]))


def test_enlarge_keeps_areas() -> None:
    """Unlike in the blocks, corners do not stay on corners."""
    x = torch.tensor([0.0, 4.0]).view(1, 1, 1, 2)
    assert enlarge(x)[0, 0, 0].tolist() == [0, 1, 3, 4]


# Its alpha.


def chosen(*names: str) -> Tensor:
    """A choice of classes as a tensor."""
    return torch.from_numpy(cityscapes_classes.wanted(names))


def test_alpha_is_the_wanted_classes_share(image: Image) -> None:
    """Summed over classes; of all it is 1, and of two sets that are apart it is the sum."""
    network, images = untrained(), torch.from_numpy(image[None])
    with torch.no_grad():
        logits = network(network.normalise(images.permute(0, 3, 1, 2)))
        people, cars = (network.alpha(images, chosen(name)) for name in ("person", "car"))
        both = network.alpha(images, chosen("car", "person"))
        whole = network.alpha(images, torch.ones(19))
    assert people.shape == (1, 64, 128)
    torch.testing.assert_close(people, logits.softmax(1)[:, CLASSES.index("person")])
    torch.testing.assert_close(both, people + cars)
    torch.testing.assert_close(whole, torch.ones_like(whole))
    assert not torch.allclose(people, cars)


# Checkpoints.


def test_either_network_is_told_by_its_keys(checkpoint: Path, tmp_path: Path) -> None:
    """A checkpoint says what it is of; where portraits are wanted, it is refused."""
    loaded = checkpoints.load_any(checkpoint)
    before = untrained().state_dict()
    assert isinstance(loaded, CityscapesSINet)
    assert not loaded.training
    assert all(torch.equal(before[key], value) for key, value in loaded.state_dict().items())
    checkpoints.save(SINet(), tmp_path / "portrait.pth")
    assert isinstance(checkpoints.load_any(tmp_path / "portrait.pth"), SINet)
    with pytest.raises(WeightsError, match="Cityscapes"):
        checkpoints.load(checkpoint)


def test_every_reference_name_is_renamed(official: Path) -> None:
    """Each of the reference code's names becomes one of ours; values stay, red first."""
    state = torch.load(official, map_location="cpu", weights_only=True)
    ours = from_cityscapes_reference(state)
    assert set(ours) == set(CityscapesSINet().state_dict())
    assert len(ours) == len(state) + 3
    assert torch.equal(ours["encoder.stem.conv.weight"], state["encoder.level1.conv.weight"])
    assert torch.equal(ours["coarse_norm.weight"], state["bn_4.weight"])


@pytest.mark.parametrize("lost", ["encoder.level4.9.fine", "fine_norm.weight"])
def test_a_checkpoint_with_a_gap_is_refused(checkpoint: Path, tmp_path: Path, lost: str) -> None:
    """One tensor too few, or one too many, is an error."""
    state = torch.load(checkpoint, weights_only=True)
    if state.pop(lost, None) is None:
        state[lost] = torch.zeros(1)
    torch.save(state, tmp_path / "gap.pth")
    with pytest.raises(WeightsError, match=lost):
        checkpoints.load_any(tmp_path / "gap.pth")


# As a segmenter.


@pytest.mark.parametrize("names", [None, "person,rider", "car", "road,sky,bicycle"])
def test_runtimes_agree(checkpoint: Path, image: Image, names: str | None) -> None:
    """The graph and torch give one alpha, which is that of the classes."""
    fast = load_segmenter(checkpoint, classes=names)
    slow = load_segmenter(checkpoint, runtime="torch", classes=names)
    assert isinstance(fast, FastSegmenter)
    assert isinstance(slow, TorchSegmenter)
    alpha = fast(image)
    assert alpha.shape == (64, 128)
    assert alpha.dtype == np.float32
    assert np.abs(slow(image) - alpha).max() <= TOLERANCE
    images = torch.from_numpy(image[None])
    with torch.no_grad():
        expected = untrained().alpha(
            images, torch.from_numpy(cityscapes_classes.wanted(names or "person,rider"))
        )
    assert np.abs(alpha - expected[0].numpy()).max() <= TOLERANCE
    assert alpha.std() > 1e-3


def test_classes_differ(checkpoint: Path, image: Image) -> None:
    """Another choice is another alpha, of the same cached graph; all classes are everything."""
    person, car = (load_segmenter(checkpoint, classes=name)(image) for name in ("person", "car"))
    everything = load_segmenter(checkpoint, classes=CLASSES)(image)
    assert np.abs(person - car).max() > 10 * TOLERANCE
    assert everything.min() > 0.999
    assert everything.max() <= 1


@pytest.mark.parametrize("runtime", ["onnxruntime", "torch"])
@pytest.mark.parametrize("named", ["dog", "", ["person", "dog"]])
def test_unknown_classes(checkpoint: Path, runtime: Any, named: Any) -> None:
    """The message names the class, and what there is."""
    with pytest.raises(SettingError, match=r"the classes are road, .*bicycle"):
        load_segmenter(checkpoint, runtime=runtime, classes=named)


def test_unknown_classes_are_told_before_anything_is_fetched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A slip costs no download."""
    monkeypatch.setattr("sinet_video.models.download.fetch", lambda remote: pytest.fail("fetched"))
    for named in ("official", "cityscapes"):
        with pytest.raises(SettingError, match="'dog'"):
            load_segmenter(named, classes="dog")
    with pytest.raises(SettingError, match="no classes"):
        load_segmenter("official", classes="person")


@pytest.mark.parametrize("runtime", ["onnxruntime", "torch"])
def test_weights_without_classes(tmp_path: Path, runtime: Any) -> None:
    """Portrait weights, by name or in a file, know none, and the message says which do."""
    checkpoints.save(SINet(), tmp_path / "portrait.pth")
    for named in ("default", tmp_path / "portrait.pth"):
        with pytest.raises(SettingError, match=r"no classes.*'cityscapes'"):
            load_segmenter(named, runtime=runtime, classes="person")


@pytest.mark.parametrize("runtime", ["onnxruntime", "torch"])
def test_sizes_are_the_networks(checkpoint: Path, runtime: Any) -> None:
    """About 600,000 pixels unless another number is asked for, in multiples of 128."""
    segmenter = load_segmenter(checkpoint, runtime=runtime)
    assert seen_size(segmenter, InputSize(), 16 / 9) == (896, 512)
    assert seen_size(segmenter, InputSize(), 4 / 3) == (896, 640)
    assert seen_size(segmenter, InputSize(), 9 / 16) == (512, 896)
    assert seen_size(segmenter, InputSize(50_000), 16 / 9) == (256, 128)
    assert seen_size(segmenter, InputSize(exact=(256, 128)), 1.0) == (256, 128)
    with pytest.raises(SettingError, match="288; it must be a multiple of 128"):
        seen_size(segmenter, InputSize(exact=(288, 160)), 1.0)
    assert seen_size(load_segmenter(), InputSize(), 16 / 9) == (320, 192)


def test_a_whole_job(checkpoint: Path, carphone: Path) -> None:
    """Mattes at the image's size, that a choice of classes changes."""
    size = InputSize(exact=(128, 128))
    chosen: list[Any] = [CLASSES, "car"]
    settings = [Settings(weights=checkpoint, classes=names, size=size) for names in chosen]
    everything, cars = (next(matte(carphone, settings=each)) for each in settings)
    frame = everything.frame
    assert np.asarray(everything.alpha).shape == (frame.height, frame.width)
    assert np.asarray(everything.alpha).min() > 0.99
    assert np.asarray(cars.alpha).mean() < 0.9


@pytest.mark.parametrize("runtime", ["onnxruntime", "torch"])
def test_fetched_weights(
    official: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, image: Image, runtime: Any
) -> None:
    """`weights="cityscapes"` takes the pinned file from the cache, and no other."""
    monkeypatch.setenv("SINET_VIDEO_CACHE", str(tmp_path))
    shutil.copy(official, tmp_path / "SINet-cityscapes-official.pth")
    alpha = load_segmenter("cityscapes", runtime=runtime)(image)
    assert np.array_equal(alpha, load_segmenter(official, runtime=runtime)(image))


# The graph.


@pytest.fixture
def double() -> Any:
    """Double precision, in which an exact rewriting shows no difference to speak of."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("seed", [1, 2])
def test_fast_network_is_exact(double: None, seed: int) -> None:
    """For random weights the rewritten network is the network."""
    network = untrained(seed).double()
    images = torch.randint(256, (2, 128, 256, 3), dtype=torch.uint8)
    wanted = torch.rand(19)
    with torch.no_grad():
        alpha = export_cityscapes.FastCityscapes(network)(images, wanted)
        expected = network.alpha(images, wanted)
    # The graph turns bytes into floats as the exporter knows them, of single precision.
    torch.testing.assert_close(alpha, expected, rtol=0, atol=1e-7)
    assert alpha.std() > 1e-4


@pytest.mark.parametrize("pool", [1, 2, 8])
def test_fast_cross_is_the_block(double: None, pool: int) -> None:
    """With and without pooling."""
    cross = CrossBlock(4, 5, pool).eval()
    for norm in (cross.vertical_norm, cross.horizontal_norm, cross.norm):
        norm.running_mean.uniform_(-1, 1)
        norm.running_var.uniform_(0.3, 2)
    x = torch.randn(2, 4, 16, 8)
    fast = export_cityscapes.FastCross(cross, torch.tensor([1.0, -1, 1, -1]))
    torch.testing.assert_close(fast(x), cross(x) * torch.tensor([1.0, -1, 1, -1]).view(-1, 1, 1))


def test_corners_are_the_transposed_convolution(double: None) -> None:
    """Interleaved, they are its answer."""
    conv = nn.ConvTranspose2d(3, 5, 2, stride=2, bias=False)
    x = torch.randn(2, 3, 4, 6)
    parts = export_cityscapes.corners(conv)(x).chunk(4, 1)
    woven = nn.functional.pixel_shuffle(torch.stack(parts, 2).flatten(1, 2), 2)
    torch.testing.assert_close(woven, conv(x))


def test_exporting_leaves_the_network_alone() -> None:
    """Its weights are what they were."""
    network = untrained()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    export_cityscapes.fast(network)
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())


def test_portraits_have_other_graphs(checkpoint: Path) -> None:
    """A file of the graph works as the checkpoint does; one of portraits has no classes."""
    path = checkpoint.with_name("portrait.onnx")
    path.write_bytes(export_sinet.fast(SINet().eval()))
    with pytest.raises(SettingError, match="no classes"):
        load_segmenter(path, classes="person")
    assert isinstance(load_segmenter(path), FastSegmenter)
