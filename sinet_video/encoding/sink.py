"""The interface of all sinks: they leave a complete output, or none."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from sinet_video.containers.codecs import Content
from sinet_video.encoding.audio import AudioResult
from sinet_video.encoding.plan import Plan
from sinet_video.media.frame import Matte
from sinet_video.publish import Publication


class Sink(ABC):
    """Where mattes are written. A context manager.

    On a normal exit the complete output appears under its name; after an error nothing is left.
    `content` says what is written of each matte: its frame ("rgb"), its frame with alpha ("rgba"),
    or its alpha as gray ("alpha"). Errors in writing raise `OutputError`.
    """

    content: Content
    plan: Plan
    warnings: list[str]
    audio: AudioResult = "none"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self.abandon()
            return
        try:
            self.finish()
            with Publication() as publication:
                self.publish(publication)
        except BaseException:
            self.abandon()
            raise

    @abstractmethod
    def write(self, matte: Matte) -> None:
        """Write one matte; its pts must be later than the last one's.

        Alpha must be at the frame's size, (H, W) in [0, 1]. Raises `OutputError`.
        """

    @abstractmethod
    def finish(self) -> None:
        """Write what is left; the output is whole then, and hidden."""

    @abstractmethod
    def publish(self, publication: Publication) -> None:
        """Give the output its name."""

    @abstractmethod
    def abandon(self) -> None:
        """Leave nothing."""
