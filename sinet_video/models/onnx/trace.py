"""Export of torch modules with torch's tracing exporter, which needs no other package."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any, cast

import torch
from torch import Tensor, nn

OPSET = 17

# The parts of the exporter that `_without_onnx` patches, in newer and older torch.
PARTS = (
    "torch.onnx._internal.torchscript_exporter.onnx_proto_utils",
    "torch.onnx._internal.onnx_proto_utils",
)


def traced(
    module: nn.Module,
    inputs: dict[str, Tensor],
    outputs: dict[str, dict[int, str]],
    opset: int = OPSET,
) -> bytes:
    """Return a module as the content of an ONNX file.

    `inputs` has an example of each input by name; `outputs` names the free axes of each output. The
    input `image`, (n, 3, h, w) or (n, h, w, 3), has n, h and w free if the outputs have free
    axes.
    """
    free = next(iter(outputs.values()))
    sides = (2, 3) if inputs["image"].shape[1] == 3 else (1, 2)
    image = dict(zip((0, *sides), ("n", "h", "w"), strict=True)) if free else {}
    buffer = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad(), _without_onnx():
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        torch.onnx.export(
            module.eval(),
            tuple(inputs.values()),
            cast(Any, buffer),  # the exporter accepts an open file, its annotation does not
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes={"image": image, **outputs},
            opset_version=opset,
            dynamo=False,
        )
    return buffer.getvalue()


@contextmanager
def _without_onnx() -> Iterator[None]:
    """Keep the exporter from reading its output again with the package onnx.

    It does so to add the functions of custom operators, which our graphs do not have. There is no
    setting for this, and without that package, which is not a dependency, it fails.
    """
    part = next(filter(None, map(_part, PARTS)), None)
    if part is None:
        yield
        return
    before = part._add_onnxscript_fn
    part._add_onnxscript_fn = _as_it_is
    try:
        yield
    finally:
        part._add_onnxscript_fn = before


def _part(name: str) -> Any:
    try:
        found: ModuleType | None = import_module(name)
    except ModuleNotFoundError:
        found = None
    return found


def _as_it_is(model: bytes, functions: Mapping[str, int]) -> bytes:
    return model
