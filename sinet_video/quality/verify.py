"""Verification of a result: complete, in time, with the right colours, in sync with its source."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import zip_longest

from sinet_video.decoding.access import Source, StrPath
from sinet_video.decoding.clip import Clip, from_zero
from sinet_video.decoding.concealment import Tally
from sinet_video.decoding.decode import decode
from sinet_video.decoding.probe import probe
from sinet_video.errors import InputError, SettingError
from sinet_video.media.frame import Frame
from sinet_video.media.time_range import TimeRange
from sinet_video.quality import checks, completeness
from sinet_video.quality.alpha_statistics import Transparency
from sinet_video.quality.audio_timing import AudioReport, measure_audio
from sinet_video.quality.checks import Check, Timing, Wanted, in_seconds
from sinet_video.quality.completeness import Beside
from sinet_video.quality.playback import (
    MILLISECOND,
    PlayedFrame,
    VideoProperties,
    strict_decode,
    video_properties,
)
from sinet_video.quality.verification import Verification

CHECKS = (
    "whole", "order", "alpha", "alpha mode", "frames", "times", "length", "size",
    "rotation", "pixel aspect", "colour", "audio tracks", "audio start", "audio length",
    "captions", "other streams", "chapters", "tags",
)  # fmt: skip
"""The names of all checks, in report order."""


def verify(
    file: StrPath | Source,
    source: StrPath | Source | None = None,
    *,
    span: TimeRange = TimeRange(),
    alpha_mode: Wanted | None = None,
    skip: Collection[str] = (),
) -> Verification:
    """Decode a result to its end and check it, alone or against its source.

    `file` is a video, a folder of PNGs, TIFFs or EXRs with timestamps.txt, or a pattern such as
    out/%05d.png. Both files are decoded once, side by side, in constant memory. `span` is the part
    of the source that the result was made from, `alpha_mode` the alpha that it should have, and
    `skip` names checks (of `CHECKS`) to leave out. Pass a `Source` to choose one of its videos, and
    to say what else it may access. Times must equal the source's exactly or, if time bases differ,
    to the nearest tick of the coarser one.

    Raises `InputError` if the result has nothing to play or the source is damaged. A result that is
    damaged further on fails the check "whole". Raises `SettingError` for an unknown check.
    """
    _check_settings(source, span, skip)
    file = Source.of(file)
    look = video_properties(file)
    theirs = video_properties(source) if source is not None else None
    clip = from_zero(probe(source).within(span)) if source is not None else None
    seen = _Seen(look, theirs)
    played = seen.until_damage(strict_decode(file))
    tally = Tally()
    frames = iter(()) if clip is None else decode(clip, tally=tally)
    for shown, frame in zip_longest(played, frames):
        seen.note(shown, frame)
    audio, heard = _measured_audio(look, file, clip)
    checks = seen.checks(audio, heard, alpha_mode)
    if clip is not None and not look.is_image_sequence:
        checks += _complete(file, clip, seen.beside, Beside(tally.captioned, set(tally.beside)))
    return Verification(
        file=file.located,
        source=clip.path if clip is not None else None,
        properties=replace(look, pixel_format=seen.pixel_format),
        timing=seen.mine.timing,
        alpha=seen.transparency.figures(),
        audio=audio.tracks,
        checks=tuple(check for check in checks if check.name not in skip),
    )


def _check_settings(
    source: StrPath | Source | None, span: TimeRange, skip: Collection[str]
) -> None:
    if source is None and span != TimeRange():
        raise SettingError("Start and end are of the source; give it as well.")
    unknown = sorted(set(skip) - set(CHECKS))
    if unknown:
        raise SettingError(f"There is no check {unknown[0]!r}; there are {', '.join(CHECKS)}.")


def _measured_audio(
    look: VideoProperties, file: Source, clip: Clip | None
) -> tuple[AudioReport, AudioReport]:
    if look.is_image_sequence:
        return AudioReport(), AudioReport()
    mine = measure_audio(file)
    return mine, AudioReport() if clip is None else measure_audio(clip)


def _complete(file: Source, theirs: Clip, beside: Beside, wanted: Beside) -> list[Check]:
    mine, span = probe(file), theirs.span
    whole = span.start is None and span.end is None
    part = Check("chapters", None, "Those of a stretch are not compared.")
    return [
        completeness.captions(beside, wanted, mine.codec),
        completeness.other_streams(mine, theirs),
        completeness.chapters(mine, theirs) if whole else part,
        completeness.tags(mine, theirs),
    ]


class _Seen:
    """Everything that is measured while a result and its source play side by side."""

    def __init__(self, look: VideoProperties, theirs: VideoProperties | None) -> None:
        self.look, self.theirs = look, theirs
        self.pixel_format = look.pixel_format
        self.mine, self.original = _Clock(look.end), _Clock(None)
        self.transparency, self.beside = Transparency(), Beside()
        self._times = _Times(look.tick, theirs.tick if theirs else look.tick)
        self._damage: str | None = None

    def until_damage(self, played: Iterator[PlayedFrame]) -> Iterator[PlayedFrame]:
        """Pass frames on, and end where the file is damaged."""
        try:
            yield from played
        except InputError as error:
            self._damage = error.message

    def note(self, shown: PlayedFrame | None, frame: Frame | None) -> None:
        """Take a frame of the result and one of the source; None after the end of either."""
        if shown is not None:
            self.pixel_format = shown.video.format.name
            self.mine.note(shown.time, shown.duration)
            self.transparency.note(shown.video)
            self.beside.note(shown.video)
        if frame is not None:
            self.original.note(frame.time, frame.duration * frame.time_base)
        if shown is not None and frame is not None:
            self._times.note(shown.time, frame.time)

    def checks(self, audio: AudioReport, heard: AudioReport, wanted: Wanted | None) -> list[Check]:
        """Return all checks that can be made."""
        timing, figures = self.mine.timing, self.transparency.figures()
        made = [
            _whole(self._damage or audio.damage),
            self.mine.order(),
            checks.alpha(self.look, timing.frames, figures),
        ]
        if wanted is not None:
            made.append(checks.alpha_mode(self.look, figures, wanted))
        if self.theirs is None:
            return made
        return [*made, *self._compared(self.theirs, audio, heard)]

    def _compared(
        self, theirs: VideoProperties, audio: AudioReport, heard: AudioReport
    ) -> list[Check]:
        look, mine, original = self.look, self.mine.timing, self.original.timing
        made = [
            checks.frames(mine, original),
            self._times.check(),
            checks.length(mine, original, self._times.slack),
            checks.size(look, theirs),
            checks.rotation(look, theirs),
            checks.pixel_aspect(look, theirs),
            checks.colour(look, theirs),
        ]
        if look.is_image_sequence:
            return made
        lag = (mine.first or Fraction(0)) - (original.first or Fraction(0))
        return [*made, *checks.audio(audio.tracks, heard.tracks, lag)]


def _whole(damage: str | None) -> Check:
    return Check("whole", damage is None, damage or "Played to its end.")


class _Clock:
    """Collects a `Timing`, and the first frame that is not later than the one before."""

    def __init__(self, end: Fraction | None) -> None:
        self.timing = Timing()
        self._said_end = end
        self._fault: str | None = None

    def note(self, time: Fraction | None, duration: Fraction) -> None:
        """Take a frame's time and duration."""
        before = self.timing
        number = before.frames + 1
        self._fault = self._fault or _disorder(number, before.last, time)
        end = time + duration if time is not None and duration else None
        first = before.first if before.frames else time
        self.timing = Timing(number, first, time, self._said_end or end)

    def order(self) -> Check:
        """Return whether times are strictly increasing."""
        return Check("order", not self._fault, self._fault or "Each frame is later than the last.")


