"""The files of a job, opened with everything they need and written together."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

from sinet_video.containers.codecs import Content
from sinet_video.decoding.clip import Clip
from sinet_video.decoding.concealment import OnError, Tally
from sinet_video.encoding.audio import AudioResult
from sinet_video.encoding.open_sink import open_sink
from sinet_video.encoding.plan import Plan, plan
from sinet_video.encoding.settings import Encoding
from sinet_video.encoding.sink import Sink
from sinet_video.media.frame import Frame, Matte
from sinet_video.media.tiled_alpha import AlphaKind
from sinet_video.pipeline.layers import Layered
from sinet_video.publish import Publication

if TYPE_CHECKING:
    from sinet_video.pipeline.chain import Smoother

Read = Callable[[Fraction | None, Tally], Iterator[Frame]]
"""Decodes a job's frames, from a time of the output or all of them, and counts irregularities."""


@dataclass(frozen=True)
class Output:
    """One file of a job, with all arguments of `open_sink`."""

    path: Path
    clip: Clip
    content: Content
    encoding: Encoding = Encoding()
    companions: bool = False
    on_error: OnError = "stop"
    overwrite: bool = False
    is_plate: bool = False

    def shown(self, matte: Matte) -> Matte:
        """Return the layer that it gets."""
        plate = matte.plate if isinstance(matte, Layered) and self.is_plate else None
        return matte if plate is None else plate

    @property
    def plan(self) -> Plan:
        """How it is encoded."""
        return plan(self.path, self.content, self.clip.working_format, self.encoding)

    def open(self, path: Path | None = None) -> Sink:
        """Return its sink, by another name of our own if wanted."""
        return open_sink(
            path or self.path,
            self.clip,
            content=self.content,
            encoding=self.encoding,
            companions=self.companions,
            on_error=self.on_error,
            overwrite=self.overwrite or path is not None,
        )


def roles(outputs: list[Output]) -> list[str]:
    """Return what each output is to its job: "output", "matte" or "plate"."""
    return ["plate" if each.is_plate else ("output", "matte")[i] for i, each in enumerate(outputs)]


@dataclass(frozen=True)
class Made:
    """What a report says about a written file."""

    encoder: str
    pixel_format: str
    alpha: AlphaKind | Literal["none"]
    audio: AudioResult
    warnings: list[str]

    @classmethod
    def planned(
        cls, plan: Plan, content: Content, audio: AudioResult = "none", *, warnings: list[str]
    ) -> Made:
        """Return what a plan results in."""
        alpha: AlphaKind | Literal["none"] = plan.alpha if content == "rgba" else "none"
        return cls(plan.encoder, plan.pixel_format, alpha, audio, warnings)

    @classmethod
    def of(cls, sink: Sink) -> Made:
        """Return what a sink wrote; known once it is closed."""
        return cls.planned(sink.plan, sink.content, sink.audio, warnings=sink.warnings)


class Writing(ABC):
    """The files of a job while it runs; a context manager.

    Attributes:
        tally: what was out of order in the frames.
        resumed: how many of them were written before.
        end: when the last one ends, or None when none came.
        made: the first file; known when all is finished.
    """

    tally: Tally
    resumed: int = 0
    end: Fraction | None = None
    made: Made

    @abstractmethod
    def __enter__(self) -> Self: ...

    @abstractmethod
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    @abstractmethod
    def frames(self, read: Read) -> Iterator[Frame]:
        """Yield the frames to process."""

    @property
    def smoother(self) -> Smoother | None:
        """What yields smoothed mattes, as if all frames had been processed; None for `smooth`."""
        return None

    def unfinished(self, mattes: Iterator[Matte]) -> Iterator[Matte]:
        """Yield those mattes that have to be written."""
        return mattes

    @abstractmethod
    def part_of(self, frame: Frame) -> int:
        """Return the number of the part of the job that a frame is processed in."""

    @abstractmethod
    def write(self, matte: Matte) -> None:
        """Write the next matte to all files."""

    @abstractmethod
    def finish(self) -> None:
        """Write what is left: the files are whole then, and hidden."""

    @abstractmethod
    def publish(self, publication: Publication) -> None:
        """Give all files their names."""


class Whole(Writing):
    """Files that are written from beginning to end, or not at all."""

    def __init__(self, outputs: list[Output]) -> None:
        self.tally = Tally()
        self._outputs, self._stack = outputs, ExitStack()
        self._sinks: list[Sink] = []
        self._last: Frame | None = None

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for output in self._outputs:
                self._sinks.append(output.open())
                stack.callback(self._sinks[-1].abandon)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._stack.close()

    def frames(self, read: Read) -> Iterator[Frame]:
        """Yield all frames; see `Writing.frames`."""
        return read(None, self.tally)

    def part_of(self, frame: Frame) -> int:
        """Return 0, as there is only one part; see `Writing.part_of`."""
        return 0

    def write(self, matte: Matte) -> None:
        """Write the next matte; see `Writing.write`."""
        for output, sink in zip(self._outputs, self._sinks, strict=True):
            sink.write(output.shown(matte))
        self._last = matte.frame

    def finish(self) -> None:
        """As `Writing` says."""
        if self._last is not None:
            self.end = self._last.time + self._last.duration * self._last.time_base
        for sink in self._sinks:
            sink.finish()
        self.made = Made.of(self._sinks[0])

    def publish(self, publication: Publication) -> None:
        """As `Writing` says."""
        for sink in self._sinks:
            sink.publish(publication)
