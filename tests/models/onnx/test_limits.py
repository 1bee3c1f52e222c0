"""ONNX files and checkpoints that would crash, hang or fill the memory end in a sentence."""

from __future__ import annotations

import resource
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from sinet_video import SettingError, WeightsError, load_segmenter
from sinet_video.models.checkpoint import load_any
from sinet_video.models.onnx import limits

IMAGE = np.zeros((192, 320, 3), np.uint8)
FREE = ["a", "b", "c", "d"]
Node = onnx.NodeProto


def model(
    nodes: Sequence[Node],
    shape: list,
    *,
    takes: tuple[str, int, list] = ("x", TensorProto.FLOAT, [1, 3, "h", "w"]),
    constants: dict[str, np.ndarray] | None = None,
    more: Sequence[onnx.ValueInfoProto] = (),
    answer: tuple[str, int] = ("y", TensorProto.FLOAT),
) -> onnx.ModelProto:
    """A graph of nodes, from its one input or two to its one output."""
    name, kind, size = takes
    inputs = [helper.make_tensor_value_info(name, kind, size), *more]
    outputs = [helper.make_tensor_value_info(*answer, shape)]
    held = [numpy_helper.from_array(v, k) for k, v in (constants or {}).items()]
    graph = helper.make_graph(nodes, "g", inputs, outputs, held)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    made.ir_version = 8
    return made


def node(kind: str, takes: str, gives: str = "y", **more: object) -> Node:
    """A node; names are split at blanks."""
    return helper.make_node(kind, takes.split(), [gives], **more)


def mean(**more: object) -> Node:
    """The mean of the image."""
    return node("ReduceMean", "x", "m", keepdims=1, **more)


def expanded(*sides: int) -> onnx.ModelProto:
    """One value made an array of such sides."""
    nodes = [mean(), node("Expand", "m shape")]
    return model(nodes, FREE, constants={"shape": np.array(sides, np.int64)})


def endless() -> onnx.ModelProto:
    """A loop that does not end."""
    body = helper.make_graph(
        [node("Identity", "on", "on_too"), node("Identity", "v", "v_too")],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("v", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("on_too", TensorProto.BOOL, []),
            helper.make_tensor_value_info("v_too", TensorProto.FLOAT, None),
        ],
    )
    most = np.array(2**62, np.int64)
    return model(
        [mean(), helper.make_node("Loop", ["most", "yes", "m"], ["y"], body=body)],
        FREE,
        constants={"most": most, "yes": np.array(True)},
    )


def folded() -> onnx.ModelProto:
    """A constant that becomes 8 GB when it is worked out beforehand."""
    nodes = [
        node("Expand", "one shape", "large"),
        node("ReduceMean", "large", "small", keepdims=0),
        mean(axes=[1]),
        node("Add", "m small"),
    ]
    held = {"one": np.ones(1, np.float32), "shape": np.array([2_000_000_000], np.int64)}
    return model(nodes, FREE, constants=held)


IMAGES = ("image", TensorProto.UINT8, ["n", "h", "w", 3])


def like_ours(nodes: Sequence[Node], shape: list, **more: object) -> onnx.ModelProto:
    """A graph that has the names of ours."""
    cast = node("Cast", "image", "x", to=TensorProto.FLOAT)
    return model([cast, *nodes], shape, takes=IMAGES, answer=("alpha", 1), **more)


def chosen(count: int) -> list[onnx.ValueInfoProto]:
    """A second input, as ours of classes have it."""
    return [helper.make_tensor_value_info("wanted", TensorProto.FLOAT, [count])]


GRAPHS: dict[str, tuple[Callable[[], onnx.ModelProto], str | None]] = {
    "scalar": (lambda: model([node("ReduceMean", "x", keepdims=0)], []), r"shape \(\)"),
    "vector": (
        lambda: model([node("ReduceMean", "x", keepdims=0, axes=[0, 2, 3])], ["a"]),
        r"shape \(3,\)",
    ),
    "its shape": (lambda: model([node("Shape", "x")], [4], answer=("y", 7)), r"shape \(4,\)"),
    "text": (
        lambda: model([node("Cast", "x", to=TensorProto.STRING)], FREE, answer=("y", 8)),
        "no numbers",
    ),
    "no image": (
        lambda: model(
            [node("Slice", "x none none")], FREE, constants={"none": np.array([0], np.int64)}
        ),
        r"shape \(0, 3, 192, 320\)",
    ),
    "sides of nought": (
        lambda: model([node("Identity", "x")], [1, 3, 0, 0], takes=("x", 1, [1, 3, 0, 0])),
        "sides must be at least 1",
    ),
    "vast sides": (
        lambda: model([node("Identity", "x")], FREE, takes=("x", 1, [1, 3, 99999, 99999])),
        "pixels at most",
    ),
    "4 TB": (lambda: expanded(1, 1, 10**6, 10**6), "more than 4 GiB of memory"),
    "8 GB": (lambda: expanded(1, 1, 2, 10**9), "more than 4 GiB of memory"),
    "overflow": (lambda: expanded(1, 1, 2**40, 2**40), "gave no answer"),
    "constants": (folded, "more than 4 GiB of memory"),
    "endless": (endless, "had not ended after"),
    "like ours, scalar": (
        lambda: like_ours([node("ReduceMean", "x", "alpha", keepdims=0)], []),
        "export it for 32-bit floats",
    ),
    "like ours, with a lie": (
        lambda: like_ours(
            [
                node("ReduceMean", "x", "m", keepdims=0, axes=[1, 2, 3]),
                node("Reshape", "m shape", "alpha"),
            ],
            ["n", "h", "w"],
            constants={"shape": np.array([1, 1, 1], np.int64)},
        ),
        None,
    ),
    "like ours, seven classes": (
        lambda: like_ours(
            [node("ReduceMean", "x", "alpha", keepdims=0, axes=[3])],
            ["n", "h", "w"],
            more=chosen(7),
        ),
        "other inputs than one image",
    ),
}


