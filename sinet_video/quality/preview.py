"""A visual report on a clip's matte: one image, or one web page."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from sinet_video.atomic import check_file, store, translate_write_errors
from sinet_video.checked import check_kinds
from sinet_video.decoding.access import Source, StrPath
from sinet_video.decoding.clip import Clip
from sinet_video.decoding.probe import probe
from sinet_video.errors import InputError, SettingError
from sinet_video.media.arrays import Array
from sinet_video.media.frame import Matte
from sinet_video.media.time_range import TimeRange, exact_seconds
from sinet_video.models.segmenter import Identity
from sinet_video.paths import check_apart, check_named, check_paths
from sinet_video.pipeline.chain import matte
from sinet_video.pipeline.job import Progress
from sinet_video.pipeline.settings import Settings
from sinet_video.planes.box_filter import box_mean
from sinet_video.quality.contact_sheet import sheet
from sinet_video.quality.html_report import webpage
from sinet_video.quality.image_bytes import png
from sinet_video.quality.matte_statistics import MatteStatistics
from sinet_video.quality.preview_report import Preview
from sinet_video.quality.thumbnails import (
    Checkerboard,
    CloseUp,
    Moment,
    Place,
    Spread,
    WorstBy,
    close_up,
)
from sinet_video.quality.top_k import TopK

KINDS = (".png", ".html")
SIDES = {".png": 480, ".html": 800}
"""Longer side of the stored images, in pixels."""

CLOSE_SIDE = 400
"""The same of an enlarged place."""

MOST = 60
"""Moments that may be asked for."""

APART = 0.5
"""Least seconds between two of the worst moments."""


def preview(
    source: StrPath | Source,
    output: str | Path,
    *,
    settings: Settings = Settings(),
    span: TimeRange = TimeRange(),
    moments: int = 8,
    at: Iterable[Fraction | float] = (),
    worst: int = 3,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Preview:
    """Compute a clip's mattes and write a visual report, .png or .html.

    It shows `moments` moments spread evenly and those at the times `at` (seconds on the clip's
    timeline), each as source, matte and result over a checkerboard. It plots coverage, flicker and
    uncertainty over time (see `FrameStatistics`), and shows the `worst` moments for flicker and for
    uncertainty, enlarged where they are worst. The clip is read once; memory grows only by 32 bytes
    per frame. An .html file needs no other files and no network.

    The output appears whole or not at all. Raises `InputError`, `OutputError`, `SettingError` or
    `WeightsError`.
    """
    check_named(input=source)
    check_paths(output=output)
    check_kinds(settings=(settings, Settings), span=(span, TimeRange))
    source, output = settings.clip_source(source), Path(output)
    reads = settings.reads() | {"input": Path(source.path)}
    check_apart({"report": output}, reads)
    kind = _checked(output, moments, worst, overwrite=overwrite)
    clip = probe(source).within(span)
    segmenter = settings.load(still=clip.is_still)
    wanted = _Wanted(
        clip, SIDES[kind], Spread(moments), sorted(exact_seconds("at", time) for time in at), worst
    )
    network: deque[Matte] = deque()
    loaded = replace(settings, segmenter=segmenter)
    mattes = matte(clip, settings=loaded, watch=network.append)
    with closing(mattes):
        for count, each in enumerate(mattes, 1):
            wanted.take(each, network.popleft().alpha)
            if progress:
                progress(count, clip)
    found = wanted.found(Identity.of(segmenter).weights)
    _write(output, kind, found, overwrite=overwrite)
    return found


def _checked(output: Path, moments: int, worst: int, *, overwrite: bool) -> str:
    """Return the kind of report, after checking that it can be written."""
    kind = output.suffix.lower()
    if kind not in KINDS:
        raise SettingError(f"{output} is not a report; it must end in {' or '.join(KINDS)}.")
    for name, value in (("moments", moments), ("worst moments", worst)):
        if not 0 <= value <= MOST:
            raise SettingError(f"The number of {name} is {value}; it must be from 0 to {MOST}.")
    check_file(output, overwrite=overwrite)
    return kind


def _write(output: Path, kind: str, found: Preview, *, overwrite: bool) -> None:
    # Names need not be Unicode, and pages must be.
    page = "" if kind == ".png" else webpage(found)
    data = png(sheet(found)) if kind == ".png" else page.encode(errors="backslashreplace")
    with translate_write_errors(output):
        store(output, data, overwrite=overwrite)


class _Wanted:
    """Takes mattes one by one, measures them, and keeps the moments to show."""

    def __init__(
        self,
        clip: Clip,
        side: int,
        spread: Spread[Moment],
        at: list[Fraction],
        worst: int,
    ) -> None:
        self._clip, self._side = clip, side
        self._spread, self._at, self._count = spread, deque(at), worst
        self._asked: list[Moment] = []
        # Twice as many as are shown, as some will be too close to others.
        self._flicker, self._doubt = TopK[CloseUp](2 * worst), TopK[CloseUp](2 * worst)
        self._judge, self._board = MatteStatistics(), Checkerboard()
        self._figures = self._judge.figures
        self._check_end()

    def _check_end(self) -> None:
        """Reject a moment past the end before any work is done, if the file says how long it is."""
        clip = self._clip
        if self._at and clip.end is not None and self._at[-1] >= clip.end * clip.time_base:
            raise _no_frame_at(self._at[-1], float(clip.end * clip.time_base))

    def take(self, matte: Matte, network: Array) -> None:
        """Take the next matte, and the network's own alpha, (h, w)."""
        time = matte.time + self._clip.span.shift
        before = self._judge.before
        changed = self._judge.take(float(time), matte, network)
        self._keep(time, matte)
        self._offer_flicker(float(time), matte, before, changed)
        self._offer_doubt(float(time), matte, network)

    def _keep(self, time: Fraction, matte: Matte) -> None:
        made: list[Moment] = []

        def make() -> Moment:
            # Both statistics may want the same one.
            if not made:
                made.append(Moment.of(float(time), matte, self._side, self._board))
            return made[0]

        self._spread.offer(make)
        end = time + matte.frame.duration * matte.frame.time_base
        while self._at and self._at[0] < max(end, time + Fraction(1, 10**6)):
            self._at.popleft()
            if make() not in self._asked:
                self._asked.append(make())

    def _offer_flicker(
        self, time: float, matte: Matte, before: Matte | None, changed: Array
    ) -> None:
        value = self._figures.flicker[-1]
        if before is None or not value:
            return
        others = (("matte before", before.alpha),)
        self._flicker.offer(
            int(time),
            value,
            lambda: self._close_up("flicker", time, value, matte, others, changed),
        )

    def _offer_doubt(self, time: float, matte: Matte, network: Array) -> None:
        value = self._figures.uncertainty[-1]
        if not value:
            return
        others, doubt = (("network", network),), 1 - np.abs(2 * network - 1)
        self._doubt.offer(
            int(time),
            value,
            lambda: self._close_up("uncertainty", time, value, matte, others, doubt),
        )

    def _close_up(
        self,
        kind: WorstBy,
        time: float,
        value: float,
        matte: Matte,
        others: tuple[tuple[str, Array], ...],
        bad: Array,
    ) -> CloseUp:
        place = Place.worst_of(box_mean(bad.astype(np.float32), 3))
        panels = close_up(matte, others, place, CLOSE_SIDE, self._board)
        return CloseUp(kind, time, value, panels)

    def found(self, weights: str) -> Preview:
        """Return the results. Raises `InputError` or `SettingError` for missing moments."""
        if not self._figures.times:
            raise InputError(f"No frame came of {self._clip.path} in that stretch.")
        if self._at:
            raise _no_frame_at(self._at[0], self._figures.times[-1])
        moments = {moment.time: moment for moment in [*self._spread.chosen(), *self._asked]}
        worst = [*_apart(self._flicker, self._count), *_apart(self._doubt, self._count)]
        ordered = tuple(moments[time] for time in sorted(moments))
        return Preview(self._clip, weights, self._figures, ordered, tuple(worst))


def _no_frame_at(time: Fraction, end: float) -> SettingError:
    return SettingError(
        f"There is no frame at {float(time):g} s; the last is at {end:g} s or before, so give "
        "earlier times."
    )


def _apart(worst: TopK[CloseUp], count: int) -> list[CloseUp]:
    """Return the worst moments that are not next to a worse one."""
    kept: list[CloseUp] = []
    for each in worst:
        if all(abs(each.time - other.time) >= APART for other in kept):
            kept.append(each)
    return kept[:count]