def _disorder(number: int, before: Fraction | None, time: Fraction | None) -> str | None:
    if time is None:
        return f"Frame {number} has no time."
    if before is None or time > before:
        return None
    return (
        f"Frame {number} is at {in_seconds(time)}, which is not later than the one before it, at "
        f"{in_seconds(before)}."
    )


class _Times:
    """Compares times with the source's, frame by frame."""

    def __init__(self, mine: Fraction, theirs: Fraction) -> None:
        self._tick = max(mine, theirs)
        # If all of the source's ticks are ticks of the result too, nothing has to be rounded.
        self.slack = Fraction(0) if (theirs / mine).denominator == 1 else self._tick / 2
        self._count = self._off = 0
        self._first: str | None = None
        self._gaps: list[Fraction] = []
        self._last: tuple[Fraction | None, Fraction | None] = None, None

    def note(self, found: Fraction | None, wanted: Fraction) -> None:
        """Take the times of one frame."""
        self._count += 1
        gap = None if found is None else found - wanted
        crowded = self._is_crowded(found, wanted)
        self._last = (found, wanted)
        if (gap is not None and abs(gap) <= self.slack) or crowded:
            return
        self._off += 1
        if self._first is None:
            said = "no time" if found is None else in_seconds(found)
            self._first = f"number {self._count} is at {said}, not {in_seconds(wanted)}"
        if gap is not None:
            self._gaps = [min([gap, *self._gaps]), max([gap, *self._gaps])]

    def _is_crowded(self, found: Fraction | None, wanted: Fraction) -> bool:
        """Whether it comes a tick after the last, as two frames of one tick are kept apart."""
        before, asked = self._last
        if not self.slack or found is None or before is None or asked is None:
            return False
        return wanted - asked < self._tick and found - before == self._tick

    def check(self) -> Check:
        """Return whether all were equal."""
        if self._first is None:
            detail = f"All {self._count} as the source's, compared {self._how}."
            return Check("times", True, detail)
        detail = f"{self._off} of {self._count} frames are not at the source's times"
        return Check("times", False, f"{detail}: {self._shift or self._first}.")

    @property
    def _shift(self) -> str | None:
        """Return how late or early all frames are, if it is the same for all."""
        if self._off < self._count or not self._gaps or self._gaps[1] - self._gaps[0] > self.slack:
            return None
        word = "later" if self._gaps[0] > 0 else "earlier"
        return f"all are {in_seconds(abs(self._gaps[0]))} {word}"

    @property
    def _how(self) -> str:
        if not self.slack:
            return "exactly"
        return "to the millisecond" if self._tick == MILLISECOND else f"to {self._tick} s"
