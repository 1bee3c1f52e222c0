"""Devices that torch has here, and the choice of one.

torch is only imported where a device other than the CPU, or its runtime, is asked for.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sinet_video.errors import SettingError

if TYPE_CHECKING:
    import torch

    from sinet_video.models.onnx.session import Runtime

AUTO = "auto"
"""The device to be chosen: a CUDA one, else Apple's MPS, else the CPU."""


def chosen(
    runtime: Literal["auto"] | Runtime, device: str, weights: str | Path = "default"
) -> tuple[Runtime, str]:
    """Return the runtime and the device that "auto" stands for; others stay as they are.

    An ONNX file and onnxruntime run on the CPU, and so does everything where torch is not
    installed.
    """
    if device == AUTO:
        in_torch = runtime == "torch" or (runtime == "auto" and not _is_onnx(weights))
        device = best() if in_torch and find_spec("torch") else "cpu"
    if runtime == "auto":
        return ("onnxruntime" if device == "cpu" else "torch"), device
    return runtime, device


def _is_onnx(weights: str | Path) -> bool:
    return Path(weights).suffix.lower() == ".onnx"


def best() -> str:
    """Return the name of the device that is likely the fastest that torch has."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def available() -> list[str]:
    """Return the devices that can be chosen here, CUDA ones with their names."""
    try:
        import torch
    except ImportError:
        return ["cpu"]
    cuda = [
        f"cuda:{index} ({torch.cuda.get_device_name(index)})"
        for index in range(torch.cuda.device_count())
    ]
    return ["cpu", *cuda, *(["mps"] if torch.backends.mps.is_available() else [])]


def described(runtime: Runtime, device: str) -> str:
    """Return a runtime, its version and its device in words, without importing it."""
    from importlib.metadata import PackageNotFoundError, version  # it takes its time

    try:
        return f"{runtime} {version(runtime)} on {device}"
    except PackageNotFoundError:
        return f"{runtime} on {device}"


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error is torch's for a device without enough memory."""
    loaded: Any = sys.modules.get("torch")
    return loaded is not None and isinstance(error, loaded.OutOfMemoryError)


def opened(device: str) -> torch.device:
    """Return a device of torch by its name. Raises `SettingError` if it cannot be used."""
    import torch

    try:
        place = torch.device(device)
        torch.zeros(1, device=place).add_(1).item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise SettingError(
            f"Device {device!r} cannot be used here ({str(error).splitlines()[0]}); use 'cpu'."
        ) from error
    return place
