"""What a stage remembers from one frame to the next, declared beside the stage.

A resumed job must give the same bytes as one that was never interrupted. `pipeline.resuming`
therefore has to restore what each stage would have remembered, and asks `memory_of`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from sinet_video.media.frame import Frame

PartOf = Callable[[Frame], int]
"""Returns the number of the part of a job that a frame belongs to; parts come in order."""

Stage = TypeVar("Stage", bound=Callable[..., Any])


@dataclass(frozen=True)
class Memory:
    """How far back a stage remembers.

    Attributes:
        reach: "nothing", if a frame's result depends on that frame and its time alone; "part", if
            the stage forgets everything at the start of each part of a job, as `follow` does by
            `part_of`; "recent", if the alphas of a few earlier frames are enough to continue;
            "everything", if it needs all earlier frames.
        frames: how many earlier frames, if `reach` is "recent".
        alphas: whether these are the alphas that the stage takes or those that it gives.
    """

    reach: Literal["nothing", "part", "recent", "everything"]
    frames: int = 0
    alphas: Literal["taken", "given"] = "taken"


NOTHING, PART, EVERYTHING = Memory("nothing"), Memory("part"), Memory("everything")

_DECLARED: dict[Callable[..., Any], Memory | Callable[..., Memory]] = {}


def remembers(memory: Memory | Callable[..., Memory]) -> Callable[[Stage], Stage]:
    """Declare what a stage remembers, or give a function that derives it from the settings."""

    def declare(stage: Stage) -> Stage:
        _DECLARED[stage] = memory
        return stage

    return declare


def memory_of(stage: Callable[..., Any], *settings: object) -> Memory:
    """Return what a stage remembers with these settings.

    Raises `TypeError` for a stage that does not declare it.
    """
    declared = _DECLARED.get(stage)
    if declared is None:
        raise TypeError(
            f"{stage.__qualname__} does not declare what it remembers; decorate it with "
            "sinet_video.stages.memory.remembers."
        )
    return declared if isinstance(declared, Memory) else declared(*settings)
