"""CPU time of each stage from the network to the composite, with C++ and with numpy.

    python benchmarks/stages.py CLIP [--frames 60] [--rounds 5] [--json FILE] [--plot FILE]

The stages run in one thread on frames that are decoded already, C++ and numpy in turn. It prints
the medians of milliseconds of CPU a frame, and how many times as long numpy takes.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from contextlib import nullcontext
from itertools import islice
from pathlib import Path

from measuring import Row, facts, plot, ratio, write

from sinet_video import Clip, Frame, decode, native, probe
from sinet_video.models.segmenter import Segmenter
from sinet_video.pipeline.chain import Work, chained, seen
from sinet_video.pipeline.output_kind import OutputKind
from sinet_video.pipeline.report import Meter
from sinet_video.pipeline.settings import Settings
from sinet_video.stages.backgrounds import ColourBackground

TOTAL = "all"


def work_on(clip: Clip, settings: Settings = Settings()) -> Work:
    """Return the stages of a composite over green."""
    return Work(settings, clip, OutputKind("rgb", ColourBackground.parse("green")))


def milliseconds(frames: Sequence[Frame], segmenter: Segmenter, work: Work) -> dict[str, float]:
    """Return the CPU time of each stage, a frame, in milliseconds."""
    meter = Meter(time.thread_time)
    fresh = (frame.with_video(frame.video) for frame in frames)
    coarse = meter.timed("segment", seen(fresh, segmenter, work.settings))
    count = sum(1 for _ in chained(coarse, work, meter))
    spent = {name: 1000 * each / count for name, each in meter.own().items()}
    return spent | {TOTAL: sum(spent.values())}


def main() -> None:
    """Measure, print and write what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clip", type=Path)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    clip = probe(given.clip)
    frames = list(islice(decode(clip), given.frames))
    work = work_on(clip)
    segmenter = work.settings.load()
    milliseconds(frames[:5], segmenter, work)
    took = []
    for _ in range(given.rounds):
        for switch in (nullcontext, native.numpy_only):
            with switch():
                took.append(milliseconds(frames, segmenter, work))
    rows = [_row(name, took[::2], took[1::2]) for name in took[0]]
    for row in rows:
        print(row)
    told = facts(
        size=f"{clip.width}x{clip.height}", frames=len(frames), rounds=given.rounds,
        unit="milliseconds of CPU a frame", arithmetic=native.described(),
    )  # fmt: skip
    write(given.json, "Stages", told, rows)
    plot(given.plot, rows, "stage", ["C++", "numpy"], "ms of CPU a frame")


def _row(name: str, fast: list[dict[str, float]], slow: list[dict[str, float]]) -> Row:
    return {
        "stage": name,
        "C++": round(statistics.median(each[name] for each in fast), 2),
        "numpy": round(statistics.median(each[name] for each in slow), 2),
        "ratio": ratio([(s[name], f[name]) for s, f in zip(slow, fast, strict=True)]),
    }


if __name__ == "__main__":
    main()
