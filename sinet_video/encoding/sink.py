"""What all sinks share: they leave a whole output, or none."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from sinet_video.containers.codecs import Content
from sinet_video.encoding.audio import AudioResult
from sinet_video.encoding.plan import Plan
from sinet_video.media.frame import Matte


class Sink(ABC):
    """Where mattes go. A context manager.

    On leaving it without an error the output appears under its name, whole; with one, nothing is
    left. What of each matte is written is `content`: its frame ("opaque"), its frame with straight
    alpha ("alpha"), or its alpha as gray ("matte").
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
        try:
            if kind is None:
                self._finish()
        except BaseException:
            self._abandon()
            raise
        if kind is not None:
            self._abandon()

    @abstractmethod
    def write(self, matte: Matte) -> None:
        """Take one matte; its pts must be later than the last one's."""

    @abstractmethod
    def _finish(self) -> None:
        """Write what is left and give the output its name."""

    @abstractmethod
    def _abandon(self) -> None:
        """Leave nothing."""
