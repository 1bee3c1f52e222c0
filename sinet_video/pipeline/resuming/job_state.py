"""What is noted of an unfinished job, as JSON with a checksum, and how a frame is recognised."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from sinet_video.errors import InputError
from sinet_video.media.frame import Frame
from sinet_video.pipeline.outputs import Made

FORMAT = 3
"""Version of the stored state; increase it when the state is no longer readable."""


@dataclass(frozen=True)
class SegmentBoundary:
    """What resuming needs to know about the end of a finished segment.

    Attributes:
        first: time of the very first frame, in the output.
        pts: pts of the segment's last frame, in the output.
        end: time at which that frame ends.
        checksums: pts and checksum of its last frames, as decoded.
        tally: the counts of `concealment.Tally`.
    """

    first: Fraction
    pts: int
    end: Fraction
    checksums: list[tuple[int, int]]
    tally: dict[str, Any]

    def plain(self) -> dict[str, Any]:
        """Return it in a form that JSON can hold."""
        return {**asdict(self), "first": str(self.first), "end": str(self.end)}

    @classmethod
    def parse(cls, plain: dict[str, Any]) -> SegmentBoundary:
        """Return the boundary that `plain` was made from."""
        checksums = [(pts, checksum) for pts, checksum in plain["checksums"]]
        times = {name: Fraction(plain[name]) for name in ("first", "end")}
        return cls(**{**plain, **times, "checksums": checksums})


@dataclass(frozen=True)
class JobState:
    """Everything known about a job: its finished segments, and the number of frames in each.

    `complete` means that there are no more segments, `made` that only renaming is left to do.
    """

    job: dict[str, str]
    segments: list[tuple[int, int]] = field(default_factory=list)
    seam: SegmentBoundary | None = None
    complete: bool = False
    made: Made | None = None
    checksums: dict[str, str] = field(default_factory=dict)
    """Of what is kept, by its name."""
    places: dict[str, str] = field(default_factory=dict)
    """What the files that are made are to be called, seen from the output's folder."""

    @property
    def frames(self) -> int:
        """Number of finished frames."""
        return sum(frames for _, frames in self.segments)

    def text(self) -> str:
        """Return it as JSON."""
        plain = {
            "format": FORMAT,
            "job": self.job,
            "segments": self.segments,
            "seam": self.seam and self.seam.plain(),
            "complete": self.complete,
            "made": self.made and asdict(self.made),
            "checksums": self.checksums,
            "places": self.places,
        }
        return json.dumps({**plain, "checksum": seal(plain)}, indent=1)

    @classmethod
    def parse(cls, text: str) -> JobState:
        """Parse the result of `text`.

        Raises `ValueError`, `KeyError` or `TypeError` for anything else.
        """
        plain = json.loads(text)
        if plain.pop("checksum") != seal(plain):
            raise ValueError("its checksum does not agree")
        if plain.pop("format") != FORMAT:
            raise ValueError("it was written by another version")
        seam, made = plain.pop("seam"), plain.pop("made")
        segments = [(number, frames) for number, frames in plain.pop("segments")]
        return cls(
            **plain,
            segments=segments,
            seam=seam and SegmentBoundary.parse(seam),
            made=made and Made(**made),
        )


def seal(plain: dict[str, Any]) -> str:
    """Return the checksum of what is noted."""
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def checksum(frame: Frame) -> int:
    """Return a checksum of a frame's samples."""
    found = 0
    for plane in frame.planes:
        found = zlib.crc32(np.ascontiguousarray(plane).data, found)
    return found


def recognised(frames: Iterator[Frame], seam: SegmentBoundary, last: deque[Frame]) -> bool:
    """Read up to the last frame that a seam remembers, and return whether all of them match.

    The last frames read are put into `last`, and must fill it.
    """
    checksums = list(seam.checksums)
    try:
        while checksums and (frame := next(frames, None)) is not None:
            last.append(frame)
            if frame.pts < checksums[0][0]:
                continue
            if checksums.pop(0) != (frame.pts, checksum(frame)):
                return False
    except InputError:
        return False
    return not checksums and len(last) == last.maxlen
