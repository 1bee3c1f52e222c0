"""Recurrent matting files of others: found by their inputs, asked about one image at a time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from sinet_video.errors import WeightsError
from sinet_video.models.load import load_segmenter
from sinet_video.models.onnx.recurrent import PASSES, RecurrentSegmenter


def write_counting(path: Path, *, state: str = "r1", alpha: str = "pha", channels: int = 1) -> Path:
    """A network that adds the mean of the red channel to what it remembers, times the ratio."""
    floats = TensorProto.FLOAT
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["src"], ["mean"], axes=[1, 2, 3], keepdims=1),
            helper.make_node("Add", [f"{state}i", "mean"], [f"{state}o"]),
            helper.make_node("Shape", ["src"], ["shape"]),
            helper.make_node("Slice", ["shape", "two", "four"], ["sides"]),
            helper.make_node("Concat", ["ones", "sides"], ["whole"], axis=0),
            helper.make_node("Mul", [f"{state}o", "downsample_ratio"], ["scaled"]),
            helper.make_node("Expand", ["scaled", "whole"], [alpha]),
        ],
        "counting",
        [
            helper.make_tensor_value_info("src", floats, [1, 3, "h", "w"]),
            helper.make_tensor_value_info(f"{state}i", floats, [1, "c", "a", "b"]),
            helper.make_tensor_value_info("downsample_ratio", floats, [1]),
        ],
        [
            helper.make_tensor_value_info(f"{state}o", floats, [1, "c", "a", "b"]),
            helper.make_tensor_value_info(alpha, floats, [1, channels, "h", "w"]),
        ],
        [
            helper.make_tensor("two", TensorProto.INT64, [1], [2]),
            helper.make_tensor("four", TensorProto.INT64, [1], [4]),
            helper.make_tensor("ones", TensorProto.INT64, [2], [1, channels]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.save(model, str(path))
    return path


@pytest.mark.parametrize("alpha", ["pha", "matte"])
def test_an_image_is_shown_several_times_from_an_empty_memory(alpha, tmp_path):
    """The answer to an image is the same whatever came before it."""
    segmenter = load_segmenter(str(write_counting(tmp_path / "net.onnx", alpha=alpha)))
    assert isinstance(segmenter, RecurrentSegmenter)
    gray = np.full((40, 60, 3), 51, np.uint8)  # a fifth
    for _ in range(2):
        found = segmenter(gray)
        assert found.shape == (40, 60)
        assert np.allclose(found, 0.2 * PASSES, atol=1e-5)


def test_large_images_are_worked_on_smaller(tmp_path):
    """By the ratio that the network takes."""
    segmenter = load_segmenter(str(write_counting(tmp_path / "net.onnx")))
    gray = np.full((416, 832, 3), 51, np.uint8)
    assert np.allclose(segmenter(gray), 0.1 * PASSES, atol=1e-3)


def test_a_network_without_one_channel_out(tmp_path):
    """Is named, not run."""
    path = write_counting(tmp_path / "net.onnx", alpha="maps", channels=2)
    with pytest.raises(WeightsError, match="no output of one channel"):
        load_segmenter(str(path))


def test_other_inputs_are_still_refused(tmp_path):
    """A second input that no output carries on is no memory."""
    path = write_counting(tmp_path / "net.onnx", state="r1")
    model = onnx.load(str(path))
    for node in model.graph.node:
        node.output[:] = ["other" if name == "r1o" else name for name in node.output]
        node.input[:] = ["other" if name == "r1o" else name for name in node.input]
    model.graph.output[0].name = "other"
    onnx.save(model, str(path))
    with pytest.raises(WeightsError, match="other inputs than one image"):
        load_segmenter(str(path))
