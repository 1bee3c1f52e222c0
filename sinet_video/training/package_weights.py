"""Conversion of trained weights into the two files that the package contains.

    python -m sinet_video.training.package_weights WEIGHTS [NAME [FOLDER]]

NAME.pth is the checkpoint in half precision; NAME.onnx.gz is the graph that onnxruntime runs, made
from the same rounded weights. NAME is "default" and FOLDER the package's own unless given.
"""

from __future__ import annotations

import gzip
import sys
from importlib.resources import files
from pathlib import Path

import torch

from sinet_video.atomic import whole_file
from sinet_video.errors import WeightsError
from sinet_video.models import export_sinet
from sinet_video.models.checkpoint import load, save
from sinet_video.models.onnx.optimise import optimised
from sinet_video.models.sinet import SINet

OWN = Path(str(files("sinet_video")), "data")

MOST_CHANGED = 0.02
"""Largest change of logits by rounding, relative to the largest logit."""


def difference(one: SINet, two: SINet) -> float:
    """Return the difference of two networks' logits for noise, relative to the largest."""
    torch.manual_seed(1)
    images = torch.rand(2, 3, 128, 128) * 4 - 2
    with torch.inference_mode():
        first, second = one.eval()(images), two.eval()(images)
    return float((first - second).abs().max() / first.abs().max().clamp_min(1e-6))


def package(checkpoint: Path, name: str, folder: Path = OWN) -> None:
    """Write `NAME.pth` and `NAME.onnx.gz` of a checkpoint into a folder.

    Raises `WeightsError`, and writes nothing, if rounding changes the network's output.
    """
    full = load(checkpoint)
    with whole_file(folder / f"{name}.pth") as part:
        save(full, part, half=True)
        changed = difference(full, load(part))
        if changed > MOST_CHANGED:
            raise WeightsError(f"{checkpoint} says something else in 16 bits, by {changed:.2g}.")
    graph = optimised(export_sinet.fast(load(folder / f"{name}.pth")))
    # Without a timestamp, the same weights give the same file.
    (folder / f"{name}.onnx.gz").write_bytes(gzip.compress(graph, 9, mtime=0))


if __name__ == "__main__":
    given = dict(enumerate(sys.argv))
    package(Path(given[1]), given.get(2, "default"), Path(given.get(3, OWN)))
