"""The flow from a clip's frames to its mattes: the stages, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path

from sinet_video.clip import Clip, Span
from sinet_video.decoding import decode
from sinet_video.edges import Edge, shape_edge
from sinet_video.following import PartOf, follow
from sinet_video.forcing import force
from sinet_video.frame import Frame, Matte
from sinet_video.inheriting import inherit
from sinet_video.keying import Screened, key
from sinet_video.probing import probe
from sinet_video.refining import refine
from sinet_video.regions import Regions, tidy
from sinet_video.report import Meter
from sinet_video.segmenting import Segmenter, segment
from sinet_video.settings import Settings
from sinet_video.smoothing import Smoothing, smooth
from sinet_video.threads import prefetch

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
    span: Span = Span(),
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
    span: Span,
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


def _first_time(clip: Clip, span: Span) -> Fraction:
    """Return when the clip's first picture is shown, in the times of the stretch."""
    return clip.start * clip.time_base - span.shift


def chained(
    coarse: Iterator[Matte],
    settings: Settings,
    meter: Meter,
    clip: Clip,
    span: Span,
    smoother: Smoother,
    screened: Screened | None = None,
) -> Generator[Matte]:
    """Chain the stages from a clip's coarse mattes to full-size ones, but those without effect."""
    steady = meter.timed("smooth", smoother(coarse, settings.smoothing))
    if settings.regions != Regions():
        steady = meter.timed("tidy", tidy(steady, settings.regions))
    fine = meter.timed("refine", refine(steady, settings.refinement))
    if settings.key is not None:
        fine = meter.timed("key", key(fine, settings.key, screened=screened))
    if settings.edge != Edge():
        fine = meter.timed("edge", shape_edge(fine, settings.edge))
    if clip.alpha is not None:
        fine = meter.timed("inherit", inherit(fine, settings.source_alpha))
    if settings.garbage is not None or settings.core is not None:
        start = _first_time(clip, span)
        drawn = force(
            fine,
            garbage=settings.garbage,
            core=settings.core,
            start=start,
            allow=settings.allow,
        )
        fine = meter.timed("force", drawn)
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
