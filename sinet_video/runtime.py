"""What runs a network: onnxruntime by default, torch on request. Both are segmenters."""

from __future__ import annotations

import gzip
import hashlib
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from sinet_video import classes as streets
from sinet_video import fetch, segmenting
from sinet_video.classes import ClassNames
from sinet_video.errors import SettingError, WeightsError
from sinet_video.foreign import OnnxInput, OnnxSegmenter
from sinet_video.session import (
    Alpha,
    Picture,
    Runtime,
    cropped,
    fixed_size,
    open_session,
    padded,
)

if TYPE_CHECKING:
    from sinet_video.weights import Network

Wanted = NDArray[np.float32]

GRAPH_VERSION = 1
"""Part of the name of cached graphs: raise it when the export changes."""


class NamedSegmenter(Protocol):
    """A segmenter that says what it runs on, for reports."""

    name: str
    runtime: Runtime
    device: str

    def __call__(self, picture: Picture, /) -> Alpha:
        """Map an RGB picture (h, w, 3) uint8 to alpha, 2-D float32 in [0, 1]."""


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
        return FastSegmenter(_cached_graph(checkpoint(weights)), name="official")
    if Path(weights).suffix.lower() == ".onnx":
        return _of_file(Path(weights), onnx, classes)
    return _of_graph(_cached_graph(checkpoint(weights)), str(weights), classes)


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


def checkpoint(weights: str | Path) -> Path:
    """Return the checkpoint of named weights, fetched if need be, or the one at a path.

    Raises `WeightsError` when there is none.
    """
    if weights == "default":
        return _data("default.pth")
    if weights == "official":
        return fetch.fetch(fetch.OFFICIAL)
    if weights == "cityscapes":
        return fetch.fetch(fetch.CITYSCAPES)
    path = Path(weights)
    if not path.is_file():
        raise WeightsError(
            f"There are no weights {str(weights)!r}; give 'default', 'official', 'cityscapes' or "
            "the path of a .pth or .onnx file."
        )
    return path


def _in_torch(weights: str | Path, device: str, classes: ClassNames | None) -> TorchSegmenter:
    from sinet_video.cityscapes import CityscapesSINet
    from sinet_video.weights import load_any

    if Path(weights).suffix.lower() == ".onnx":
        raise SettingError(f"{weights} is an ONNX file; the torch runtime cannot run it.")
    network = load_any(checkpoint(weights))
    wanted = _wanted(weights, classes, several=isinstance(network, CityscapesSINet))
    return TorchSegmenter(network, device, name=str(weights), wanted=wanted)


def _cached_graph(path: Path) -> bytes:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()

    def make() -> bytes:
        from sinet_video import export, export_cityscapes, sinet, weights

        network = weights.load_any(path)
        if isinstance(network, sinet.SINet):
            return export.fast(network)
        return export_cityscapes.fast(network)

    return fetch.cached(f"{digest[:32]}.v{GRAPH_VERSION}.onnx", make)


def _of_file(path: Path, onnx: OnnxInput, classes: ClassNames | None) -> NamedSegmenter:
    if not path.is_file():
        raise WeightsError(f"There is no weights file {path}.")
    graph = path.read_bytes()
    if is_fast_graph(open_session(graph, str(path))):
        return _of_graph(graph, str(path), classes)
    _wanted(path, classes, several=False)
    return OnnxSegmenter(graph, onnx, name=str(path))


def is_fast_graph(session: onnxruntime.InferenceSession) -> bool:
    """Whether a graph is one of our fast ones, which normalise the picture themselves."""
    given = session.get_inputs()
    names = [node.name for node in given]
    return (
        names in (["picture"], ["picture", "wanted"])
        and given[0].type == "tensor(uint8)"
        and given[0].shape[3:] == [3]
        and session.get_outputs()[0].name == "alpha"
    )


def _of_graph(graph: bytes, name: str, classes: ClassNames | None) -> FastSegmenter:
    """Return the segmenter of one of our fast graphs: either network, free size or fixed."""
    given = open_session(graph, name).get_inputs()
    wanted = _wanted(name, classes, several=len(given) > 1)
    return FastSegmenter(graph, name=name, size=fixed_size(given[0].shape), wanted=wanted)


class _Ours:
    """What both runtimes say of the pictures that our networks want, for `segmenting.seen_size`."""

    def __init__(self, name: str, wanted: Wanted | None) -> None:
        self.name = name
        source = segmenting if wanted is None else streets
        self.step, self.pixels = source.STEP, source.PIXELS


class FastSegmenter(_Ours):
    """One of our own graphs in onnxruntime, pinned to one picture size at a time.

    `size` is (width, height) for a graph of fixed size, which gets what fits in that. `wanted` is
    the choice of classes, (19,) float32, for a graph of the Cityscapes network.
    """

    runtime: Runtime = "onnxruntime"
    device = "cpu"

    def __init__(
        self,
        graph: bytes,
        *,
        name: str = "",
        size: tuple[int, int] | None = None,
        wanted: Wanted | None = None,
    ) -> None:
        super().__init__(name, wanted)
        self.input_size = size
        self._graph = graph
        self._also = {} if wanted is None else {"wanted": wanted}
        self._pinned: tuple[tuple[int, ...], onnxruntime.InferenceSession] | None = None

    def __call__(self, picture: Picture, /) -> Alpha:
        """Return alpha for a picture whose sides are multiples of `step`, or fit in the size."""
        full = padded(picture, self.input_size)
        session = self._session_for(full.shape[:2])
        alpha: Alpha = session.run(["alpha"], {"picture": full[None], **self._also})[0][0]
        # onnxruntime's logistic function rounds to just above 1.
        return np.minimum(cropped(alpha, picture, full), 1)

    def _session_for(self, sides: tuple[int, ...]) -> onnxruntime.InferenceSession:
        if not self._pinned or self._pinned[0] != sides:
            height, width = sides
            pinned = {} if self.input_size else {"n": 1, "h": height, "w": width}
            self._pinned = sides, open_session(self._graph, dimensions=pinned)
        return self._pinned[1]


class TorchSegmenter(_Ours):
    """A network in torch, on any device that torch knows; `wanted` as in `FastSegmenter`."""

    runtime: Runtime = "torch"

    def __init__(
        self,
        network: Network,
        device: str = "cpu",
        *,
        name: str = "",
        wanted: Wanted | None = None,
    ) -> None:
        import torch

        super().__init__(name, wanted)
        try:
            self._network = network.to(device).eval()
        except (RuntimeError, AssertionError) as error:
            raise SettingError(
                f"Device {device!r} cannot be used here ({str(error).splitlines()[0]}); use 'cpu'."
            ) from error
        self._torch = torch
        self._also = [] if wanted is None else [torch.from_numpy(wanted).to(device)]
        self.device = device

    def __call__(self, picture: Picture, /) -> Alpha:
        """Return alpha for a picture whose sides are multiples of `step`."""
        with self._torch.inference_mode():
            pictures = self._torch.from_numpy(picture[None]).to(self.device)
            alpha: Alpha = self._network.alpha(pictures, *self._also)[0].float().cpu().numpy()
            return alpha
