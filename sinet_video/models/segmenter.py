"""The segmenter interface: a function from an image to coarse alpha, and its input size."""

from __future__ import annotations

import sys
from collections.abc import Callable
from math import isfinite, nan
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from sinet_video.errors import SettingError
from sinet_video.media.convert import scaled
from sinet_video.media.frame import Frame
from sinet_video.models.input_settings import LARGEST, PIXELS, STEP, InputSize

if TYPE_CHECKING:
    from torch import Tensor, device

Segmenter = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""Any function from an RGB image, (h, w, 3) uint8, to alpha, (h, w) float32 in [0, 1].

Or a module of torch; see `run_module`.
"""


@runtime_checkable
class OnDevice(Protocol):
    """A segmenter whose network also takes images that are on its torch device already."""

    @property
    def place(self) -> device:
        """The device."""

    def alpha(self, image: Tensor) -> Tensor:
        """Return alpha, (h, w) float32, for an image, (h, w, 3) uint8, both on the device."""

    def __call__(self, image: NDArray[np.uint8], /) -> NDArray[np.float32]:
        """Map an image to alpha, as any segmenter does."""


ROUNDING = 1e-3
"""Tolerance for answers slightly outside [0, 1]; anything further out is an error."""


def answer(frame: Frame, segmenter: Segmenter, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return a segmenter's alpha for a frame seen at `shape`, (width, height), as stored.

    The result is float32 in [0, 1], in the stored orientation. Raises `SettingError` if the answer
    is not alpha.
    """
    image = upright(frame, shape)
    said = run_module(segmenter, image) if is_module(segmenter) else segmenter(image)
    try:
        alpha = np.asarray(said, np.float32)
    except (TypeError, ValueError) as error:
        raise SettingError(
            f"The segmenter answered with {type(said).__name__} at {float(frame.time):.3f} s; it "
            "must answer with an array of numbers, height and width."
        ) from error
    check_answer(alpha, frame)
    return frame.orientation.stored(np.clip(alpha, 0, 1))


def check_segmenter(segmenter: object) -> None:
    """Raise `SettingError` for what cannot be a segmenter, such as the name of weights."""
    if not callable(segmenter):
        raise SettingError(
            f"The segmenter is of the type {type(segmenter).__name__}; it must be a function of an "
            "image, such as load_segmenter() returns."
        )


def check_answer(alpha: NDArray[np.float32], frame: Frame) -> None:
    """Raise `SettingError` unless a segmenter's answer is alpha: 2-D, finite, and in [0, 1]."""
    where = f"at {float(frame.time):.3f} s"
    # Both pass on what is not a number; infinities are among them.
    lowest, highest = (float(alpha.min()), float(alpha.max())) if alpha.size else (nan, nan)
    if alpha.ndim != 2 or not (isfinite(lowest) and isfinite(highest)):
        raise SettingError(
            f"The segmenter answered with shape {alpha.shape} {where}; it must answer with two "
            "axes, height and width, of finite numbers."
        )
    if lowest < -ROUNDING or highest > 1 + ROUNDING:
        raise SettingError(
            f"The segmenter answered with values from {lowest:g} to {highest:g} {where}; they must "
            "lie between 0 and 1."
        )


def seen_size(segmenter: Segmenter, size: InputSize, aspect: float) -> tuple[int, int]:
    """Return the (width, height) at which a segmenter sees frames of this display aspect ratio.

    If the segmenter has an attribute `input_size`, (width, height), the image fits in that.
    Otherwise its sides are multiples of the attribute `step`, and the attribute `pixels` is the
    number of pixels that suits it; both are optional.
    """
    limit: tuple[int, int] | None = getattr(segmenter, "input_size", None)
    if limit:
        return inscribed(limit, aspect)
    pixels, step = getattr(segmenter, "pixels", PIXELS), getattr(segmenter, "step", STEP)
    return size.of(aspect, pixels=pixels, step=step)


