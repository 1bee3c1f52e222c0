"""A process that answers for single frames, so that a file that ends it does not end the server.

Each request is a line of JSON on standard input; each answer is a line of JSON on standard output,
then as many bytes as it says. Run as `python -m sinet_video.serve.frame_worker`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from sinet_video.errors import SettingError, SinetVideoError
from sinet_video.pipeline.settings import Settings
from sinet_video.quality.image_bytes import jpeg
from sinet_video.serve.bench import Bench
from sinet_video.serve.edits import Edits


def main() -> None:
    """Answer until standard input ends."""
    bench = Bench(Settings().load())
    _warm(bench)
    for line in sys.stdin:
        facts, data = _answer(bench, json.loads(line))
        sys.stdout.buffer.write(json.dumps({**facts, "bytes": len(data)}).encode() + b"\n" + data)
        sys.stdout.buffer.flush()


def _warm(bench: Bench) -> None:
    """Work on a frame of nothing, so that the first one that counts is not the slowest."""
    path = Path("warm.jpg")
    path.write_bytes(jpeg(np.full((96, 160, 3), 128, np.uint8)))
    bench.describe(path, 64)
    bench.frame(path, 0.0, Settings(), 64)
    path.unlink()


def _answer(bench: Bench, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    try:
        return _done(bench, request)
    except SinetVideoError as error:
        return {"error": error.message, "setting": isinstance(error, SettingError)}, b""


def _done(bench: Bench, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    path = Path(request["path"])
    if request["what"] == "describe":
        return bench.describe(path, request["side"])
    settings = Edits.parse(request["edits"]).settings(**request["drawn"])
    asked = request["time"], settings, request["side"]
    return {}, bench.frame(path, *asked, quick=request["quick"], source=request["source"])


if __name__ == "__main__":
    main()
