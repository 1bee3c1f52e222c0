"""ONNX matting files that remember, as Robust Video Matting (arXiv 2108.11515) does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sinet_video.errors import WeightsError
from sinet_video.media.arrays import FloatArray, Image
from sinet_video.models.input_settings import OnnxInput
from sinet_video.models.onnx.limits import answers_bounded, check_map
from sinet_video.models.onnx.segmenter import prepared, single_image_input
from sinet_video.models.onnx.session import Runtime, open_session
from sinet_video.quiet_onnxruntime import onnxruntime

PASSES = 3
"""How often an image is shown, each time with what is remembered of the time before."""
RATIO = "downsample_ratio"
SEEN = 416
"""Longer side at which the network works at most, where it takes a ratio; its edges are refined."""


def is_recurrent(session: onnxruntime.InferenceSession) -> bool:
    """Return whether a graph takes an image and states, `r1i` and so on, and returns `r1o`."""
    names = {given.name for given in session.get_inputs()[1:]} - {RATIO}
    outputs = {made.name for made in session.get_outputs()}
    return bool(names) and all(n.endswith("i") and f"{n[:-1]}o" in outputs for n in names)


class RecurrentSegmenter:
    """A recurrent matting file, asked about images one at a time.

    An image is shown `PASSES` times from an empty memory, so that the answer is a function of
    the image alone. The output named `pha` counts, else the first with one channel.
    """

    runtime: Runtime = "onnxruntime"
    device = "cpu"
    input_size = None

    def __init__(
        self, graph: bytes | Path, onnx: OnnxInput = OnnxInput(), *, name: str = ""
    ) -> None:
        self._onnx, self.name = onnx, name
        self._session = open_session(graph, name, bounded=True)
        self._image, *others = self._session.get_inputs()
        single_image_input(self._image, name)
        self._states = [given.name for given in others if given.name != RATIO]
        self._ratio = len(self._states) < len(others)
        self._outputs = [made.name for made in self._session.get_outputs()]
        self._alpha = self._alpha_output()

    def _alpha_output(self) -> str:
        if "pha" in self._outputs:
            return "pha"
        states = {f"{name[:-1]}o" for name in self._states}
        for made in self._session.get_outputs():
            if made.name not in states and len(made.shape) == 4 and made.shape[1] == 1:
                return str(made.name)
        raise WeightsError(f"{self.name} has no output of one channel; it cannot be used.")

    def __call__(self, image: Image, /) -> FloatArray:
        """Return alpha for an image (h, w, 3)."""
        given: dict[str, NDArray[Any]] = {
            name: np.zeros((1, 1, 1, 1), np.float32) for name in self._states
        }
        given[self._image.name] = prepared(image, self._onnx.preprocessing, first=True)
        if self._ratio:
            given[RATIO] = np.array([min(1.0, SEEN / max(image.shape[:2]))], np.float32)
        for _ in range(PASSES):
            found = dict(
                zip(self._outputs, answers_bounded(self._session, given, self.name), strict=True)
            )
            given |= {name: found[f"{name[:-1]}o"] for name in self._states}
        answer = check_map(found[self._alpha], self.name)
        alpha: FloatArray = np.clip(answer[0].reshape(answer.shape[-2:]), 0, 1)
        return alpha
