"""ONNX files of others: what they get, what is made of their answers, and which are refused."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from sinet_video.errors import SettingError, WeightsError
from sinet_video.media.frame import Frame
from sinet_video.models.input_settings import OnnxInput, Preprocessing
from sinet_video.models.load import load_segmenter
from sinet_video.models.onnx.segmenter import OnnxSegmenter
from sinet_video.stages.segment import segment

Shape = list[int | str]
Image = NDArray[np.uint8]


@pytest.fixture
def image() -> Image:
    """An RGB image, 64 wide and 32 high, in which every channel differs."""
    return np.random.default_rng(4).integers(256, size=(32, 64, 3), dtype=np.uint8)


def node(operator: str, inputs: str = "x", outputs: str = "y", **attributes: Any) -> onnx.NodeProto:
    """One operation; names of inputs and outputs are separated by spaces."""
    return helper.make_node(operator, inputs.split(), outputs.split(), **attributes)


def channels(axis: int, *wanted: int) -> list[onnx.NodeProto]:
    """Operations that choose channels of the image."""
    indices = helper.make_tensor("indices", TensorProto.INT64, [len(wanted)], wanted)
    return [
        node("Constant", "", "wanted", value=indices),
        node("Gather", "x wanted", axis=axis),
    ]


def write_graph(
    path: Path,
    nodes: list[onnx.NodeProto],
    *shapes: Shape,
    answer: Shape | None = None,
    element: int = TensorProto.FLOAT,
) -> Path:
    """Write an ONNX file with inputs x, x1, .. of these shapes and the output y."""
    names = ["x", "x1"][: len(shapes)]
    takes = [
        helper.make_tensor_value_info(n, element, s) for n, s in zip(names, shapes, strict=True)
    ]
    gives = [helper.make_tensor_value_info("y", element, answer)]
    model = helper.make_model(
        helper.make_graph(nodes, "foreign", takes, gives),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


FREE_FIRST: Shape = [1, 3, "h", "w"]
FREE_LAST: Shape = [1, "h", "w", 3]


# Graphs of any size.


@pytest.mark.parametrize("channel", [0, 1, 2])
def test_channels_first(tmp_path: Path, image: Image, channel: int) -> None:
    """A graph (1, 3, h, w) gets red, green and blue, in 0 to 1."""
    path = write_graph(
        tmp_path / "a.onnx", channels(1, channel), FREE_FIRST, answer=[1, 1, "h", "w"]
    )
    segmenter = load_segmenter(path)
    assert isinstance(segmenter, OnnxSegmenter)
    assert segmenter.input_size is None
    assert np.allclose(segmenter(image), image[..., channel] / 255, atol=1e-6)


@pytest.mark.parametrize("channel", [0, 1, 2])
def test_channels_last(tmp_path: Path, image: Image, channel: int) -> None:
    """A graph (1, h, w, 3) gets the same the other way round, and may answer (1, h, w, 1)."""
    path = write_graph(
        tmp_path / "a.onnx", channels(3, channel), FREE_LAST, answer=[1, "h", "w", 1]
    )
    assert np.allclose(load_segmenter(path)(image), image[..., channel] / 255, atol=1e-6)


def test_answer_without_a_channel_axis(tmp_path: Path, image: Image) -> None:
    """An answer (1, h, w) is the map itself."""
    mean = [node("ReduceMean", axes=[1], keepdims=0)]
    path = write_graph(tmp_path / "a.onnx", mean, FREE_FIRST, answer=[1, "h", "w"])
    assert np.allclose(load_segmenter(path)(image), image.mean(2) / 255, atol=1e-6)


def test_batch_may_be_free(tmp_path: Path, image: Image) -> None:
    """A graph for any number of images gets one."""
    path = write_graph(
        tmp_path / "a.onnx", channels(1, 0), ["n", 3, "h", "w"], answer=["n", 1, "h", "w"]
    )
    assert np.allclose(load_segmenter(path)(image), image[..., 0] / 255, atol=1e-6)


@pytest.mark.parametrize(("order", "first"), [("rgb", 0), ("bgr", 2)])
@pytest.mark.parametrize("shape", [FREE_FIRST, FREE_LAST], ids=["first", "last"])
def test_channel_order(tmp_path: Path, image: Image, order: Any, first: int, shape: Shape) -> None:
    """The first channel is red, or blue where BGR is wanted."""
    axis = shape.index(3)
    answer: Shape = [1, "h", "w"]
    answer.insert(axis, 1)
    path = write_graph(tmp_path / "a.onnx", channels(axis, 0), shape, answer=answer)
    segmenter = load_segmenter(path, onnx=OnnxInput(Preprocessing(order)))
    assert np.allclose(segmenter(image), image[..., first] / 255, atol=1e-6)


@pytest.mark.parametrize("order", ["rgb", "bgr"])
def test_mean_std_and_scale(tmp_path: Path, image: Image, order: Any) -> None:
    """Constants go with the channels in the order that is named."""
    path = write_graph(tmp_path / "a.onnx", [node("Identity")], FREE_FIRST, answer=[1, 3, "h", "w"])
    mean, std, scale = (-10.0, -20.0, -30.0), (300.0, 400.0, 500.0), 0.5
    for channel in range(3):
        segmenter = load_segmenter(
            path, onnx=OnnxInput(Preprocessing(order, mean, std, scale), channel=channel)
        )
        values = image[..., channel if order == "rgb" else 2 - channel].astype(float)
        expected = (values - mean[channel]) / std[channel] * scale
        assert np.allclose(segmenter(image), expected, atol=1e-5)


def logits(image: Image) -> NDArray[np.float64]:
    """What `ZERO_CENTRED` makes of an image: from -3 to 3 about."""
    return (image - 128.0) / 40


ZERO_CENTRED = Preprocessing(mean=(128.0, 128.0, 128.0), std=(40.0, 40.0, 40.0))


def test_sigmoid(tmp_path: Path, image: Image) -> None:
    """The logistic function is applied where it is asked for, and only there."""
    path = write_graph(tmp_path / "a.onnx", channels(1, 0), FREE_FIRST, answer=[1, 1, "h", "w"])
    expected = 1 / (1 + np.exp(-logits(image)[..., 0]))
    bent = load_segmenter(path, onnx=OnnxInput(ZERO_CENTRED, "sigmoid"))
    assert np.allclose(bent(image), expected, atol=1e-5)
    cut = load_segmenter(path, onnx=OnnxInput(ZERO_CENTRED, "none"))
    assert np.allclose(cut(image), logits(image)[..., 0].clip(0, 1), atol=1e-5)


@pytest.mark.parametrize("activation", ["sigmoid", "softmax"])
def test_certain_logits(tmp_path: Path, activation: Any) -> None:
    """Logits beyond what an exponential can hold give 0 and 1, without a warning."""
    path = write_graph(tmp_path / "a.onnx", channels(1, 0, 1), FREE_FIRST, answer=[1, 2, "h", "w"])
    image = np.zeros((32, 64, 3), np.uint8)
    image[:16, :, 0] = image[16:, :, 1] = 255
    large = Preprocessing(mean=(127.0, 127.0, 127.0), std=(0.1, 0.1, 0.1))
    alpha = load_segmenter(path, onnx=OnnxInput(large, activation))(image)
    assert (alpha[:16] == 0).all()
    assert (alpha[16:] == 1).all()


@pytest.mark.parametrize("person", [0, 1])
@pytest.mark.parametrize("shape", [FREE_FIRST, FREE_LAST], ids=["first", "last"])
def test_softmax(tmp_path: Path, image: Image, person: int, shape: Shape) -> None:
    """Two classes become probabilities, of which one is the person's."""
    axis = shape.index(3)
    answer: Shape = [1, "h", "w"]
    answer.insert(axis, 2)
    path = write_graph(tmp_path / "a.onnx", channels(axis, 0, 1), shape, answer=answer)
    segmenter = load_segmenter(path, onnx=OnnxInput(ZERO_CENTRED, "softmax", channel=person))
    raised = np.exp(logits(image)[..., :2])
    assert np.allclose(segmenter(image), raised[..., person] / raised.sum(2), atol=1e-5)


