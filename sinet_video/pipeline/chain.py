"""The flow from a clip's frames to its mattes: the stages, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal, get_args

from sinet_video.containers.codecs import CODECS, Content
from sinet_video.containers.formats import container_of
from sinet_video.decoding.access import Allow
from sinet_video.decoding.clip import Clip
from sinet_video.decoding.decode import decode
from sinet_video.decoding.probe import probe
from sinet_video.encoding.plan import Encoding
from sinet_video.errors import SettingError
from sinet_video.media.frame import Frame, Matte
from sinet_video.media.time_range import TimeRange
from sinet_video.models.segmenter import Segmenter
from sinet_video.pipeline.report import Meter
from sinet_video.pipeline.settings import Settings
from sinet_video.prefetch import prefetch
from sinet_video.stages.backgrounds import ColourBackground, Fit, VideoBackground, parse_background
from sinet_video.stages.chroma_key import Screened, key
from sinet_video.stages.clean_regions import RegionFilter, filter_regions
from sinet_video.stages.composite import Background, composite, foreground
from sinet_video.stages.decontaminate import decontaminate, edge_colours
from sinet_video.stages.despill import Despill, despill
from sinet_video.stages.drawn_mattes import apply_drawn_mattes
from sinet_video.stages.edge import EdgeShape, shape_edge
from sinet_video.stages.follow import PartOf, follow
from sinet_video.stages.refine import refine
from sinet_video.stages.segment import segment
from sinet_video.stages.smooth import Smoothing, smooth
from sinet_video.stages.source_alpha import apply_source_alpha

DEPTH = 4
"""Pictures that wait between two threads: enough to even out, few enough to stay small."""


Smoother = Callable[[Iterator[Matte], Smoothing], Iterator[Matte]]

Watch = Callable[[Matte], None]
"""Called with each of the network's own mattes, on its coarse grid, before anything is made of it.
"""


def matte(
    source: Clip | str | Path,
    *,
    settings: Settings = Settings(),
    span: TimeRange = TimeRange(),
    watch: Watch | None = None,
) -> Generator[Matte]:
    """Yield a matte for every picture of a clip: lazily, in order, in constant memory.

    Alpha has the picture's size, (H, W) float32 in [0, 1]. Decoding runs ahead in a thread, which
    ends when the iterator is exhausted or closed. Raises `InputError` for a file that is no video,
    before the first matte. `watch` sees the network's coarse mattes, in the same order.
    """
    clip = source if isinstance(source, Clip) else probe(source, allow=settings.allow)
    settings.check(clip)
    segmenter = settings.load()
    pictures = decode(clip, span, deinterlace=settings.deinterlace, on_error=settings.on_error)
    frames = prefetch(pictures, DEPTH, name="decode")
    return _matted(frames, segmenter, settings, clip, span, watch)


def _matted(
    frames: Generator[Frame],
    segmenter: Segmenter,
    settings: Settings,
    clip: Clip,
    span: TimeRange,
    watch: Watch | None,
) -> Generator[Matte]:
    with closing(frames):
        coarse = seen(frames, segmenter, settings)
        looked_at = _watched(coarse, watch) if watch else coarse
        yield from chained(looked_at, settings, Meter(), clip, span, smooth)


def _watched(mattes: Iterator[Matte], watch: Watch) -> Iterator[Matte]:
    for matte in mattes:
        watch(matte)
        yield matte


def _first_time(clip: Clip, span: TimeRange) -> Fraction:
    """Return when the clip's first picture is shown, in the times of the stretch."""
    return clip.start * clip.time_base - span.shift


def chained(
    coarse: Iterator[Matte],
    settings: Settings,
    meter: Meter,
    clip: Clip,
    span: TimeRange,
    smoother: Smoother,
    screened: Screened | None = None,
) -> Generator[Matte]:
    """Chain the stages from a clip's coarse mattes to full-size ones, but those without effect."""
    steady = meter.timed("smooth", smoother(coarse, settings.smoothing))
    if settings.regions != RegionFilter():
        steady = meter.timed("regions", filter_regions(steady, settings.regions))
    fine = meter.timed("refine", refine(steady, settings.refinement))
    if settings.key is not None:
        fine = meter.timed("key", key(fine, settings.key, screened=screened))
    if settings.edge != EdgeShape():
        fine = meter.timed("edge", shape_edge(fine, settings.edge))
    if clip.alpha is not None:
        fine = meter.timed("source alpha", apply_source_alpha(fine, settings.source_alpha))
    if settings.garbage is not None or settings.core is not None:
        start = _first_time(clip, span)
        drawn = apply_drawn_mattes(
            fine,
            garbage=settings.garbage,
            core=settings.core,
            start=start,
            allow=settings.allow,
        )
        fine = meter.timed("drawn mattes", drawn)
    return fine


def seen(
    frames: Iterator[Frame],
    segmenter: Segmenter,
    settings: Settings,
    part_of: PartOf | None = None,
) -> Iterator[Matte]:
    """Yield coarse mattes of frames; `part_of` as `follow` has it."""
    if settings.following is None:
        return segment(frames, segmenter, size=settings.size)
    return follow(frames, segmenter, settings.following, size=settings.size, part_of=part_of)


Show = Literal["composite", "alpha", "foreground"]


@dataclass(frozen=True)
class OutputKind:
    """What is written of each matte, and what is done to its frame before."""

    content: Content
    background: Background | None = None

    def apply(
        self, mattes: Iterator[Matte], meter: Meter, *, clean: bool, spill: Despill | None
    ) -> Iterator[Matte]:
        """Chain what is done to frames; `clean` takes the old background out of their edges."""
        if self.background is not None and spill is None:
            own = edge_colours if clean else None
            return meter.timed("composite", composite(mattes, self.background, colours=own))
        if clean:
            mattes = meter.timed("decontaminate", decontaminate(mattes))
        if spill is not None:
            mattes = meter.timed("despill", despill(mattes, spill))
        if self.background is not None:
            return meter.timed("composite", composite(mattes, self.background))
        if self.content == "alpha":
            return meter.timed("foreground", foreground(mattes))
        return mattes

    def begun(self, first: Fraction, now: Fraction) -> None:
        """Take note of when the first picture was, in an earlier run, and when this one goes on."""
        if isinstance(self.background, VideoBackground):
            self.background.begin(first, now)


def output_kind(
    output: Path,
    background: str | Path | Background | None,
    fit: Fit,
    show: Show,
    encoding: Encoding,
    allow: Allow,
) -> OutputKind:
    """Return what an output is to show, by what was asked for and what its name can hold.

    Raises `SettingError` for what does not go together, and as `parse_background` does.
    """
    if show not in get_args(Show):
        raise SettingError(f"Show is {show!r}; it must be one of {', '.join(get_args(Show))}.")
    if show != "composite" and background is not None:
        raise SettingError(
            f"A background cannot be seen when only the {show} is shown; leave it out."
        )
    if show == "alpha":
        return OutputKind("matte")
    if isinstance(background, str | Path):
        behind = parse_background(background, fit, allow)
        return OutputKind("opaque", behind) if behind else OutputKind("alpha")
    if background is not None:
        return OutputKind("opaque", background)
    container = container_of(output, encoding.format)
    codec = CODECS.get(encoding.codec or container.defaults.get("alpha", ""))
    can = "alpha" in container.defaults and codec is not None and codec.alpha is not None
    if can and (container.alpha_first or show == "foreground"):
        return OutputKind("alpha")
    return OutputKind(
        "opaque", ColourBackground.parse("black" if show == "foreground" else "green")
    )
