"""One film over many machines: each makes a share of its segments, and `join` puts them together.

A share begins to read a segment early. That warms up all that remembers earlier frames: people are
searched for anew in each segment, and smoothing reaches back only a few frames. What remembers more
cannot be shared, and is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path
from types import TracebackType

from sinet_video.atomic import LONGEST_NAME, PARTS, shortened, store
from sinet_video.checked import check_kinds
from sinet_video.containers.formats import container_of
from sinet_video.decoding.access import Source, StrPath
from sinet_video.decoding.clip import Clip, from_zero
from sinet_video.decoding.concealment import Tally
from sinet_video.errors import InputError, OutputError, SettingError
from sinet_video.media.frame import Frame, Matte
from sinet_video.media.time_range import TimeRange
from sinet_video.pipeline.chain import Work, clip_of, remembering
from sinet_video.pipeline.outputs import Made, Output, Read
from sinet_video.pipeline.resuming.job_state import checksum
from sinet_video.pipeline.resuming.segments import OVERLAP, Segments
from sinet_video.pipeline.resuming.settings import Resume
from sinet_video.pipeline.settings import Settings
from sinet_video.pipeline.shard import Shard
from sinet_video.publish import Publication
from sinet_video.stages.backgrounds import VideoBackground
from sinet_video.stages.memory import memory_of
from sinet_video.stages.smooth import smooth

ROOM = 24
"""Bytes for the dots and for which share it is of how many."""

WARM_UP = "warmup"
"""What the checksums of the frames before a share are called in its folder."""


@dataclass(frozen=True)
class PlannedShare:
    """One machine's share of a film.

    Attributes:
        shard: which of how many.
        segments: the numbers of its segments.
        start, end: when it begins and ends, in seconds of the result; the last goes on to the end.
        reads_from: from when on frames are read and segmented, to warm up.
    """

    shard: Shard
    segments: range
    start: Fraction
    end: Fraction
    reads_from: Fraction


def plan(
    source: StrPath | Source,
    shares: int,
    *,
    settings: Settings = Settings(),
    span: TimeRange = TimeRange(),
    resume: Resume = Resume(),
) -> list[PlannedShare]:
    """Return what each of so many machines is to make of a film.

    Raises `InputError` for a film whose length its file does not say, and `SettingError` if there
    are fewer segments than shares.
    """
    check_kinds(settings=(settings, Settings), span=(span, TimeRange), resume=(resume, Resume))
    clip = from_zero(clip_of(source, settings, span))
    return [_planned(clip, shard, resume) for shard in Shard.all(shares)]


def _planned(clip: Clip, shard: Shard, resume: Resume) -> PlannedShare:
    seconds = Fraction(resume.seconds)
    numbers = segments_of_share(clip, seconds, shard)
    before = max(0, numbers.start - 1)
    ends = min(numbers.stop * seconds, Fraction(length_of(clip)).limit_denominator(1000))
    return PlannedShare(shard, numbers, numbers.start * seconds, ends, before * seconds)


def segments_of_share(clip: Clip, seconds: Fraction, shard: Shard) -> range:
    """Return the numbers of a share's segments, by the length that the clip's file states.

    Raises `SettingError` if there are fewer segments than shares.
    """
    total = segments_in(clip, seconds)
    if shard.count > total:
        raise SettingError(
            f"{clip.path} cannot be divided into {shard.count} parts: of its segments of "
            f"{float(seconds):g} s there {'is' if total == 1 else 'are'} {total}. Ask for fewer "
            "parts, or for shorter segments."
        )
    return shard.segments(total)


def segments_in(clip: Clip, seconds: Fraction) -> int:
    """Return about how many segments a clip has. Raises `InputError` if its file does not say."""
    return max(1, ceil(length_of(clip) / float(seconds)))


def length_of(clip: Clip) -> float:
    """Return the seconds of a clip's stretch. Raises `InputError` if its file does not say."""
    if clip.duration is None:
        raise InputError(f"{clip.path} does not say how long it is, so it cannot be divided.")
    return clip.span.length_within(clip.duration)


def share_path(output: Path, shard: Shard) -> Path:
    """Return the name after which the folder of a share is named."""
    return output.with_name(f"{shared_name(output)}.{shard.index}-of-{shard.count}")


def shared_name(output: Path) -> str:
    """Return what the shares' names of an output begin with; a long name is cut.

    Otherwise their folders' names would be, and no longer say which share of how many it is.
    """
    return shortened(output.name, LONGEST_NAME - len(PARTS) - ROOM)


