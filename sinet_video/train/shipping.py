"""Turning trained weights into the two files that the package carries.

    python -m sinet_video.train.shipping WEIGHTS [FOLDER]

default.pth is the checkpoint in half precision; default.onnx.gz is the graph that onnxruntime runs,
made of the same rounded weights. FOLDER is the package's own unless given.
"""

from __future__ import annotations

import gzip
import sys
from importlib.resources import files
from pathlib import Path

from sinet_video import export
from sinet_video.weights import load, save


def ship(checkpoint: Path, folder: Path) -> None:
    """Write `default.pth` and `default.onnx.gz` of a checkpoint into a folder."""
    save(load(checkpoint), folder / "default.pth", half=True)
    graph = export.fast(load(folder / "default.pth"))
    # Without a time stamp in it, the same weights are the same file.
    (folder / "default.onnx.gz").write_bytes(gzip.compress(graph, 9, mtime=0))


if __name__ == "__main__":
    own = Path(str(files("sinet_video")), "data")
    ship(Path(sys.argv[1]), Path(sys.argv[2]) if sys.argv[2:] else own)
