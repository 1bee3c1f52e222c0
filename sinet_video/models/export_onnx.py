"""Export to ONNX files for use elsewhere, verified against torch and written atomically."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf, isfinite
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from sinet_video.atomic import check_file, store, translate_write_errors
from sinet_video.checked import check_word
from sinet_video.errors import OutputError, SettingError
from sinet_video.models.checkpoint import load_any
from sinet_video.models.input_settings import InputSize
from sinet_video.models.load import checkpoint_path
from sinet_video.models.network import Network
from sinet_video.models.onnx.session import open_session
from sinet_video.models.onnx.trace import OPSET
from sinet_video.paths import check_paths
from sinet_video.quiet_onnxruntime import onnxruntime

Graph = Literal["fast", "plain"]
Arrays = dict[str, NDArray[Any]]

OPSETS = (11, 20)
"""The oldest and newest opset in which torch's exporter can write these networks."""

TOLERANCE = 1e-3
"""Largest allowed difference from torch: of alpha, or as a share of the largest logit."""

MEANINGS = {
    "uint8": "RGB, 0 to 255",
    "image": "RGB, 0 to 1",
    "wanted": "1 for each class that counts, else 0",
    "alpha": "the probability, 0 to 1",
    "evidence": "the person's logit less the background's",
    "logits": "of background and person",
}
"""What inputs and outputs are, by name; an image by its type if that is uint8."""


@dataclass(frozen=True)
class Port:
    """An input or output of a graph: its name, type such as "float32", shape and meaning.

    Free axes have a letter or a word in place of their length.
    """

    name: str
    type: str
    shape: tuple[int | str, ...]
    meaning: str


@dataclass(frozen=True)
class ExportReport:
    """What was exported.

    Attributes:
        path: the file.
        graph: "fast" or "plain".
        opset: the operator set version.
        inputs: the graph's inputs.
        outputs: the graph's outputs.
        step: h and w must be multiples of this.
        difference: largest difference from torch on random images: of alpha, or as a share of the
            largest logit.
    """

    path: Path
    graph: Graph
    opset: int
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    step: int
    difference: float


def export_onnx(
    path: str | Path,
    *,
    weights: str | Path = "default",
    graph: Graph = "fast",
    size: tuple[int, int] | None = None,
    opset: int = OPSET,
    overwrite: bool = False,
) -> ExportReport:
    """Export the network as an ONNX file, for other programs or for `load_segmenter`.

    The "fast" graph takes 8-bit RGB images, (n, h, w, 3) uint8, and gives `alpha`, (n, h, w)
    float32 in [0, 1]. It is the one that this library runs. The "plain" graph takes RGB in [0, 1],
    (n, 3, h, w) float32, and gives `alpha`, (n, 1, h, w) float32 in [0, 1], as most programs and
    converters expect. `size`, (width, height), fixes h and w, and sets n to 1; otherwise all three
    are free. The Cityscapes network only has a fast graph, with the choice of classes as a second
    input.

    The file is run in onnxruntime and compared with torch before it appears under its name. Raises
    `SettingError`, `WeightsError`, or `OutputError` for a path that cannot be written or a graph
    whose results differ.
    """
    check_paths(output=path, weights=weights)
    path = Path(path)
    _check_settings(path, weights, graph, opset)
    check_file(path, overwrite=overwrite)
    network = load_any(checkpoint_path(weights))
    content = _made(network, graph, _fitting(size, network), opset)
    differences: list[float] = []

    def check(written: Path) -> None:
        differences.append(_checked(written, network))

    with translate_write_errors(path):
        store(path, content, check, overwrite=overwrite)
    session = open_session(path)
    inputs, outputs = _ports(session.get_inputs()), _ports(session.get_outputs())
    return ExportReport(
        path, graph, opset, inputs, outputs, network.architecture.step, differences[0]
    )