class Identity(NamedTuple):
    """What reports say of a segmenter: its weights, and where it ran."""

    weights: str
    runtime: str
    device: str

    @classmethod
    def of(cls, segmenter: Segmenter) -> Identity:
        """Return what its attributes say; a function of the caller's need not have them."""
        own = "your own segmenter"
        return cls(
            getattr(segmenter, "name", own),
            getattr(segmenter, "runtime", own),
            getattr(segmenter, "device", "unknown"),
        )


def sure_of(segmenter: Segmenter) -> float | None:
    """Return the alpha that a segmenter gives to hardly anything but people, None if unknown.

    It is the attribute `sure`, which is optional.
    """
    sure: float | None = getattr(segmenter, "sure", None)
    return sure


def as_seen(image: NDArray[np.uint8], segmenter: Any) -> NDArray[np.uint8]:
    """Return an RGB image, (h, w, 3) uint8, as a network can take it: as it is, or scaled.

    Raises `SettingError` for what is no such image.
    """
    shape = getattr(image, "shape", None)
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3:
        raise SettingError(
            f"A segmenter takes images (h, w, 3) of uint8 in RGB; what came has shape {shape} "
            f"and type {getattr(image, 'dtype', type(image).__name__)}."
        )
    height, width, channels = image.shape
    if channels != 3 or not height or not width:
        raise SettingError(f"A segmenter takes images (h, w, 3); what came has shape {shape}.")
    limit, step = getattr(segmenter, "input_size", None), getattr(segmenter, "step", 1)
    fits = (
        width <= limit[0] and height <= limit[1] if limit else not (width % step or height % step)
    )
    if fits and width * height <= LARGEST:
        return image
    return scaled(image, seen_size(segmenter, InputSize(), width / height))


def inscribed(limit: tuple[int, int], aspect: float) -> tuple[int, int]:
    """Return the largest (width, height) of an aspect ratio that fits in a limit."""
    width = min(limit[0], max(1, round(limit[1] * aspect)))
    return width, min(limit[1], max(1, round(width / aspect)))


def upright(frame: Frame, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Return a frame as displayed, scaled to `shape`, (width, height): (height, width, 3) uint8."""
    width, height = frame.orientation.stored_size(shape)
    return frame.orientation.shown(frame.scaled(width, height))


def is_module(segmenter: object) -> bool:
    """Whether something is an nn.Module; torch is not imported to find out."""
    torch: Any = sys.modules.get("torch")
    return torch is not None and isinstance(segmenter, torch.nn.Module)


def run_module(module: Any, image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the alpha that a module gives for an image, (h, w, 3) uint8 RGB; see `Segmenter`.

    The module gets (1, 3, h, w) in [0, 1], on its own device and in its own type, in evaluation
    mode. It answers with alpha, (1, 1, h, w), or with the logits of two classes, background and
    person, (1, 2, h, w). Raises `SettingError` for any other answer.
    """
    import torch

    weight = next(module.parameters(), torch.empty(0))
    given = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None]
    given = given.to(weight.device, weight.dtype) / 255
    training = module.training
    module.eval()
    try:
        with torch.inference_mode():
            answer = module(given)
    finally:
        module.train(training)
    alpha: NDArray[np.float32] = _alpha(answer, torch).float().cpu().numpy()
    return alpha


def _alpha(answer: Any, torch: Any) -> Any:
    shape = tuple(getattr(answer, "shape", ()))
    if isinstance(answer, torch.Tensor) and len(shape) == 4 and shape[0] == 1:
        if shape[1] == 1:
            return answer[0, 0]
        if shape[1] == 2:
            return answer.softmax(1)[0, 1]
    raise SettingError(
        f"The module answered with {type(answer).__name__} of shape {shape}; it must answer with "
        "alpha, (1, 1, h, w), or with the logits of background and person, (1, 2, h, w)."
    )
