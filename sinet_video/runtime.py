"""What runs a network: onnxruntime by default, torch on request. Both are segmenters."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from sinet_video import fetch
from sinet_video.errors import SettingError, WeightsError
from sinet_video.preprocessing import Preprocessing

if TYPE_CHECKING:
    from sinet_video.sinet import SINet

Runtime = Literal["onnxruntime", "torch"]
Activation = Literal["none", "sigmoid", "softmax"]
Picture = NDArray[np.uint8]
Alpha = NDArray[np.float32]

GRAPH_VERSION = 1
"""Part of the name of cached graphs: raise it when the export changes."""


class NamedSegmenter(Protocol):
    """A segmenter that says what it runs on, for reports."""

    name: str
    runtime: Runtime
    device: str

    def __call__(self, picture: Picture, /) -> Alpha:
        """Map an RGB picture (h, w, 3) uint8 to alpha, 2-D float32 in [0, 1]."""


@dataclass(frozen=True)
class OnnxInput:
    """How a foreign ONNX file wants its picture, and what it answers.

    `preprocessing` is applied to 8-bit values. `activation` turns the answer into a probability.
    `channel` is the output channel of the person where there are several; -1 is the last.
    """

    preprocessing: Preprocessing = Preprocessing()
    activation: Activation = "none"
    channel: int = -1

    def __post_init__(self) -> None:
        if self.activation not in get_args(Activation):
            raise SettingError(
                f"Activation is {self.activation!r}; it must be one of "
                f"{', '.join(get_args(Activation))}."
            )


def load_segmenter(
    weights: str | Path = "default",
    *,
    runtime: Runtime = "onnxruntime",
    device: str = "cpu",
    onnx: OnnxInput = OnnxInput(),
) -> NamedSegmenter:
    """Return a segmenter for "default", "official", or a path to a checkpoint or an ONNX file.

    `device` is "cpu", or for torch any device that torch knows, such as "cuda". `onnx` describes
    an ONNX file that is not one of ours. Raises `WeightsError` or `SettingError`.
    """
    if runtime == "torch":
        return TorchSegmenter(_network(weights), device, name=str(weights))
    if runtime != "onnxruntime":
        raise SettingError(f"Runtime is {runtime!r}; it must be 'onnxruntime' or 'torch'.")
    if device != "cpu":
        raise SettingError(f"Device {device!r} needs the torch runtime; onnxruntime runs on 'cpu'.")
    if weights == "default":
        return FastSegmenter(_data("default.onnx").read_bytes(), name="default")
    if Path(weights).suffix.lower() == ".onnx":
        return _from_onnx_file(Path(weights), onnx)
    return FastSegmenter(_cached_graph(_checkpoint(weights)), name=str(weights))


def _data(name: str) -> Path:
    return Path(str(files("sinet_video"))) / "data" / name


def _checkpoint(weights: str | Path) -> Path:
    if weights == "default":
        return _data("default.pth")
    if weights == "official":
        return fetch.fetch(fetch.OFFICIAL)
    path = Path(weights)
    if not path.is_file():
        raise WeightsError(
            f"There are no weights {str(weights)!r}; give 'default', 'official' or the path of a "
            ".pth or .onnx file."
        )
    return path


def _network(weights: str | Path) -> SINet:
    from sinet_video import weights as checkpoints

    if Path(weights).suffix.lower() == ".onnx":
        raise SettingError(f"{weights} is an ONNX file; the torch runtime cannot run it.")
    return checkpoints.load(_checkpoint(weights))


def _cached_graph(checkpoint: Path) -> bytes:
    digest = hashlib.sha256(checkpoint.read_bytes()).hexdigest()

    def make() -> bytes:
        from sinet_video import export, weights

        return export.fast(weights.load(checkpoint))

    return fetch.cached(f"{digest[:32]}.v{GRAPH_VERSION}.onnx", make)


def _from_onnx_file(path: Path, onnx: OnnxInput) -> NamedSegmenter:
    if not path.is_file():
        raise WeightsError(f"There is no weights file {path}.")
    graph = path.read_bytes()
    if is_fast_graph(_session(graph, str(path))):
        return FastSegmenter(graph, name=str(path))
    return OnnxSegmenter(graph, onnx, name=str(path))


def is_fast_graph(session: onnxruntime.InferenceSession) -> bool:
    """Whether a graph is one of `export.fast`, which normalises the picture itself."""
    given, made = session.get_inputs(), session.get_outputs()
    return bool(given and given[0].type == "tensor(uint8)" and made[0].name == "alpha")


def _session(
    graph: bytes, name: str = "the graph", dimensions: dict[str, int] | None = None
) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    # The codecs already use the cores: a second thread here made the whole job slower.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    for dimension, length in (dimensions or {}).items():
        options.add_free_dimension_override_by_name(dimension, length)
    try:
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own errors derive from Exception alone
        first_line = str(error).splitlines()[0][:160]
        raise WeightsError(f"{name} is not an ONNX file that can be run: {first_line}") from error


class FastSegmenter:
    """One of our own graphs in onnxruntime, pinned to one picture size at a time."""

    runtime: Runtime = "onnxruntime"
    device = "cpu"

    def __init__(self, graph: bytes, *, name: str = "") -> None:
        self.name = name
        self._graph = graph
        self._pinned: tuple[tuple[int, ...], onnxruntime.InferenceSession] | None = None

    def __call__(self, picture: Picture, /) -> Alpha:
        """Return alpha for a picture whose sides are multiples of 32, as `NamedSegmenter` says."""
        height, width = picture.shape[:2]
        if not self._pinned or self._pinned[0] != (height, width):
            session = _session(self._graph, dimensions={"n": 1, "h": height, "w": width})
            self._pinned = (height, width), session
        alpha: Alpha = self._pinned[1].run(["alpha"], {"picture": picture[None]})[0][0]
        # onnxruntime's logistic function rounds to just above 1.
        return np.minimum(alpha, 1)


class TorchSegmenter:
    """The network in torch, on any device that torch knows."""

    runtime: Runtime = "torch"

    def __init__(self, network: SINet, device: str = "cpu", *, name: str = "") -> None:
        import torch

        self.name = name
        try:
            self._network = network.to(device).eval()
        except (RuntimeError, AssertionError) as error:
            raise SettingError(
                f"Device {device!r} cannot be used here ({str(error).splitlines()[0]}); use 'cpu'."
            ) from error
        self._torch = torch
        self.device = device

    def __call__(self, picture: Picture, /) -> Alpha:
        """Return alpha for a picture whose sides are multiples of 32, as `NamedSegmenter` says."""
        with self._torch.inference_mode():
            pictures = self._torch.from_numpy(picture[None]).to(self.device)
            alpha: Alpha = self._network.alpha(pictures)[0].float().cpu().numpy()
            return alpha


def checked_input(session: onnxruntime.InferenceSession, name: str) -> Any:
    """Return a graph's one input, or raise `WeightsError` if it cannot be given pictures."""
    if len(session.get_inputs()) != 1 or len(session.get_inputs()[0].shape) != 4:
        raise WeightsError(f"{name} takes other inputs than one picture; it cannot be used.")
    given = session.get_inputs()[0]
    batch, *rest = given.shape
    if 3 not in (rest[0], rest[2]):
        raise WeightsError(f"{name} takes shape {given.shape}; no axis is three channels.")
    sides = rest[1:] if rest[0] == 3 else rest[:2]
    if isinstance(batch, int) and batch != 1:
        raise WeightsError(f"{name} takes {batch} pictures at once; export it for one.")
    if len({isinstance(side, int) for side in sides}) != 1:
        raise WeightsError(f"{name} takes shape {given.shape}; fix both sides or neither.")
    if given.type != "tensor(float)":
        raise WeightsError(f"{name} takes {given.type}; export it for 32-bit floats.")
    return given