def _check_settings(path: Path, weights: str | Path, graph: Graph, opset: int) -> None:
    if path.suffix.lower() != ".onnx":
        raise SettingError(f"{path} does not end in .onnx; give a name that does.")
    if Path(weights).suffix.lower() == ".onnx":
        raise SettingError(
            f"{weights} is an ONNX file already; a checkpoint is what can be exported."
        )
    check_word("graph", graph, Graph)
    if not OPSETS[0] <= opset <= OPSETS[1]:
        raise SettingError(f"Opset is {opset}; it must be from {OPSETS[0]} to {OPSETS[1]}.")


def _fitting(size: tuple[int, int] | None, network: Network) -> tuple[int, int] | None:
    return InputSize(exact=size).of(1, step=network.architecture.step) if size else None


def _made(network: Network, graph: Graph, size: tuple[int, int] | None, opset: int) -> bytes:
    make = getattr(network.architecture.exporter, graph, None)
    if make is None:
        raise SettingError("The plain graph is of portrait weights only; ask for the fast graph.")
    content: bytes = make(network, size=size, opset=opset)
    return content


def _checked(written: Path, network: Network) -> float:
    """Return how far a file's graph differs from the network. Raises `OutputError` if too far."""
    session = open_session(written)
    names = [port.name for port in session.get_outputs()]
    farthest = 0.0
    for images in _trials(session.get_inputs()[0].shape, network.architecture.step):
        given = _given(network, images)
        expected = _expected(network, images, given["tensor(float)wanted"], names)
        feeds = {port.name: given[port.type + port.name] for port in session.get_inputs()}
        for name, answer in zip(names, session.run(names, feeds), strict=True):
            farthest = max(farthest, _away(answer, expected[name]))
    if farthest > TOLERANCE:
        raise OutputError(
            f"The graph that was made answers differently from torch, by {farthest:.2g}; nothing "
            "was written. Another opset may help."
        )
    return farthest


def _trials(shape: list[int | str], step: int) -> Iterator[NDArray[np.uint8]]:
    """Yield random images (n, h, w, 3): of the graph's fixed size, or of two sizes if free."""
    random = np.random.default_rng(0)
    sides = shape[2:] if shape[1] == 3 else shape[1:3]
    fixed = isinstance(shape[0], int)
    for batch in [(1, *sides)] if fixed else [(1, step, 2 * step), (2, 3 * step, 2 * step)]:
        yield random.integers(256, size=(*map(int, batch), 3), dtype=np.uint8)


def _given(network: Network, images: NDArray[np.uint8]) -> Arrays:
    """Return every input that a graph may want, by type and name."""
    wanted = np.random.default_rng(1).random(len(network.architecture.classes), np.float32)
    return {
        "tensor(uint8)image": images,
        "tensor(float)image": images.transpose(0, 3, 1, 2).astype(np.float32) / 255,
        "tensor(float)wanted": wanted,
    }


def _expected(
    network: Network, images: NDArray[np.uint8], wanted: NDArray[Any], names: list[str]
) -> Arrays:
    """Return torch's results, keyed by the names of the graph's outputs."""
    rgb = torch.from_numpy(images)
    chosen = [torch.from_numpy(wanted)] if wanted.size else []
    with torch.no_grad():
        expected: Arrays = {"alpha": network.alpha(rgb, *chosen).numpy()}
        if names == ["alpha"]:
            return expected
        logits = network(network.normalise(rgb.permute(0, 3, 1, 2))).numpy()
    return {**expected, "logits": logits, "evidence": logits[:, 1] - logits[:, 0]}


def _away(answer: NDArray[Any], expected: NDArray[Any]) -> float:
    """Return the largest difference, as a share of the largest expected value if that exceeds 1."""
    difference = np.abs(answer.reshape(expected.shape) - expected).max()
    away = float(difference / max(1.0, np.abs(expected).max()))
    return away if isfinite(away) else inf


def _ports(nodes: list[Any]) -> tuple[Port, ...]:
    return tuple(_port(node) for node in nodes)


def _port(node: onnxruntime.NodeArg) -> Port:
    kind = {"tensor(uint8)": "uint8", "tensor(float)": "float32"}[node.type]
    meaning = MEANINGS["uint8" if kind == "uint8" else node.name]
    return Port(node.name, kind, tuple(node.shape), meaning)
