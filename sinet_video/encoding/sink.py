"""What all sinks share: they leave a whole output, or none."""

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
    """Where mattes go. A context manager.

    On leaving it without an error the output appears under its name, whole; with one, nothing is
    left. What of each matte is written is `content`: its frame ("rgb"), its frame with straight
    alpha ("rgba"), or its alpha as gray ("alpha").
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
        """Take one matte; its pts must be later than the last one's."""

    @abstractmethod
    def finish(self) -> None:
        """Write what is left; the output is whole then, and hidden."""

    @abstractmethod
    def publish(self, publication: Publication) -> None:
        """Give the output its name."""

    @abstractmethod
    def abandon(self) -> None:
        """Leave nothing."""
