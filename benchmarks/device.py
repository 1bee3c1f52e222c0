"""Frames a second with the torch runtime on a device, against the default on the CPU.

    python benchmarks/device.py CLIP [--device auto] [--heights 1080 2160] [--frames 60]
        [--rounds 3] [--json FILE] [--plot FILE]

"chain" is the network and all stages to the composite, in one thread, on frames that are decoded
already. "job" is `sinet-video run` as a whole, with start-up, decoding and encoding. Both runtimes
take turns, and what is printed are medians. Where there is the program nvidia-smi, it says how busy
the GPU was meanwhile.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path

from measuring import PROGRAM, Row, facts, made, measured, plot, ratio, write

from sinet_video import Clip, Frame, decode, probe
from sinet_video.models import devices
from sinet_video.pipeline.chain import OutputKind, Work, chained, links_of, seen
from sinet_video.pipeline.device_chain import torch_stages
from sinet_video.pipeline.report import Meter
from sinet_video.pipeline.settings import Settings
from sinet_video.stages.backgrounds import ColourBackground

DIFFERENT = 12
"""Frames that are held in memory, and repeated."""

EVERY = 0.5
"""Seconds between two looks at how busy the GPU is."""


class Watched:
    """How busy the GPU was, in percent on average; None where nvidia-smi does not say."""

    def __init__(self) -> None:
        self._seen: list[float] = []
        self._ends = threading.Event()

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Look in a thread until the block ends."""
        thread = threading.Thread(target=self._look, daemon=True)
        self._ends.clear()
        if shutil.which("nvidia-smi"):
            thread.start()
        try:
            yield
        finally:
            self._ends.set()
            if thread.is_alive():
                thread.join()

    def _look(self) -> None:
        command = ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"]
        while not self._ends.wait(EVERY):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            self._seen += [float(word) for word in done.stdout.split() if word.isdigit()][:1]

    @property
    def percent(self) -> float | None:
        """The mean of all looks."""
        return round(statistics.mean(self._seen), 1) if self._seen else None


def chain_seconds(clip: Clip, frames: Sequence[Frame], count: int, settings: Settings) -> float:
    """Return how long the network and all stages take on so many frames, to the last sample."""
    work = Work(settings, clip, OutputKind("rgb", ColourBackground.parse("green")))
    segmenter = settings.load()

    def done(wanted: int) -> None:
        fresh = (frame.with_video(frame.video) for frame in islice(cycle(frames), wanted))
        for _ in chained(seen(fresh, segmenter, settings), work, Meter()):
            pass

    done(len(frames))  # whatever is only done once
    start = time.perf_counter()
    done(count)
    return time.perf_counter() - start


def job_seconds(path: Path, folder: Path, settings: Settings) -> float:
    """Return how long the command takes, as a whole."""
    runtime, device = settings.placed
    options = ["--runtime", runtime, "--device", device, "--overwrite", "--quiet"]
    return measured([PROGRAM, "run", path, folder / "out.mp4", *options]).wall


def compared(
    name: str, count: int, rounds: int, work: Callable[[Settings], float], settings: Settings
) -> Row:
    """Return frames a second of both runtimes, in turns."""
    watched, took = Watched(), []
    for _ in range(rounds):
        with watched.looking():
            there = work(settings)
        took.append((there, work(Settings())))
    ours, theirs = (statistics.median(pair[index] for pair in took) for index in (0, 1))
    return {
        "what": name,
        "device": round(count / ours, 2),
        "CPU": round(count / theirs, 2),
        "ratio": ratio([(slow, fast) for fast, slow in took]),
        "GPU busy, %": watched.percent,
    }


def rows_of(path: Path, given: argparse.Namespace, settings: Settings, folder: Path) -> list[Row]:
    """Return the rows of one clip."""
    clip = probe(path)
    frames = list(islice(decode(clip), min(DIFFERENT, given.frames)))
    size, options = f"{clip.width}x{clip.height}", (given.frames, given.rounds)

    def chain(chosen: Settings) -> float:
        return chain_seconds(clip, frames, given.frames, chosen)

    def job(chosen: Settings) -> float:
        return job_seconds(path, folder, chosen)

    return [
        compared(f"chain, {size}", *options, chain, settings),
        compared(f"job, {size}", *options, job, settings),
    ]


def main() -> None:
    """Measure, print and write what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clip", type=Path)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--heights", type=int, nargs="+", default=[1080, 2160])
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    settings = Settings(runtime="torch", device=given.device)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for height in given.heights:
            scaled = f"scale=-2:{height}:flags=bicubic"
            path = made(given.clip, given.frames, scaled, folder / f"{height}.mp4")
            rows += rows_of(path, given, settings, folder)
        stages = in_torch(path, settings)
    for row in rows:
        print(row)
    told = facts(
        frames=given.frames, rounds=given.rounds, unit="frames a second",
        runtime=devices.described(*settings.placed), devices=devices.available(), stages=stages,
    )  # fmt: skip
    write(given.json, "Stages in torch, against the CPU", told, rows)
    plot(given.plot, rows, "what", ["device", "CPU"], "frames a second")


def in_torch(path: Path, settings: Settings) -> list[str]:
    """Return the stages that ran on the device."""
    work = Work(settings, probe(path), OutputKind("rgb", ColourBackground.parse("green")))
    return ["segment", *torch_stages(links_of(work), work)]


if __name__ == "__main__":
    main()
