"""Damaged files by the thousand: python tests/fuzz.py [--count 3000] [--seed 1].

Files of ten kinds are damaged (bits flipped, ends cut, pieces moved, headers edited) and converted
in a process that is watched. However a file is damaged, it becomes a whole result or an error of
one sentence: no crash, no hang, no exception of another kind, nothing half-written. Prints how
many became what, and ends with 1 if any became something else. Where headers of sound are damaged,
a muxer may only notice at the end: a few of such files become an `OutputError`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

SECONDS = 20.0
"""After so long a conversion of six small pictures hangs."""

STARTING = 10.0
"""Seconds that a worker may take to import what it needs."""

PICTURES = ("-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=0.6")
SOUND = ("-f", "lavfi", "-i", "sine=d=0.6")
KINDS: dict[str, tuple[str, ...]] = {
    "h264.mp4": (*PICTURES, *SOUND, "-c:v", "libx264", "-c:a", "aac"),
    "front.mp4": (*PICTURES, *SOUND, "-c:v", "libx264", "-bf", "2", "-movflags", "+faststart"),
    "h264.mkv": (*PICTURES, *SOUND, "-c:v", "libx264", "-c:a", "flac"),
    "ffv1.mkv": (*PICTURES, "-c:v", "ffv1", "-level", "3", "-pix_fmt", "yuv422p10le"),
    "vp9.webm": (*PICTURES, *SOUND, "-c:v", "libvpx-vp9", "-deadline", "realtime"),
    "prores.mov": (*PICTURES, *SOUND, "-c:v", "prores_ks"),
    "png.mov": (*PICTURES, "-c:v", "png"),
    "mpeg4.avi": (*PICTURES, *SOUND, "-c:v", "mpeg4", "-c:a", "libmp3lame"),
    "mpeg2.ts": (*PICTURES, *SOUND, "-c:v", "mpeg2video", "-c:a", "mp2"),
    "anim.gif": PICTURES,
    "hevc.mp4": (*PICTURES, "-c:v", "libx265", "-x265-params", "log-level=none"),
}

WORKER = """
import json, sys
from pathlib import Path
import av, numpy as np
from sinet_video import BilinearRefinement, Settings, SinetVideoError, convert
ALL = dict(
    segmenter=lambda _: np.ones((3, 4), np.float32), refinement=BilinearRefinement(), smoothing=None
)
for line in sys.stdin:
    source, output, on_error = json.loads(line)
    try:
        report = convert(source, output, settings=Settings(**ALL, on_error=on_error))
        outcome = "whole, with losses" if report.lost else "whole"
        if sum(1 for _ in av.open(output).decode(video=0)) != report.frames:
            outcome = "WRONG: other pictures in the result than in the report"
    except SinetVideoError as error:
        text = str(error)
        fine = "\\n" not in text and text.endswith(".")
        outcome = type(error).__name__ if fine else "WRONG: " + text
    except BaseException as error:
        outcome = f"WRONG: {type(error).__name__}: {error}"
    there = Path(output).exists()
    if there != outcome.startswith("whole"):
        outcome = f"WRONG: {outcome}, and output there is {there}"
    print(json.dumps(outcome), flush=True)
"""


def write_seeds(folder: Path) -> list[Path]:
    """Write one whole file of each kind, by the program ffmpeg."""
    for name, arguments in KINDS.items():
        command = ["ffmpeg", "-v", "error", "-y", *arguments, str(folder / name)]
        subprocess.run(command, check=True)
    return [folder / name for name in KINDS]


def damaged(rng: np.random.Generator, data: bytes) -> bytes:
    """Return a file damaged in one to three ways."""
    ways = (_flipped, _cut, _moved, _edited, _holed)
    for index in rng.integers(len(ways), size=int(rng.integers(1, 4))):
        data = ways[index](rng, data)
    return data


def _flipped(rng: np.random.Generator, data: bytes) -> bytes:
    array = np.frombuffer(data, np.uint8).copy()
    count = int(np.exp(rng.uniform(0, np.log(200))))
    array[rng.integers(len(array), size=count)] ^= 1 << rng.integers(8, size=count).astype(np.uint8)
    return array.tobytes()


def _cut(rng: np.random.Generator, data: bytes) -> bytes:
    return data[: int(rng.integers(1, len(data) + 1))]


def _moved(rng: np.random.Generator, data: bytes) -> bytes:
    start, to = rng.integers(len(data), size=2)
    piece = data[start : start + int(rng.integers(1, 2000))]
    return data[:to] + piece + data[to + int(rng.integers(2)) * len(piece) :]


def _edited(rng: np.random.Generator, data: bytes) -> bytes:
    """Write numbers that programs stumble over into the header."""
    at = int(rng.integers(min(len(data), 1500)))
    words = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\0\0\0", rng.bytes(4))
    return data[:at] + words[int(rng.integers(len(words)))] + data[at + 4 :]


def _holed(rng: np.random.Generator, data: bytes) -> bytes:
    at, length = int(rng.integers(len(data))), int(rng.integers(1, 3000))
    return data[:at] + data[at + length :] or data[:1]


class Worker:
    """A process that converts, started anew whenever it has died."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._patience = SECONDS

    def convert(self, job: list[str]) -> str:
        """Return what became of a file."""
        if self._process is None:
            words = [sys.executable, "-c", WORKER]
            pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
            self._process = subprocess.Popen(words, text=True, stderr=subprocess.DEVNULL, **pipes)
            self._patience = SECONDS + STARTING
        return self._asked(self._process, job)

    def _asked(self, process: subprocess.Popen[str], job: list[str]) -> str:
        late = threading.Timer(self._patience, process.kill)
        late.start()
        try:
            print(json.dumps(job), file=process.stdin, flush=True)
            answer = process.stdout.readline() if process.stdout else ""
        except BrokenPipeError:
            answer = ""
        late.cancel()
        self._patience = SECONDS
        if answer:
            return str(json.loads(answer))
        status = process.wait()
        self.close()
        return f"WRONG: hangs over {SECONDS:.0f} s" if status == -9 else f"WRONG: died of {status}"

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def outcomes(count: int, seed: int, folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield damaged files, each with what became of it; the file is gone after that."""
    rng = np.random.default_rng(seed)
    seeds = write_seeds(folder)
    worker = Worker()
    try:
        for index in range(count):
            whole = seeds[index % len(seeds)]
            source = folder / f"{index:05}-{whole.name}"
            source.write_bytes(damaged(rng, whole.read_bytes()))
            output = folder / ("o.mp4" if rng.random() < 0.7 else "o.webm")
            outcome = worker.convert([str(source), str(output), "stop" if index % 2 else "conceal"])
            if left := list(folder.glob(".*.part")):
                outcome = f"WRONG: {outcome}, and left {left[0].name}"
            yield source, outcome
            for file in (source, output, *left):
                file.unlink(missing_ok=True)
    finally:
        worker.close()


def main() -> None:
    """Damage, convert, count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a folder for files that became something wrong")
    given = parser.parse_args()
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for source, outcome in outcomes(given.count, given.seed, Path(folder)):
            counts[outcome] += 1
            if outcome.startswith("WRONG"):
                print(source.name, outcome, flush=True)
                if given.keep:
                    given.keep.mkdir(parents=True, exist_ok=True)
                    (given.keep / source.name).write_bytes(source.read_bytes())
    for outcome, number in counts.most_common():
        print(f"{number:6} {outcome}")
    sys.exit(any(outcome.startswith("WRONG") for outcome in counts))


if __name__ == "__main__":
    main()
