"""Arrays to a device and back: through pinned memory, and without waiting, where it is CUDA.

Samples of more than 8 bits are moved as int16 that holds the bits of uint16, as torch can compute
with few things in uint16.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

DTYPES = {"uint8": torch.uint8, "int16": torch.int16, "float32": torch.float32}


def uploaded(array: NDArray[Any], device: torch.device) -> Tensor:
    """Return a copy of an array of uint8, uint16 or float32, of any shape, on a device.

    uint16 comes as int16 of the same bits; see `widened`.
    """
    bits = array.view(np.int16) if array.dtype == np.uint16 else array
    # torch keeps a pinned block until the copy from it has ended.
    staged = torch.empty(bits.shape, dtype=DTYPES[bits.dtype.name], pin_memory=_pins(device))
    staged.numpy()[...] = bits
    return staged.to(device, non_blocking=True)


def widened(samples: Tensor) -> Tensor:
    """Return samples, uint8 or int16 with the bits of uint16, as float32: exact."""
    if samples.dtype == torch.int16:
        samples = samples.to(torch.int32) & 0xFFFF
    return samples.to(torch.float32)


def narrowed(values: Tensor, kind: torch.dtype) -> Tensor:
    """Return values, rounded to nearest, as samples of a kind: the reverse of `widened`."""
    whole = values.round().to(torch.int32)
    if kind == torch.int16:
        whole = torch.where(whole > 0x7FFF, whole - 0x10000, whole)
    return whole.to(kind)


class Download:
    """Tensors on their way to the CPU; they leave at once and are waited for in `arrays`."""

    def __init__(self, tensors: Sequence[Tensor]) -> None:
        self._host = [_leaving(tensor) for tensor in tensors]
        streams = {t.device: torch.cuda.current_stream(t.device) for t in tensors if t.is_cuda}
        self._events = [stream.record_event() for stream in streams.values()]

    def arrays(self) -> list[NDArray[Any]]:
        """Return them as arrays; int16 is uint16 again."""
        for event in self._events:
            event.synchronize()
        arrays = [tensor.numpy() for tensor in self._host]
        return [a.view(np.uint16) if a.dtype == np.int16 else a for a in arrays]


def downloaded(tensor: Tensor) -> NDArray[Any]:
    """Return one tensor as an array, waiting for it."""
    return Download([tensor]).arrays()[0]


def _leaving(tensor: Tensor) -> Tensor:
    if not tensor.is_cuda:
        return tensor.cpu()
    host = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
    return host.copy_(tensor, non_blocking=True)


def _pins(device: torch.device) -> bool:
    return device.type == "cuda"
