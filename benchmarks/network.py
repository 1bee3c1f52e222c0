"""The speed of the exported graph compared with a plain export, on one thread, in one run.

    python benchmarks/network.py [--size 320x192] [--rounds 100] [CHECKPOINT]

The two graphs are run alternately. Prints the medians and their ratio.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np

from sinet_video.models import checkpoint, export_sinet
from sinet_video.models.input_settings import InputSize
from sinet_video.quiet_onnxruntime import onnxruntime


def session(graph: bytes, height: int, width: int) -> onnxruntime.InferenceSession:
    """Return a session on one thread, fixed to one input size."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    for name, value in (("n", 1), ("h", height), ("w", width)):
        options.add_free_dimension_override_by_name(name, value)
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def seconds(call: Callable[[], object]) -> float:
    """Time one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", nargs="?", default="sinet_video/data/default.pth")
    parser.add_argument("--size", default="320x192")
    parser.add_argument("--rounds", type=int, default=100)
    given = parser.parse_args()
    width, height = InputSize.parse(given.size).of(16 / 9)
    network = checkpoint.load(given.checkpoint)
    image = np.random.default_rng(0).integers(0, 256, (1, height, width, 3), dtype=np.uint8)
    normalised = np.ascontiguousarray(image.transpose(0, 3, 1, 2), np.float32) / 255
    plain = session(export_sinet.plain(network), height, width)
    fast = session(export_sinet.fast(network), height, width)
    runs: dict[str, Callable[[], object]] = {
        "plain": lambda: plain.run(["logits"], {"image": normalised}),
        "fast": lambda: fast.run(["alpha"], {"image": image}),
    }
    times: dict[str, list[float]] = {name: [] for name in runs}
    for round_number in range(given.rounds + 10):
        for name, call in runs.items():
            spent = seconds(call)
            if round_number >= 10:  # the first rounds warm up
                times[name].append(spent)
    medians = {name: statistics.median(spent) for name, spent in times.items()}
    for name, median in medians.items():
        print(f"{name:6} {median * 1000:6.2f} ms an image of {width}x{height}, one thread")
    print(f"ratio  {medians['plain'] / medians['fast']:6.2f}")


if __name__ == "__main__":
    main()