@pytest.mark.parametrize("shape", [FREE_FIRST, FREE_LAST], ids=["first", "last"])
def test_choice_of_channel(tmp_path: Path, image: Image, shape: Shape) -> None:
    """Of several channels the last is the person's, or the one that is named."""
    path = write_graph(tmp_path / "a.onnx", [node("Identity")], shape, answer=shape)
    for channel, expected in ((-1, 2), (0, 0), (1, 1), (2, 2)):
        onnx_input = OnnxInput(channel=channel)
        assert np.allclose(
            load_segmenter(path, onnx=onnx_input)(image), image[..., expected] / 255, atol=1e-6
        )
    assert np.array_equal(load_segmenter(path)(image), load_segmenter(path, onnx=onnx_input)(image))


def test_channel_that_is_not_there(tmp_path: Path, image: Image) -> None:
    """A channel beyond the answer's is a setting that cannot be."""
    path = write_graph(tmp_path / "a.onnx", [node("Identity")], FREE_FIRST, answer=[1, 3, "h", "w"])
    with pytest.raises(SettingError, match="7"):
        load_segmenter(path, onnx=OnnxInput(channel=7))(image)


def test_unknown_activation(tmp_path: Path, image: Image) -> None:
    """An activation that there is not is refused, and not taken for none."""
    path = write_graph(tmp_path / "a.onnx", channels(1, 0), FREE_FIRST, answer=[1, 1, "h", "w"])
    with pytest.raises(SettingError, match="tanh"):
        load_segmenter(path, onnx=OnnxInput(activation="tanh"))(image)  # type: ignore[arg-type]


