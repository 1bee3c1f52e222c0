"""The chain of all stages in order, from a clip's frames to its mattes and to what is written.

This is the only module that knows all stages. To add one, write its file and add it to `CHAIN`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction

from sinet_video.checked import check_kinds
from sinet_video.decoding.clip import Clip
from sinet_video.decoding.decode import decode
from sinet_video.decoding.given import Readable, as_source
from sinet_video.decoding.probe import probe
from sinet_video.media.frame import Frame, Matte
from sinet_video.media.time_range import Rate, TimeRange
from sinet_video.models.segmenter import Segmenter, sure_of
from sinet_video.pipeline.device_chain import chained_in_torch, segment_in_torch
from sinet_video.pipeline.layers import layered
from sinet_video.pipeline.output_kind import OutputKind
from sinet_video.pipeline.report import Meter
from sinet_video.pipeline.settings import Settings
from sinet_video.read_ahead import prefetch
from sinet_video.stages.clean_regions import filter_regions
from sinet_video.stages.composite import composite, foreground
from sinet_video.stages.decontaminate import decontaminate, edge_colours
from sinet_video.stages.drawn_mattes import apply_drawn_mattes
from sinet_video.stages.drop_unsure import drop_unsure
from sinet_video.stages.edge import shape_edge
from sinet_video.stages.follow import follow
from sinet_video.stages.matte_settings import EdgeShape, RegionFilter, Smoothing
from sinet_video.stages.memory import NOTHING, PartOf, memory_of
from sinet_video.stages.refine import refine
from sinet_video.stages.screen.chroma_key import Screened, key
from sinet_video.stages.screen.despill import despill
from sinet_video.stages.screen.settings import ChromaKey, Despill
from sinet_video.stages.segment import segment
from sinet_video.stages.smooth import smooth
from sinet_video.stages.source_alpha import apply_source_alpha
from sinet_video.stages.views.second_look import SecondLook

DEPTH = 2
"""Frames queued between two threads: enough to smooth out delays, few enough to save memory."""


Smoother = Callable[[Iterator[Matte], Smoothing], Iterator[Matte]]

Watch = Callable[[Matte], None]
"""Called with each of the network's own mattes, on its coarse grid, before any stage."""


def matte(
    source: Clip | Readable,
    *,
    rate: Rate | None = None,
    times: Iterable[Fraction | float] | None = None,
    settings: Settings = Settings(),
    span: TimeRange | None = None,
    watch: Watch | None = None,
) -> Generator[Matte]:
    """Yield a matte for every frame of a clip: lazily, in order, in constant memory.

    `source` is a path or URL, a file's bytes, an open binary file, a container that PyAV has
    opened, a folder or pattern of numbered images, or any iterable of RGB images, (H, W, 3) uint8.
    Those need a `rate`, in frames per second, or `times`, in seconds, one for each.

    Alpha has the frame's size, (H, W) float32 in [0, 1]. Decoding runs ahead in a thread, which
    ends when the iterator is exhausted or closed. `span` limits the clip to a time range. `watch`
    is called with the network's coarse mattes, in the same order. Raises `InputError` before the
    first matte if the file is not a video, and later if it is damaged.
    """
    check_kinds(settings=(settings, Settings), span=(span or TimeRange(), TimeRange))
    if not isinstance(source, Clip):
        source = as_source(source, settings.allow, rate=rate, times=times)
    clip = clip_of(source, settings, span)
    segmenter = settings.load(still=clip.is_still)
    decoded = decode(clip, deinterlace=settings.deinterlace, on_error=settings.on_error)
    frames = prefetch(decoded, DEPTH, name="decode")
    return _matted(frames, segmenter, settings, clip, watch)


def clip_of(source: Clip | Readable, settings: Settings, span: TimeRange | None = None) -> Clip:
    """Return the clip that settings ask for: of their stream and rate, in their frame size.

    `span` replaces the clip's own. Raises as `probe` and `Settings.check` do.
    """
    clip = source if isinstance(source, Clip) else probe(settings.clip_source(source))
    clip = settings.sized(clip if span is None else clip.within(span))
    settings.check(clip)
    return clip


