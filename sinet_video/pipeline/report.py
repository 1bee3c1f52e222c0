"""Reports: what a job did, and how long its stages took."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeVar

from sinet_video.decoding.clip import Clip
from sinet_video.encoding.audio import AudioResult
from sinet_video.media.tiled_alpha import AlphaKind
from sinet_video.media.time_range import TimeRange

T = TypeVar("T")


@dataclass
class Report:
    """What a job did, for people and programs.

    Attributes:
        source: what was read.
        output, matte, plate: the files that were written, or None.
        width, height: of the frames that were read, in pixels.
        frames: how many were written.
        resumed: how many of them an earlier run had finished.
        duration: of the result, in seconds.
        seconds: how long the job took.
        frames_per_second: how many frames this run did in a second.
        stages: for each stage, how many frames a second it would do alone; with several threads
            the job is faster than their sum.
        network_size: width and height at which the network saw whole frames.
        weights, runtime, device: the network's, and where it ran.
        torch_stages: the stages that ran in torch, on `device`. On a GPU they are only queued, and
            `stages` has their time as "download".
        arithmetic: what worked on the frames: "C++", or "numpy" where that was not built.
        encoder, pixel_format: libav's names of those of the output.
        alpha: whether the output's colours are straight or premultiplied; "none" without alpha.
        decontaminated: whether the old background's colour was taken out of the edge.
        audio: what was done with the audio.
        lost: frames that could not be decoded.
        repeated: frames that were not later than the one before.
        untimed: frames without a time.
        resized: frames of another size than the first.
        warnings: sentences for the user.
    """

    source: str
    output: str
    matte: str | None
    plate: str | None = None
    width: int = 0
    height: int = 0
    frames: int = 0
    resumed: int = 0
    duration: float = 0.0
    seconds: float = 0.0
    frames_per_second: float = 0.0
    stages: dict[str, float] = field(default_factory=dict)
    network_size: tuple[int, int] | None = None
    weights: str = ""
    runtime: str = ""
    device: str = ""
    torch_stages: list[str] = field(default_factory=list)
    arithmetic: str = ""
    encoder: str = ""
    pixel_format: str = ""
    alpha: AlphaKind | Literal["none"] = "none"
    decontaminated: bool = False
    audio: AudioResult = "none"
    lost: int = 0
    repeated: int = 0
    untimed: int = 0
    resized: int = 0
    warnings: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return asdict(self)

    def to_json(self) -> str:
        """Return it as JSON, for programs."""
        return json.dumps(self.to_dict(), indent=2)


def expected_frames(clip: Clip, span: TimeRange) -> int | None:
    """Return about how many frames there will be, or None when nobody knows."""
    total = clip.frames
    if total is None and clip.duration and clip.rate:
        total = round(clip.duration * float(clip.rate))
    if total is None or not clip.duration:
        return total
    return round(total * span.length_within(clip.duration) / clip.duration)


class Meter:
    """Time spent in each stage of a chain of iterators that run in one thread, by a clock."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._spent: dict[str, float] = {}

    def timed(self, name: str, items: Iterable[T]) -> Generator[T]:
        """Pass items through, measuring how long each took including the stages before it."""
        self._spent[name] = 0.0  # here and not in the generator, which would start out of order
        return self._passed(name, iter(items))

    def _passed(self, name: str, iterator: Iterator[T]) -> Generator[T]:
        try:
            while True:
                start = self._clock()
                try:
                    item = next(iterator)
                except StopIteration:
                    return
                finally:
                    self._spent[name] += self._clock() - start
                yield item
        finally:
            if isinstance(iterator, Generator):
                iterator.close()

    def own(self) -> dict[str, float]:
        """Return each stage's seconds without those of the stages before it."""
        before = [0.0, *self._spent.values()]
        return {name: t - b for (name, t), b in zip(self._spent.items(), before, strict=False)}