class OnnxSegmenter:
    """Any ONNX segmentation file with one picture in and one map out.

    Input: (1, 3, h, w) or (1, h, w, 3) float, sizes fixed or free. Output: (1, c, h, w),
    (1, h, w, c) or (1, h, w), any size. A graph of fixed size gets the picture at its own aspect,
    filled up by repeating the border.
    """

    runtime: Runtime = "onnxruntime"
    device = "cpu"

    def __init__(self, graph: bytes, onnx: OnnxInput = OnnxInput(), *, name: str = "") -> None:
        self._onnx, self.name = onnx, name
        self._session = _session(graph, name)
        given = checked_input(self._session, name)
        self._input = given.name
        self._channels_first = given.shape[1] == 3
        sides = given.shape[2:] if self._channels_first else given.shape[1:3]
        fixed = all(isinstance(side, int) for side in sides)
        self.input_size: tuple[int, int] | None = (sides[1], sides[0]) if fixed else None

    def __call__(self, picture: Picture, /) -> Alpha:
        """Return alpha for a picture that fits in `input_size`, as `NamedSegmenter` says."""
        height, width = picture.shape[:2]
        full_width, full_height = self.input_size or (width, height)
        padded = np.pad(
            picture, ((0, full_height - height), (0, full_width - width), (0, 0)), mode="edge"
        )
        answer = self._session.run(None, {self._input: self._prepared(padded)})[0]
        alpha: Alpha = self._person(np.asarray(answer)).astype(np.float32)
        rows = max(1, round(alpha.shape[0] * height / full_height))
        columns = max(1, round(alpha.shape[1] * width / full_width))
        return np.clip(alpha[:rows, :columns], 0, 1)

    def _prepared(self, picture: Picture) -> NDArray[np.float32]:
        wanted = self._onnx.preprocessing
        ready = picture * np.array(wanted.gain) + np.array(wanted.offset)
        if wanted.channels == "bgr":
            ready = ready[..., ::-1]
        if self._channels_first:
            ready = ready.transpose(2, 0, 1)
        return np.ascontiguousarray(ready[None], np.float32)

    def _person(self, answer: NDArray[Any]) -> NDArray[Any]:
        answer = answer[0]
        if answer.ndim == 3 and answer.shape[0] > answer.shape[2]:
            answer = answer.transpose(2, 0, 1)  # channels last
        if self._onnx.activation == "sigmoid":
            answer = 0.5 + 0.5 * np.tanh(answer / 2)  # the logistic function, without overflow
        elif self._onnx.activation == "softmax":
            raised = np.exp(answer - answer.max(0))
            answer = raised / raised.sum(0)
        if answer.ndim == 2:
            return answer
        channel, count = self._onnx.channel, len(answer)
        if not -count <= channel < count:
            raise SettingError(f"Output channel {channel} is asked for; {self.name} has {count}.")
        person: NDArray[Any] = answer[channel]
        return person