def _matted(
    frames: Generator[Frame],
    segmenter: Segmenter,
    settings: Settings,
    clip: Clip,
    watch: Watch | None,
) -> Generator[Matte]:
    with closing(frames):
        coarse = seen(frames, segmenter, settings)
        looked_at = _watched(coarse, watch) if watch else coarse
        yield from chained(looked_at, Work(settings, clip), Meter())


def _watched(mattes: Iterator[Matte], watch: Watch) -> Iterator[Matte]:
    for matte in mattes:
        watch(matte)
        yield matte


def seen(
    frames: Iterator[Frame],
    segmenter: Segmenter,
    settings: Settings,
    part_of: PartOf | None = None,
) -> Iterator[Matte]:
    """Yield coarse mattes of frames, of what the network is sure of; `part_of` as in `follow`."""
    sure = sure_of(segmenter)
    if settings.unsure == "keep" or sure is None:
        return _segmented(frames, segmenter, settings, part_of)
    second = SecondLook(segmenter, settings.size)
    mattes = _segmented(frames, segmenter, settings, part_of, second)
    return drop_unsure(mattes, sure, second=second, part_of=part_of)


def _segmented(
    frames: Iterator[Frame],
    segmenter: Segmenter,
    settings: Settings,
    part_of: PartOf | None,
    second: SecondLook | None = None,
) -> Iterator[Matte]:
    if settings.following is not None:
        size, following = settings.size, settings.following
        return follow(frames, segmenter, following, size=size, part_of=part_of, second=second)
    if settings.torch_device is not None:
        return segment_in_torch(frames, segmenter, settings)
    return segment(frames, segmenter, size=settings.size)


@dataclass(frozen=True)
class Work:
    """Everything that decides which stages a clip's mattes pass through, and how.

    Attributes:
        settings: how the person is cut out.
        clip: where the frames come from.
        look: what is made of the mattes; by default only the mattes themselves.
        plate: what is made of the frames without the person, as a second layer; None for nothing.
        smoother: replaces `smooth` in a job that resumes an earlier one.
        screened: counts the frames that show a screen.
        prompt: whether no matte may wait for the next, as in live video.
    """

    settings: Settings
    clip: Clip
    look: OutputKind = OutputKind("alpha")
    plate: OutputKind | None = None
    smoother: Smoother | None = None
    screened: Screened | None = None
    prompt: bool = False

    @property
    def torch_device(self) -> str | None:
        """The device of the torch runtime; None for onnxruntime."""
        return self.settings.torch_device

    def begun(self, first: Fraction, now: Fraction) -> None:
        """Record when the first frame was, in an earlier run, and when this run continues."""
        for look in filter(None, (self.look, self.plate)):
            look.begun(first, now)

    @property
    def start(self) -> Fraction:
        """Time of the clip's first frame, in the times of its span."""
        return self.clip.start * self.clip.time_base - self.clip.span.shift

    @property
    def spill(self) -> Despill | None:
        """The screen whose light is removed from the frames, if any."""
        return self.settings.despill if self.look.content != "alpha" else None

    @property
    def decontaminates(self) -> bool:
        """Whether edges need decontamination; those of a source's own alpha do not."""
        own = self.clip.alpha is not None and self.settings.source_alpha != "ignore"
        return self.settings.decontaminate and self.look.content != "alpha" and not own

    @property
    def cleans_in_composite(self) -> bool:
        """Whether old colours can be removed during compositing, which is faster."""
        return self.decontaminates and self.look.background is not None and self.spill is None


@dataclass(frozen=True)
class Link:
    """One stage in the chain.

    Attributes:
        name: its name in reports.
        stage: the stage itself, which declares what it remembers; see `stages.memory`.
        apply: calls the stage.
        wanted: whether the stage has any effect.
        of_frame: whether it changes the frame, after alpha is as it will be written.
    """

    name: str
    stage: Callable[..., Iterator[Matte]]
    apply: Callable[[Iterator[Matte], Work], Iterator[Matte]]
    wanted: Callable[[Work], bool] = lambda work: True
    of_frame: bool = False