def test_answer_of_another_size(tmp_path: Path) -> None:
    """A map of a quarter of the image's size is passed on as it is."""
    nodes = [*channels(1, 0), node("AveragePool", "y", "z", kernel_shape=[4, 4], strides=[4, 4])]
    nodes[1].output[0], nodes[2].input[0], nodes[2].output[0] = "red", "red", "y"
    path = write_graph(tmp_path / "a.onnx", nodes, FREE_FIRST, answer=[1, 1, "h4", "w4"])
    image = np.kron(np.arange(128, dtype=np.uint8).reshape(8, 16, 1), np.ones((4, 4, 3), np.uint8))
    assert np.allclose(load_segmenter(path)(image), image[::4, ::4, 0] / 255, atol=1e-6)


def test_answer_beyond_0_to_1_is_cut(tmp_path: Path) -> None:
    """Alpha stays in [0, 1] whatever a graph answers."""
    path = write_graph(tmp_path / "a.onnx", channels(1, 0), FREE_FIRST, answer=[1, 1, "h", "w"])
    ramp = np.linspace(0, 255, 64).astype(np.uint8)
    image = np.broadcast_to(ramp[None, :, None], (32, 64, 3))
    wide = OnnxInput(Preprocessing(mean=(85.0,) * 3, std=(85.0,) * 3))
    alpha = load_segmenter(path, onnx=wide)(image)
    assert (alpha[:, :20] == 0).all()
    assert (alpha[:, -20:] == 1).all()


# Graphs of one size.


