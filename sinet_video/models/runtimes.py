"""Segmenters that run our networks in onnxruntime or torch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sinet_video.media.arrays import FloatArray, Image
from sinet_video.models.devices import opened
from sinet_video.models.onnx.limits import check_map, run_bounded
from sinet_video.models.onnx.session import Runtime, cropped, open_session, padded
from sinet_video.models.registry import SINET, Architecture, architectures
from sinet_video.models.segmenter import as_seen
from sinet_video.quiet_onnxruntime import onnxruntime

if TYPE_CHECKING:
    from torch import Tensor

    from sinet_video.models.network import Network


Wanted = NDArray[np.float32]


class NamedSegmenter(Protocol):
    """A segmenter that knows its name, runtime and device, for reports."""

    name: str
    runtime: Runtime
    device: str

    def __call__(self, image: Image, /) -> FloatArray:
        """Map an RGB image, (h, w, 3) uint8, to alpha, 2-D float32 in [0, 1]."""


def is_fast_graph(session: onnxruntime.InferenceSession) -> bool:
    """Whether a graph is one of our fast ones, which normalise the image themselves."""
    given, alpha = session.get_inputs(), session.get_outputs()[0]
    names = [node.name for node in given]
    return (
        names in (["image"], ["image", "wanted"])
        and given[0].type == "tensor(uint8)"
        and given[0].shape[3:] == [3]
        and all(_is_choice(node) for node in given[1:])
        and (alpha.name, alpha.type, len(alpha.shape)) == ("alpha", "tensor(float)", 3)
    )


def _is_choice(node: Any) -> bool:
    """Whether an input is the choice of the classes of a network that is known."""
    known = [len(each.classes) for each in architectures() if each.classes]
    return node.type == "tensor(float)" and node.shape in [[count] for count in known]


class _Ours:
    """What our networks want of images, and what they are sure of, in both runtimes.

    `segmenter.seen_size` and `segmenter.sure_of` read it.
    """

    def __init__(self, name: str, architecture: Architecture, sure: float | None) -> None:
        self.name, self.step, self.pixels = name, architecture.step, architecture.pixels
        self.sure = sure


SIZES = 2
"""Image sizes for which sessions are kept. A change to another takes as long as many images."""


class FastSegmenter(_Ours):
    """One of our own graphs in onnxruntime, pinned to the image sizes that it saw last.

    `architecture` is the network that the graph is of. `size` is (width, height) for a graph of
    fixed size, which gets what fits in that. `wanted` is the choice of the architecture's classes,
    (classes,) float32 in [0, 1], where it has any. `sure` is as in `NamedWeights`. A graph that is
    not certain to be ours is to be `bounded` in what it may use.
    """

    runtime: Runtime = "onnxruntime"
    device = "cpu"

    def __init__(
        self,
        graph: bytes | Path,
        *,
        name: str = "",
        architecture: Architecture = SINET,
        size: tuple[int, int] | None = None,
        wanted: Wanted | None = None,
        sure: float | None = None,
        bounded: bool = False,
    ) -> None:
        super().__init__(name, architecture, sure)
        self.input_size = size
        self._graph, self._bounded = graph, bounded
        self._also = {} if wanted is None else {"wanted": wanted}
        self._pinned: dict[tuple[int, ...], onnxruntime.InferenceSession] = {}

    def __call__(self, image: Image, /) -> FloatArray:
        """Return alpha for an image, (h, w, 3) uint8; coarse, of a size of the network's own.

        An image whose sides are not multiples of `step`, or do not fit in the size, is scaled.
        """
        image = as_seen(image, self)
        full = padded(image, self.input_size)
        session = self._session_for(full.shape[:2])
        alpha = self._run(session, {"image": full[None], **self._also})
        # onnxruntime's logistic function can round to just above 1.
        return np.clip(cropped(alpha, image, full), 0, 1)  # takes less time than a minimum

    def _run(self, session: onnxruntime.InferenceSession, inputs: dict[str, Any]) -> FloatArray:
        if not self._bounded:
            alpha: FloatArray = session.run(["alpha"], inputs)[0][0]
            return alpha
        answer = check_map(run_bounded(session, ["alpha"], inputs, self.name), self.name)
        found: FloatArray = answer.astype(np.float32)[0].reshape(answer.shape[-2:])
        return found

    def _session_for(self, sides: tuple[int, ...]) -> onnxruntime.InferenceSession:
        session = self._pinned.pop(sides, None) or self._opened(sides)
        self._pinned[sides] = session  # the last is the one used last
        if len(self._pinned) > SIZES:
            del self._pinned[next(iter(self._pinned))]
        return session

    def _opened(self, sides: tuple[int, ...]) -> onnxruntime.InferenceSession:
        height, width = sides
        pinned = {} if self.input_size else {"n": 1, "h": height, "w": width}
        return open_session(self._graph, self.name, pinned, bounded=self._bounded)


class TorchSegmenter(_Ours):
    """A network in torch, on any device that torch knows.

    `wanted` and `sure` are as in `FastSegmenter`.
    Raises `SettingError` for a device that torch does not have.
    """

    runtime: Runtime = "torch"

    def __init__(
        self,
        network: Network,
        device: str = "cpu",
        *,
        name: str = "",
        wanted: Wanted | None = None,
        sure: float | None = None,
    ) -> None:
        import torch

        super().__init__(name, network.architecture, sure)
        self.place = opened(device)
        self._network = network.to(self.place).eval()
        self._torch = torch
        self._also = [] if wanted is None else [torch.from_numpy(wanted).to(self.place)]
        self.device = device

    def __call__(self, image: Image, /) -> FloatArray:
        """Return alpha for an image, as `FastSegmenter` does."""
        image = as_seen(image, self)
        given = self._torch.from_numpy(np.ascontiguousarray(image)).to(self.place)
        alpha: FloatArray = self.alpha(given).cpu().numpy()
        return alpha

    def alpha(self, image: Tensor) -> Tensor:
        """Return alpha, (h, w) float32, for an image, (h, w, 3) uint8, both on the device.

        The sides of the image are multiples of `step`.
        """
        with self._torch.inference_mode():
            return self._network.alpha(image[None], *self._also)[0].float()
