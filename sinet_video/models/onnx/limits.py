"""Third-party ONNX files, run within bounds: of memory, of time, and of what they may answer.

A graph is a program. One of a few hundred bytes can ask for terabytes, or never end.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from threading import Timer
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sinet_video.errors import WeightsError
from sinet_video.quiet_onnxruntime import onnxruntime

MEMORY = 4 << 30
"""Bytes that the graphs of others may use, all together."""

SECONDS = 60.0
"""How long one may work on an image."""

LARGEST = 16_777_216
"""Pixels that one may want its image to have."""


_OF_ITSELF = re.compile(r"^\[ONNXRuntimeError\] : \d+ : \w+ : |/onnxruntime_src/\S+ .*?\) ")
"""What it says that is of interest to those alone who make it."""


@cache
def _register_arena() -> None:
    """Make, once a process, the memory that sessions share that are opened with `bound_memory`."""
    limits = {
        "max_mem": MEMORY,
        "arena_extend_strategy": 1,  # by what is asked for, not twice as much
        "initial_chunk_size_bytes": -1,
        "max_dead_bytes_per_chunk": -1,
    }
    memory = onnxruntime.OrtMemoryInfo(
        "Cpu",
        onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR,
        0,
        onnxruntime.OrtMemType.DEFAULT,
    )
    onnxruntime.create_and_register_allocator(memory, onnxruntime.OrtArenaCfg(limits))


def bound_memory(options: onnxruntime.SessionOptions) -> None:
    """Let a session that is opened with these options use no more memory than `MEMORY`."""
    _register_arena()
    options.add_session_config_entry("session.use_env_allocators", "1")


def run_bounded(
    session: onnxruntime.InferenceSession,
    outputs: Sequence[str] | None,
    inputs: Mapping[str, NDArray[Any]],
    name: str,
) -> Any:
    """Return a graph's first answer. Raises `WeightsError`, which names it, where it has none.

    Inputs are arrays by their names, of the shapes and types that the graph declares.
    """
    return answers_bounded(session, inputs, name, outputs)[0]


def answers_bounded(
    session: onnxruntime.InferenceSession,
    inputs: Mapping[str, NDArray[Any]],
    name: str,
    outputs: Sequence[str] | None = None,
) -> list[Any]:
    """Return all answers of a graph, as `run_bounded` does the first.

    Answers have the shapes that the graph gives them. Raises `WeightsError` if there is none.
    """
    options = onnxruntime.RunOptions()
    options.log_severity_level = 4  # what goes wrong is raised, and need not be printed
    timer = Timer(SECONDS, setattr, (options, "terminate", True))
    timer.daemon = True
    timer.start()
    try:
        answers: list[Any] = session.run(outputs, dict(inputs), options)
        return answers
    except Exception as error:  # onnxruntime's own errors derive from Exception alone
        shape = next(iter(inputs.values())).shape
        raise WeightsError(
            f"{name} gave no answer to an image of shape {shape}: {why(str(error))}."
        ) from error
    finally:
        timer.cancel()


def why(message: str) -> str:
    """Return in short what onnxruntime says of a graph."""
    if "terminate flag" in message:
        return f"it had not ended after {SECONDS:g} s"
    if "Available memory of" in message:
        return f"it wants more than {MEMORY >> 30} GiB of memory"
    if "bad_alloc" in message:
        return "it wants more memory than there is"
    said = _OF_ITSELF.sub("", " ".join(message.split()))
    return said[:200].rstrip(". ")


def check_map(answer: Any, name: str) -> NDArray[Any]:
    """Return an answer that is a map over one image, or raise `WeightsError`.

    The shape is (1, channels, h, w), (1, h, w, channels) or (1, h, w).
    """
    kind = answer.dtype.kind if isinstance(answer, np.ndarray) else ""
    shape: tuple[int, ...] = getattr(answer, "shape", ())
    if kind not in "fiu" or not kind:
        raise WeightsError(f"{name} answers with no numbers; it must answer with a map of alpha.")
    if len(shape) not in (3, 4) or shape[0] != 1 or 0 in shape:
        raise WeightsError(
            f"{name} answers with shape {tuple(shape)}; it must be (1, channels, height, width), "
            "(1, height, width, channels) or (1, height, width)."
        )
    found: NDArray[Any] = answer
    return found