def still(width: int, height: int) -> Frame:
    """A frame of gray noise in blocks, so that scaling it leaves something to compare."""
    noise = np.random.default_rng(1).integers(256, size=(height // 8, width // 8), dtype=np.uint8)
    gray = np.kron(noise, np.ones((8, 8), np.uint8))
    video = av.VideoFrame.from_ndarray(np.stack([gray] * 3, 2), "rgb24")
    return Frame(video.reformat(format="yuv444p"), pts=0, time_base=Fraction(1, 25))


@pytest.mark.parametrize("shape", [[1, 3, 64, 96], [1, 64, 96, 3]], ids=["first", "last"])
def test_fixed_size_is_known(tmp_path: Path, shape: Shape) -> None:
    """A graph of one size says so as (width, height); one that is free says nothing."""
    path = write_graph(tmp_path / "a.onnx", [node("Identity")], shape, answer=shape)
    segmenter = load_segmenter(path)
    assert isinstance(segmenter, OnnxSegmenter)
    assert segmenter.input_size == (96, 64)


@pytest.mark.parametrize(
    ("frame_size", "seen"),
    [((160, 96), (64, 38)), ((96, 160), (38, 63)), ((96, 96), (64, 64)), ((640, 32), (64, 3))],
    ids=["wide", "tall", "square", "strip"],
)
@pytest.mark.parametrize("shape", [[1, 3, 64, 64], [1, 64, 64, 3]], ids=["first", "last"])
def test_fixed_size_is_not_squashed(
    tmp_path: Path, shape: Shape, frame_size: tuple[int, int], seen: tuple[int, int]
) -> None:
    """An image of another aspect is fitted in, and its alpha has its own aspect."""
    path = write_graph(tmp_path / "a.onnx", [node("Identity")], shape, answer=shape)
    frame = still(*frame_size)
    (matte,) = segment([frame], load_segmenter(path))
    assert matte.alpha.shape == seen[::-1]
    assert np.allclose(matte.alpha, frame.scaled(*seen)[..., 2] / 255, atol=1e-6)


def test_fixed_size_is_filled_by_the_border(tmp_path: Path) -> None:
    """What is added repeats the border: the least value over the whole input is the image's."""
    nodes = [
        node("ReduceMin", "x", "least", axes=[1, 2, 3]),
        node("Mul", "x least", "product"),
        node("Div", "product x", "y"),
    ]
    path = write_graph(tmp_path / "a.onnx", nodes, [1, 3, 64, 64], answer=[1, 3, 64, 64])
    image = np.full((32, 64, 3), 200, np.uint8)
    image[0, 0] = 150
    alpha = load_segmenter(path)(image)
    assert alpha.shape == (32, 64)
    assert np.allclose(alpha, 150 / 255, atol=1e-5)


def test_fixed_size_with_a_smaller_answer(tmp_path: Path) -> None:
    """Where the answer is a quarter of the input's size, a quarter of what was added is cut off."""
    pool = [node("AveragePool", kernel_shape=[4, 4], strides=[4, 4])]
    path = write_graph(tmp_path / "a.onnx", pool, [1, 3, 64, 64], answer=[1, 3, 16, 16])
    image = np.full((32, 64, 3), 51, np.uint8)
    alpha = load_segmenter(path)(image)
    assert alpha.shape == (8, 16)
    assert np.allclose(alpha, 0.2, atol=1e-6)


# Graphs that cannot be used.


def test_two_inputs(tmp_path: Path) -> None:
    """A graph that wants more than an image, such as a former state, is refused."""
    path = write_graph(
        tmp_path / "a.onnx", [node("Add", "x x1")], FREE_FIRST, FREE_FIRST, answer=FREE_FIRST
    )
    with pytest.raises(WeightsError, match=r"a\.onnx takes other inputs than one image"):
        load_segmenter(path)


def test_no_input(tmp_path: Path) -> None:
    """A graph that wants nothing is refused."""
    constant = helper.make_tensor("c", TensorProto.FLOAT, [1, 1, 2, 2], [0.0] * 4)
    nodes = [node("Constant", "", value=constant)]
    path = write_graph(tmp_path / "a.onnx", nodes, answer=[1, 1, 2, 2])
    with pytest.raises(WeightsError, match=r"a\.onnx takes other inputs than one image"):
        load_segmenter(path)


@pytest.mark.parametrize("shape", [[3, "h", "w"], [1, 1, 3, "h", "w"]])
def test_wrong_number_of_axes(tmp_path: Path, shape: Shape) -> None:
    """An image has four axes, with that of the batch."""
    path = write_graph(tmp_path / "a.onnx", [node("Identity")], shape, answer=shape)
    with pytest.raises(WeightsError, match="other inputs than one image"):
        load_segmenter(path)


@pytest.mark.parametrize("shape", [[1, 1, "h", "w"], [1, "h", "w", 4], [1, "c", "h", "w"]])
def test_wrong_channels(tmp_path: Path, shape: Shape) -> None:
    """A graph for anything but three channels is refused."""
    path = write_graph(tmp_path / "a.onnx", [node("Identity")], shape, answer=shape)
    with pytest.raises(WeightsError, match="no axis is three channels"):
        load_segmenter(path)


@pytest.mark.parametrize("shape", [[4, 3, "h", "w"], [1, 3, 64, "w"]], ids=["batch", "one side"])
def test_shape_that_cannot_be_served(tmp_path: Path, shape: Shape) -> None:
    """A graph for four images at once, or with one side alone fixed, is refused when loaded."""
    path = write_graph(tmp_path / "a.onnx", [node("Identity")], shape, answer=shape)
    with pytest.raises(WeightsError, match=r"a\.onnx"):
        load_segmenter(path)


@pytest.mark.parametrize("element", ["FLOAT16", "UINT8", "DOUBLE"])
def test_element_that_cannot_be_served(tmp_path: Path, element: str) -> None:
    """A graph for values of another kind than 32-bit floats is refused when loaded."""
    path = write_graph(
        tmp_path / "a.onnx",
        [node("Identity")],
        FREE_FIRST,
        answer=FREE_FIRST,
        element=TensorProto.DataType.Value(element),
    )
    with pytest.raises(WeightsError, match=r"a\.onnx"):
        load_segmenter(path)


@pytest.mark.parametrize(
    ("shape", "names"),
    [([1, "h", "w", 3], "x"), ([1, 3, "h", "w"], "image"), ([1, "h", 3], "image")],
    ids=["name", "layout", "axes"],
)
def test_bytes_that_are_not_ours(tmp_path: Path, shape: Shape, names: str) -> None:
    """A graph that takes bytes, but otherwise than our own, is not taken for one."""
    takes = [helper.make_tensor_value_info(names, TensorProto.UINT8, shape)]
    gives = [helper.make_tensor_value_info("alpha", TensorProto.UINT8, shape)]
    graph = helper.make_graph([node("Identity", names, "alpha")], "bytes", takes, gives)
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), tmp_path / "a.onnx")
    with pytest.raises(WeightsError, match=r"a\.onnx takes"):
        load_segmenter(tmp_path / "a.onnx")


@pytest.mark.parametrize("classes", ["person", ["car", "bus"]])
def test_classes_cannot_be_chosen(tmp_path: Path, classes: Any) -> None:
    """What a foreign file's channels are is for `OnnxInput` to say."""
    path = write_graph(tmp_path / "a.onnx", [node("Identity")], FREE_FIRST, answer=FREE_FIRST)
    with pytest.raises(SettingError, match="no classes"):
        load_segmenter(path, classes=classes)