def share_of(
    work: Work, outputs: list[Output], job: dict[str, str], resume: Resume, *, overwrite: bool
) -> ShareSegments:
    """Return where a share of a job is written. Raises `SettingError` for what cannot be shared."""
    check_shareable(work, outputs)
    return ShareSegments(work, outputs, job, resume, overwrite=overwrite)


def check_shareable(work: Work, outputs: list[Output]) -> None:
    """Raise `SettingError` for what remembers more than a share's warm-up."""
    reasons = [f"the stage {name!r} remembers all earlier frames" for name in remembering(work)]
    if work.plate is not None:
        reasons.append("the parts of two layers cannot be put together")
    smoothing = work.settings.smoothing
    if smoothing is not None and memory_of(smooth, smoothing).alphas == "given":
        reasons.append("this smoothing remembers all earlier frames (that by a window does not)")
    if isinstance(work.look.background, VideoBackground):
        reasons.append("a video background goes on from where it was")
    if any(container_of(output.path).is_image_sequence for output in outputs):
        reasons.append("the frames of an image sequence are numbered through")
    if reasons:
        raise SettingError(
            f"This cannot be made in shares: {'; '.join(reasons)}. Convert it in one piece."
        )


def check_warm_up(work: Work, seconds: Fraction) -> None:
    """Raise `SettingError` if segments are too short to warm up, by the clip's average rate."""
    if work.clip.rate is not None:
        _check_fill(int(work.clip.rate * seconds), _reach_of(work))


def _check_fill(frames: int, reach: int) -> None:
    if frames < reach:
        raise SettingError(
            f"The {frames} frames of a segment do not fill the {reach} that are needed to warm up; "
            "ask for longer segments."
        )


def _reach_of(work: Work) -> int:
    """Return how many earlier frames smoothing looks at."""
    smoothing = work.settings.smoothing
    return 0 if smoothing is None else memory_of(smooth, smoothing).frames


class ShareSegments(Segments):
    """The segments of one share, which stay in a folder of their own until `join` takes them."""

    def __init__(
        self,
        work: Work,
        outputs: list[Output],
        job: dict[str, str],
        resume: Resume,
        *,
        overwrite: bool,
    ) -> None:
        assert resume.only is not None  # or it is no share
        super().__init__(
            outputs,
            job,
            resume,
            overwrite=overwrite,
            again=False,
            begun=lambda *_: None,
            place=share_path(outputs[0].path, resume.only),
        )
        numbers = segments_of_share(work.clip, self._seconds, resume.only)
        self._from, self._to = numbers.start, numbers.stop
        self._is_last = resume.only.index == resume.only.count
        self._reach = _reach_of(work)
        self._output = outputs[0]

    def _load_state(self) -> None:
        super()._load_state()
        self._done = max(self._done, self._from - 1)

    def frames(self, read: Read) -> Iterator[Frame]:
        """As `Writing` says: from a segment before the share, or from where it was interrupted.

        Raises `SettingError` if that segment is too short to warm up.
        """
        if self._from == 0 or self._kept.finished.segments:
            yield from super().frames(read)
            return
        self._first = next(read(None, Tally())).time
        warm, before = self._from - 1, 0
        # A little before, as times in a stretch are rounded.
        since = self._first + warm * self._seconds - OVERLAP if warm else None
        for frame in read(since, self.tally):
            number = self._number_of(frame.time)
            if number < warm:
                continue
            before += number == warm
            if number > warm:
                _check_fill(before, self._reach)
            checksums = self._looks.setdefault(number, [])
            if frame.time >= self._look_start(number):
                checksums.append((frame.pts, checksum(frame)))
            yield frame

    def unfinished(self, mattes: Iterator[Matte]) -> Iterator[Matte]:
        """As `Writing` says: what is in the share; nothing is asked for after it."""
        for matte in super().unfinished(mattes):
            number = self._number_of(matte.time)
            if number >= self._to and not self._is_last:
                return
            if number >= self._from:
                yield matte

    def _start(self, number: int) -> None:
        super()._start(number)
        if (warm := self._looks.pop(self._from - 1, None)) is not None:
            store(self._kept.file(WARM_UP, number, ".json"), json.dumps(warm).encode())

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._held:
            if kind is not None:
                self._open.__exit__(kind, error, trace)

    def publish(self, publication: Publication) -> None:
        """As `Writing` says: nothing yet."""

    def _finish(self) -> None:
        if self._sinks:
            self._settle(None)
        if not self._kept.finished.segments:
            raise OutputError(f"No frame came in this share of {self._output.path}.")
        self.made = Made.planned(self._output.plan, self._output.content, warnings=[])
