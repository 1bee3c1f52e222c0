"""Segmentation files in ONNX from elsewhere: their expected input, and how they are run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sinet_video.errors import SettingError, WeightsError
from sinet_video.media.arrays import FloatArray, Image
from sinet_video.models.input_settings import OnnxInput, Preprocessing
from sinet_video.models.onnx.limits import LARGEST, check_map, run_bounded
from sinet_video.models.onnx.session import Runtime, cropped, fixed_size, open_session, padded
from sinet_video.models.segmenter import as_seen
from sinet_video.quiet_onnxruntime import onnxruntime


def checked_input(session: onnxruntime.InferenceSession, name: str) -> Any:
    """Return a graph's one input. Raises `WeightsError` if it does not take images."""
    if len(session.get_inputs()) != 1 or len(session.get_inputs()[0].shape) != 4:
        raise WeightsError(f"{name} takes other inputs than one image; it cannot be used.")
    return single_image_input(session.get_inputs()[0], name)


def single_image_input(given: Any, name: str) -> Any:
    """Return an input that is to be given one image, or raise `WeightsError` if it cannot be."""
    batch, *rest = given.shape
    if 3 not in (rest[0], rest[2]):
        raise WeightsError(f"{name} takes shape {given.shape}; no axis is three channels.")
    sides = rest[1:] if rest[0] == 3 else rest[:2]
    fixed = [side for side in sides if isinstance(side, int)]
    if any(side < 1 for side in fixed) or (len(fixed) == 2 and fixed[0] * fixed[1] > LARGEST):
        raise WeightsError(
            f"{name} takes shape {given.shape}; sides must be at least 1, and {LARGEST} pixels at "
            "most."
        )
    if isinstance(batch, int) and batch != 1:
        raise WeightsError(f"{name} takes {batch} images at once; export it for one.")
    if len({isinstance(side, int) for side in sides}) != 1:
        raise WeightsError(f"{name} takes shape {given.shape}; fix both sides or neither.")
    if given.type != "tensor(float)":
        raise WeightsError(f"{name} takes {given.type}; export it for 32-bit floats.")
    return given


def prepared(image: Image, wanted: Preprocessing, *, first: bool) -> NDArray[np.float32]:
    """Return an image (h, w, 3) as a graph wants it, with channels `first` or last."""
    ready = image * np.array(wanted.gain) + np.array(wanted.offset)
    if wanted.channels == "bgr":
        ready = ready[..., ::-1]
    if first:
        ready = ready.transpose(2, 0, 1)
    return np.ascontiguousarray(ready[None], np.float32)


class OnnxSegmenter:
    """Any ONNX segmentation file with one image as input and one map as output.

    Input: (1, 3, h, w) or (1, h, w, 3) float, with fixed or free sizes. Output: (1, c, h, w), (1,
    h, w, c) or (1, h, w), of any size. A graph of fixed size gets the image at its own aspect
    ratio, padded by repeating the border.
    """

    runtime: Runtime = "onnxruntime"
    device = "cpu"

    def __init__(
        self, graph: bytes | Path, onnx: OnnxInput = OnnxInput(), *, name: str = ""
    ) -> None:
        self._onnx, self.name = onnx, name
        self._session = open_session(graph, name, bounded=True)
        given = checked_input(self._session, name)
        self._input = given.name
        self._channels_first = given.shape[1] == 3
        self.input_size = fixed_size(given.shape)

    def __call__(self, image: Image, /) -> FloatArray:
        """Return alpha for an image, (h, w, 3) uint8; what does not fit is scaled."""
        image = as_seen(image, self)
        full = padded(image, self.input_size)
        ready = prepared(full, self._onnx.preprocessing, first=self._channels_first)
        answer = run_bounded(self._session, None, {self._input: ready}, self.name)
        alpha: FloatArray = self._person(check_map(answer, self.name)).astype(np.float32)
        return np.clip(cropped(alpha, image, full), 0, 1)

    def _person(self, answer: NDArray[Any]) -> NDArray[Any]:
        answer = answer[0].astype(np.float32, copy=False)
        if answer.ndim == 3 and answer.shape[0] > answer.shape[2]:
            answer = answer.transpose(2, 0, 1)  # the channels are last
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
