"""Sessions of onnxruntime, and padding of images for graphs of fixed size."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from sinet_video.errors import WeightsError
from sinet_video.media.arrays import FloatArray, Image
from sinet_video.models.onnx.limits import bound_memory, why
from sinet_video.quiet_onnxruntime import onnxruntime

Runtime = Literal["onnxruntime", "torch"]


def open_session(
    graph: bytes | Path,
    name: str = "the graph",
    dimensions: dict[str, int] | None = None,
    *,
    bounded: bool = False,
) -> onnxruntime.InferenceSession:
    """Return a session on one thread, free dimensions pinned to the lengths that are given.

    `graph` is an ONNX file or what is in one. Only that of a file can have data in other files,
    which must be in its folder. A graph that is not ours is to be `bounded` in memory. Raises
    `WeightsError` for anything else.
    """
    options = onnxruntime.SessionOptions()
    # The codecs already use the cores; a second thread here made the whole job slower.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what goes wrong is raised, and need not be printed
    if bounded:
        bound_memory(options)
    for dimension, length in (dimensions or {}).items():
        options.add_free_dimension_override_by_name(dimension, length)
    try:
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own errors derive from Exception alone
        raise WeightsError(
            f"{name} is not an ONNX file that can be run: {why(str(error))}."
        ) from error


def fixed_size(shape: list[int | str]) -> tuple[int, int] | None:
    """Return (width, height) of a graph's input, or None if they are free.

    The input has four axes, and the second or the last holds three channels.
    """
    height, width = shape[2:] if shape[1] == 3 else shape[1:3]
    return (width, height) if isinstance(width, int) and isinstance(height, int) else None


def padded(image: Image, size: tuple[int, int] | None) -> Image:
    """Pad an image (h, w, 3) to `size`, (width, height), by repeating its border."""
    if size is None:
        return image
    height, width = image.shape[:2]
    return np.pad(image, ((0, size[1] - height), (0, size[0] - width), (0, 0)), mode="edge")


def cropped(alpha: FloatArray, image: Image, full: Image) -> FloatArray:
    """Return the part of a padded image's alpha that belongs to the original image.

    Alpha is (h, w); the images are (height, width, 3).
    """
    (height, width), (full_height, full_width) = image.shape[:2], full.shape[:2]
    rows = max(1, round(alpha.shape[0] * height / full_height))
    columns = max(1, round(alpha.shape[1] * width / full_width))
    return alpha[:rows, :columns]
