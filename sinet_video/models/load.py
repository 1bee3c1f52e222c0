"""What runs a network: onnxruntime by default, torch on request. Both are segmenters."""

from __future__ import annotations

import gzip
import hashlib
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from sinet_video.errors import SettingError, WeightsError
from sinet_video.models import cityscapes_classes as streets
from sinet_video.models import download
from sinet_video.models.cityscapes_classes import ClassNames
from sinet_video.models.onnx_recurrent import RecurrentSegmenter, is_recurrent
from sinet_video.models.onnx_segmenter import OnnxInput, OnnxSegmenter
from sinet_video.models.onnx_session import (
    Runtime,
    fixed_size,
    open_session,
)

if TYPE_CHECKING:
    pass
from sinet_video.models.runtimes import (
    FastSegmenter,
    NamedSegmenter,
    TorchSegmenter,
    Wanted,
    is_fast_graph,
)

GRAPH_VERSION = 1
"""Part of the name of cached graphs: raise it when the export changes."""


def load_segmenter(
    weights: str | Path = "default",
    *,
    runtime: Runtime = "onnxruntime",
    device: str = "cpu",
    onnx: OnnxInput = OnnxInput(),
    classes: ClassNames | None = None,
) -> NamedSegmenter:
    """Return a segmenter for named weights, or for the path of a checkpoint or an ONNX file.

    The names are "default", "official" and "cityscapes". `device` is "cpu", or for torch any device
    that torch knows, such as "cuda". `onnx` describes an ONNX file that is not one of ours.
    `classes` are what counts as the person where the weights tell the 19 classes of Cityscapes:
    "person,rider" if not given. Raises `WeightsError` or `SettingError`.
    """
    if classes is not None:
        _check_classes(weights, classes)
    if runtime == "torch":
        return _in_torch(weights, device, classes)
    if runtime != "onnxruntime":
        raise SettingError(f"Runtime is {runtime!r}; it must be 'onnxruntime' or 'torch'.")
    if device != "cpu":
        raise SettingError(f"Device {device!r} needs the torch runtime; onnxruntime runs on 'cpu'.")
    if weights == "default":
        return FastSegmenter(packaged_graph(), name="default")
    if weights == "official":
        return FastSegmenter(_cached_graph(checkpoint_path(weights)), name="official")
    if Path(weights).suffix.lower() == ".onnx":
        return _of_file(Path(weights), onnx, classes)
    return _of_graph(_cached_graph(checkpoint_path(weights)), str(weights), classes)


def _check_classes(weights: str | Path, classes: ClassNames) -> None:
    """Find out before anything is fetched that a choice of classes cannot be met."""
    streets.wanted(classes)
    if weights in ("default", "official"):
        _wanted(weights, classes, several=False)


def _wanted(weights: str | Path, classes: ClassNames | None, *, several: bool) -> Wanted | None:
    if several:
        return streets.wanted(streets.DEFAULT if classes is None else classes)
    if classes is not None:
        raise SettingError(
            f"The weights {str(weights)!r} tell a person from the background and no classes; leave "
            "the choice of classes out, or take the weights 'cityscapes'."
        )
    return None


def packaged_graph() -> bytes:
    """Return the graph of the packaged weights: uint8 RGB pictures in, alpha and evidence out."""
    return gzip.decompress(_data("default.onnx.gz").read_bytes())


def _data(name: str) -> Path:
    return Path(str(files("sinet_video"))) / "data" / name


def checkpoint_path(weights: str | Path) -> Path:
    """Return the checkpoint of named weights, fetched if need be, or the one at a path.

    Raises `WeightsError` when there is none.
    """
    if weights == "default":
        return _data("default.pth")
    if weights == "official":
        return download.fetch(download.OFFICIAL)
    if weights == "cityscapes":
        return download.fetch(download.CITYSCAPES)
    path = Path(weights)
    if not path.is_file():
        raise WeightsError(
            f"There are no weights {str(weights)!r}; give 'default', 'official', 'cityscapes' or "
            "the path of a .pth or .onnx file."
        )
    return path


def _in_torch(weights: str | Path, device: str, classes: ClassNames | None) -> TorchSegmenter:
    from sinet_video.models.checkpoint import load_any
    from sinet_video.models.sinet_cityscapes import CityscapesSINet

    if Path(weights).suffix.lower() == ".onnx":
        raise SettingError(f"{weights} is an ONNX file; the torch runtime cannot run it.")
    network = load_any(checkpoint_path(weights))
    wanted = _wanted(weights, classes, several=isinstance(network, CityscapesSINet))
    return TorchSegmenter(network, device, name=str(weights), wanted=wanted)


def _cached_graph(path: Path) -> bytes:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()

    def make() -> bytes:
        from sinet_video.models import checkpoint, export_cityscapes, export_sinet, sinet

        network = checkpoint.load_any(path)
        if isinstance(network, sinet.SINet):
            return export_sinet.fast(network)
        return export_cityscapes.fast(network)

    return download.cached(f"{digest[:32]}.v{GRAPH_VERSION}.onnx", make)


def _of_file(path: Path, onnx: OnnxInput, classes: ClassNames | None) -> NamedSegmenter:
    if not path.is_file():
        raise WeightsError(f"There is no weights file {path}.")
    graph = path.read_bytes()
    session = open_session(graph, str(path))
    if is_fast_graph(session):
        return _of_graph(graph, str(path), classes)
    _wanted(path, classes, several=False)
    if is_recurrent(session):
        return RecurrentSegmenter(graph, onnx, name=str(path))
    return OnnxSegmenter(graph, onnx, name=str(path))


def _of_graph(graph: bytes, name: str, classes: ClassNames | None) -> FastSegmenter:
    """Return the segmenter of one of our fast graphs: either network, free size or fixed."""
    given = open_session(graph, name).get_inputs()
    wanted = _wanted(name, classes, several=len(given) > 1)
    return FastSegmenter(graph, name=name, size=fixed_size(given[0].shape), wanted=wanted)
