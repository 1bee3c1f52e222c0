"""Graphs that onnxruntime has optimised beforehand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sinet_video.models import export_sinet
from sinet_video.models.load import packaged_graph
from sinet_video.models.onnx.optimise import optimised
from sinet_video.models.onnx.session import open_session
from sinet_video.models.runtimes import is_fast_graph
from sinet_video.models.sinet import SINet
from sinet_video.quiet_onnxruntime import onnxruntime


@pytest.fixture(scope="module")
def graph() -> bytes:
    """The fast graph of a network, as it is exported."""
    torch.manual_seed(3)
    return export_sinet.fast(SINet().eval())


def answers(graph: bytes, images: np.ndarray) -> list[np.ndarray]:
    """Return all outputs of a graph, its free dimensions pinned as a segmenter pins them."""
    free = dict(zip("nhw", images.shape, strict=False))
    return open_session(graph, dimensions=free).run(None, {"image": images})


@pytest.mark.parametrize("shape", [(1, 192, 320), (1, 256, 192), (2, 32, 32)])
def test_results_are_the_same_to_the_last_bit(graph: bytes, shape: tuple[int, ...]) -> None:
    """Sizes stay free, and so does their number."""
    images = np.random.default_rng(2).integers(256, size=(*shape, 3), dtype=np.uint8)
    for before, after in zip(
        answers(graph, images), answers(optimised(graph), images), strict=True
    ):
        np.testing.assert_array_equal(before, after)


def test_it_is_still_recognised_as_ours_and_made_again_the_same(graph: bytes) -> None:
    """The inputs and outputs keep their names, types and axes."""
    assert is_fast_graph(open_session(optimised(graph)))
    assert optimised(graph) == optimised(graph)


def test_the_packaged_graph_is_optimised(graph: bytes) -> None:
    """An exported one is not: other programs do not know the fused operators."""
    assert b"FusedConv" not in graph
    assert b"FusedConv" in optimised(graph)
    assert b"FusedConv" in packaged_graph()


def test_what_is_no_graph_is_an_error() -> None:
    """Of onnxruntime's own, as only graphs of our own are given."""
    with pytest.raises(onnxruntime.capi.onnxruntime_pybind11_state.InvalidProtobuf):
        optimised(b"nothing")
