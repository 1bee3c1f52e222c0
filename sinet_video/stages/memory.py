"""What a stage takes and what it remembers from one frame to the next, declared beside the stage.

A resumed job must give the same bytes as one that was never interrupted. `pipeline.resuming`
therefore has to restore what each stage would have remembered, and asks `memory_of`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import wraps
from inspect import signature
from typing import Any, Literal, TypeVar, cast

from sinet_video.errors import SettingError
from sinet_video.media.frame import Frame, Matte
from sinet_video.planes.scene_change import Coarse, is_cut

PartOf = Callable[[Frame], int]
"""Returns the number of the part of a job that a frame belongs to; parts come in order."""


class Shots:
    """Tells when to forget earlier frames: at a cut, and where a part of a job begins."""

    def __init__(self, part_of: PartOf | None = None) -> None:
        self._part_of = part_of
        self._before: Coarse | None = None
        self._part = 0

    def begins(self, frame: Frame, luma: Coarse) -> bool:
        """Whether the next frame is the first of a shot or a part; `luma` is the frame, coarse."""
        before, part = self._before, self._part
        self._before, self._part = luma, self._part_of(frame) if self._part_of else 0
        return before is None or part != self._part or is_cut(before, luma)


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


def remembers(
    memory: Memory | Callable[..., Memory], *, takes: type[Frame] | type[Matte] = Matte
) -> Callable[[Stage], Stage]:
    """Declare what a stage remembers, or give a function that derives it from the settings.

    The first argument of a stage is what it `takes`; it raises `SettingError` for anything else.
    """

    def declare(stage: Stage) -> Stage:
        first = next(iter(signature(stage).parameters))

        @wraps(stage)
        def checked(*given: Any, **named: Any) -> Any:
            if first in named:
                named[first] = _only(named[first], takes, stage.__name__)
            elif given:
                given = _only(given[0], takes, stage.__name__), *given[1:]
            return stage(*given, **named)

        _DECLARED[checked] = memory
        return cast(Stage, checked)

    return declare


_TAKEN = {
    Frame: "frames, such as those of decode(path)",
    Matte: "mattes, such as those of segment(frames, segmenter) or matte(path)",
}


def _only(items: Any, kind: type[Any], stage: str) -> Iterator[Any]:
    """Yield what a stage takes. Raises `SettingError` for anything else."""
    if not isinstance(items, Iterable) or isinstance(items, str | bytes):
        came = repr(items) if isinstance(items, str) else f"of the type {type(items).__name__}"
        raise SettingError(f"{stage} takes {_TAKEN[kind]}; what came is {came}.")
    for item in items:
        if not isinstance(item, kind):
            raise SettingError(
                f"{stage} takes {_TAKEN[kind]}; one of what came is of the type "
                f"{type(item).__name__}."
            )
        yield item


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