def _force(mattes: Iterator[Matte], work: Work) -> Iterator[Matte]:
    drawn = work.settings.garbage, work.settings.core
    garbage, core = (None if each is None else work.settings.source(each) for each in drawn)
    return apply_drawn_mattes(mattes, garbage=garbage, core=core, start=work.start)


def _composite(mattes: Iterator[Matte], work: Work) -> Iterator[Matte]:
    assert work.look.background is not None  # otherwise the link is not wanted
    colours = edge_colours if work.cleans_in_composite else None
    return composite(mattes, work.look.background, colours=colours)


CHAIN = (
    # From the network's coarse mattes to full size.
    Link("smooth", smooth, lambda m, work: (work.smoother or smooth)(m, work.settings.smoothing)),
    Link(
        "regions", filter_regions,
        lambda m, work: filter_regions(m, work.settings.regions),
        lambda work: work.settings.regions != RegionFilter(),
    ),
    Link("refine", refine, lambda m, work: refine(m, work.settings.refinement)),
    Link(
        "key", key,
        lambda m, work: key(m, work.settings.key or ChromaKey(), screened=work.screened),
        lambda work: work.settings.key is not None,
    ),
    Link(
        "edge", shape_edge,
        lambda m, work: shape_edge(m, work.settings.edge),
        lambda work: work.settings.edge != EdgeShape(),
    ),
    Link(
        "source alpha", apply_source_alpha,
        lambda m, work: apply_source_alpha(m, work.settings.source_alpha),
        lambda work: work.clip.alpha is not None,
    ),
    Link(
        "drawn mattes", apply_drawn_mattes, _force,
        lambda work: (work.settings.garbage, work.settings.core) != (None, None),
    ),
    # Stages that change the frames.
    Link(
        "decontaminate", decontaminate,
        lambda m, work: decontaminate(m),
        lambda work: work.decontaminates and not work.cleans_in_composite,
        of_frame=True,
    ),
    Link(
        "despill", despill,
        lambda m, work: despill(m, work.spill or Despill()),
        lambda work: work.spill is not None,
        of_frame=True,
    ),
    Link(
        "composite", composite, _composite,
        lambda work: work.look.background is not None,
        of_frame=True,
    ),
    Link(
        "foreground", foreground,
        lambda m, work: foreground(m),
        lambda work: work.look.background is None and work.look.content == "rgba",
        of_frame=True,
    ),
)  # fmt: skip
"""Every stage from a coarse matte to the written result, in order. A new stage is one more link."""


def chained(coarse: Iterator[Matte], work: Work, meter: Meter) -> Iterator[Matte]:
    """Chain all stages that have an effect, up to what is written; with a plate, to `Layered`."""
    links, on_device = links_of(work), work.torch_device is not None
    if work.plate is None:
        return _linked(coarse, links, work, meter, on_device=on_device)
    of_alpha = [link for link in links if not link.of_frame]
    mattes = _linked(coarse, of_alpha, work, meter, on_device=on_device)
    return meter.timed("layers", layered(mattes, work, work.plate, _of_frame, meter))


def _of_frame(mattes: Iterator[Matte], work: Work, meter: Meter) -> Iterator[Matte]:
    links = [link for link in links_of(work) if link.of_frame]
    return _linked(mattes, links, work, meter, on_device=False)


def _linked(
    mattes: Iterator[Matte], links: Sequence[Link], work: Work, meter: Meter, *, on_device: bool
) -> Iterator[Matte]:
    if on_device:
        return chained_in_torch(mattes, links, work, meter)
    for link in links:
        mattes = meter.timed(link.name, link.apply(mattes, work))
    return mattes


def links_of(work: Work) -> list[Link]:
    """Return the links that have an effect, in order."""
    return [link for link in CHAIN if link.wanted(work)]


def needs_all(work: Work) -> bool:
    """Whether a resumed job has to process all frames again.

    It has to if any stage remembers earlier frames, except smoothing, whose memory is saved.
    """
    return bool(remembering(work))


def remembering(work: Work) -> list[str]:
    """Return the names of the stages, but for smoothing, that remember all earlier frames."""
    after = (link for link in CHAIN if link.stage is not smooth and link.wanted(work))
    return [link.name for link in after if memory_of(link.stage) != NOTHING]