@pytest.fixture
def written(tmp_path) -> Callable[[onnx.ModelProto], Path]:
    """Write a graph to a file."""

    def write(graph: onnx.ModelProto) -> Path:
        path = tmp_path / "graph.onnx"
        path.write_bytes(graph.SerializeToString())
        return path

    return write


@pytest.mark.parametrize("name", GRAPHS)
def test_every_graph_ends_in_a_sentence(name, written, monkeypatch):
    """In little memory and time, when it is loaded or when it is run."""
    monkeypatch.setattr(limits, "SECONDS", 2.0)
    make, said = GRAPHS[name]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    path = written(make())
    if said is None:
        assert load_segmenter(path)(IMAGE).ndim == 2
    else:
        with pytest.raises((WeightsError, SettingError), match=said) as raised:
            load_segmenter(path)(IMAGE)
        assert "onnxruntime_src" not in str(raised.value)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000


def test_the_recorded_ones_as_well(shared, monkeypatch):
    """Those that ended in a traceback, or ran away."""
    monkeypatch.setattr(limits, "SECONDS", 1.0)
    for path in sorted((shared / "faults" / "onnx").glob("*.onnx")):
        with pytest.raises((WeightsError, SettingError)):
            load_segmenter(path)(IMAGE)


# Data in other files


def external(location: str) -> onnx.ModelProto:
    """A graph whose weights are in another file."""
    made = model(
        [node("Mul", "x w", "m"), node("ReduceMean", "m", axes=[1])],
        FREE,
        constants={"w": np.ones((1, 3, 1, 1), np.float32)},
    )
    tensor = made.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, "offset": "0", "length": "12"}.items():
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value
    return made


def test_data_beside_a_file_is_read_from_there(written, tmp_path, monkeypatch):
    """And not from where the command happens to run."""
    path = written(external("w.bin"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    Path("w.bin").write_bytes(np.ones(3, np.float32).tobytes())
    with pytest.raises(WeightsError):
        load_segmenter(path)
    (tmp_path / "w.bin").write_bytes(np.full(3, 0.5, np.float32).tobytes())
    white = np.full_like(IMAGE, 255)
    assert float(load_segmenter(path)(white).mean()) == pytest.approx(0.5)


@pytest.mark.parametrize("location", ["../w.bin", "/tmp/w.bin", "link.bin"])
def test_data_outside_its_folder_is_not_read(location, tmp_path):
    """By a detour, by a whole name, by a link."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "w.bin").write_bytes(np.ones(3, np.float32).tobytes())
    (folder / "link.bin").symlink_to(tmp_path / "w.bin")
    (folder / "graph.onnx").write_bytes(external(location).SerializeToString())
    with pytest.raises(WeightsError, match="ONNX file that can be run"):
        load_segmenter(folder / "graph.onnx")


def test_an_unknown_operator_is_named(written):
    """One of somebody's own."""
    graph = model([node("Foo", "x", domain="com.example")], FREE)
    graph.opset_import.append(helper.make_opsetid("com.example", 1))
    with pytest.raises(WeightsError, match=r"com\.example:Foo"):
        load_segmenter(written(graph))


# Images


@pytest.mark.parametrize("shape", [(480, 640, 3), (1080, 1920, 3), (7, 5, 3), (192, 320, 3)])
def test_an_image_of_any_size_is_taken(shape):
    """It is scaled to what suits the network, where the network cannot take it."""
    alpha = load_segmenter()(np.full(shape, 127, np.uint8))
    assert alpha.ndim == 2
    assert alpha.size <= max(130_000, shape[0] * shape[1] if shape[0] % 32 == 0 else 0)


@pytest.mark.parametrize(
    "image",
    [np.zeros((9, 9), np.uint8), np.zeros((9, 9, 4), np.uint8), np.zeros((9, 9, 3)), None],
)
def test_what_is_no_image_is_refused(image):
    """With what came, and what is taken."""
    with pytest.raises(SettingError, match="takes images"):
        load_segmenter()(image)


# Checkpoints


def test_a_small_file_that_unpacks_to_much(tmp_path):
    """It is refused by what it says of itself, before it is read."""
    path = tmp_path / "bomb.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("archive/data.pkl", b"")
        with packed.open("archive/data/0", "w", force_zip64=True) as file:
            for _ in range(300):
                file.write(bytes(1 << 20))
    assert path.stat().st_size < 2_000_000
    with pytest.raises(WeightsError, match="when it is unpacked"):
        load_any(path)


def test_few_values_that_stand_for_many(tmp_path):
    """A tensor of which every element is one byte of the file."""
    program = (
        "import sys, torch; large = torch.zeros(1).expand(1 << 20, 1 << 12, 3, 3);"
        "torch.save({'encoder.level1.conv.weight': large}, sys.argv[1])"
    )
    path = tmp_path / "strides.pth"
    subprocess.run([sys.executable, "-c", program, str(path)], check=True)
    assert path.stat().st_size < 10_000
    with pytest.raises(WeightsError, match="does not hold the weights"):
        load_any(path)
