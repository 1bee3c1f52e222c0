"""The whole job: a clip in, mattes out one by one, or a finished file."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Literal, get_args

from sinet_video import fingerprint
from sinet_video.background import Colour, Fit, Video, parse_background
from sinet_video.classes import ClassNames
from sinet_video.clip import ROUNDED, Clip, Span, from_zero
from sinet_video.codecs import CODECS, Content, Encoding, container_of
from sinet_video.compositing import Background, composite, foreground
from sinet_video.damage import OnError, Tally
from sinet_video.decoding import decode
from sinet_video.decontaminating import decontaminate, edge_colours
from sinet_video.despilling import Despill, despill
from sinet_video.edges import Edge, shape_edge
from sinet_video.encoding import check_output
from sinet_video.errors import SettingError
from sinet_video.following import Following, PartOf, follow
from sinet_video.forcing import force
from sinet_video.foreign import OnnxInput
from sinet_video.frame import Frame, Matte
from sinet_video.inheriting import INHERITED, SourceAlpha, check_source_alpha, inherit
from sinet_video.keying import Key, Screened, key
from sinet_video.outputs import Output, Whole, Writing
from sinet_video.probing import probe
from sinet_video.reach import Allow, StrPath, located
from sinet_video.refining import Guided, Refinement, refine
from sinet_video.regions import Regions, tidy
from sinet_video.report import Meter, Report
from sinet_video.resuming import Resume, Segments, check_files
from sinet_video.runtime import load_segmenter
from sinet_video.segmenting import Segmenter, Size, seen_size, segment
from sinet_video.session import Runtime
from sinet_video.smoothing import Smoothing, Window, smooth
from sinet_video.threads import prefetch

Show = Literal["composite", "alpha", "foreground"]

DEPTH = 4
"""Pictures that wait between two threads: enough to even out, few enough to stay small."""


@dataclass(frozen=True)
class Settings:
    """How a person is found and cut out; every part has a sensible default.

    Attributes:
        weights: "default", "official", "cityscapes", or the path of a checkpoint or an ONNX file.
        runtime: "onnxruntime" (CPU) or "torch".
        device: "cpu", or with torch any device it knows.
        onnx: how an ONNX file that is not ours wants its picture.
        classes: what counts as the person where the weights tell the 19 classes of Cityscapes, such
            as "person,bicycle"; "person,rider" if not given.
        size: how large the network sees the picture.
        following: how closely people are followed, to be seen larger; None for not at all.
        smoothing: how alpha is steadied over time; None for not at all.
        regions: which regions are kept: no islands, no holes, one subject.
        refinement: how alpha is raised to full size.
        key: how alpha is keyed from a screen of one colour, with the network's say; None for no
            screen.
        edge: how the edge is then moved and softened.
        garbage, core: files of pictures or videos, white where alpha is at last forced to 0, or 1;
            a video is in step with the clip, from the first picture of each.
        despill: which screen's light `convert` takes out of the person; None for none.
        decontaminate: whether `convert` takes the old background's colour out of the edge.
        segmenter: a function to use instead of the network.
        source_alpha: what becomes of an alpha channel that the source has: "multiply" makes
            transparent what is so in the source or is not the person, "keep" puts it in the
            network's place, "ignore" does without it.
        deinterlace: whether pictures whose lines are of two moments are made ones of the first.
        on_error: "stop", or "conceal" to leave out what of a damaged file cannot be read.
        allow: what may be read besides the source, the background and drawn mattes themselves:
            "nothing"; "files" that a playlist or such names; "network", hosts as well, so that each
            of them may be a URL.
    """

    weights: str | Path = "default"
    runtime: Runtime = "onnxruntime"
    device: str = "cpu"
    onnx: OnnxInput = OnnxInput()
    classes: ClassNames | None = None
    size: Size = Size()
    following: Following | None = Following()
    smoothing: Smoothing = Window()
    regions: Regions = Regions()
    refinement: Refinement = Guided()
    key: Key | None = None
    edge: Edge = Edge()
    garbage: str | Path | None = None
    core: str | Path | None = None
    despill: Despill | None = None
    decontaminate: bool = True
    segmenter: Segmenter | None = None
    source_alpha: SourceAlpha = "multiply"
    deinterlace: bool = False
    on_error: OnError = "stop"
    allow: Allow = "nothing"

    def __post_init__(self) -> None:
        check_source_alpha(self.source_alpha)

    def check(self, clip: Clip) -> None:
        """Raise `SettingError` for what cannot be done with a clip."""
        if self.source_alpha == "keep" and clip.alpha is None:
            raise SettingError(
                f"{clip.path} has no alpha to keep; multiply or ignore do not ask it."
            )

    @property
    def remember(self) -> bool:
        """Whether more than smoothing goes from one picture to the next."""
        return self.regions != Regions() or self.key is not None or self.despill is not None

    def load(self) -> Segmenter:
        """Return the segmenter that these settings mean."""
        if self.segmenter is not None:
            return self.segmenter
        return load_segmenter(
            self.weights,
            runtime=self.runtime,
            device=self.device,
            onnx=self.onnx,
            classes=self.classes,
        )


Smoother = Callable[[Iterator[Matte], Smoothing], Iterator[Matte]]

Progress = Callable[[int, Clip], None]
"""Called with the number of finished frames and the clip, after every frame."""


@dataclass(frozen=True)
class _Look:
    """What is written of each matte, and what is done to its frame before."""

    content: Content
    background: Background | None = None

    def apply(self, mattes: Iterator[Matte], meter: Meter, settings: Settings) -> Iterator[Matte]:
        spill = settings.despill if self.content != "matte" else None
        if self.background is not None and spill is None:
            own = edge_colours if settings.decontaminate else None
            return meter.timed("composite", composite(mattes, self.background, colours=own))
        if settings.decontaminate:
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
        if isinstance(self.background, Video):
            self.background.begin(first, now)


def _look(
    output: Path,
    background: str | Path | Background | None,
    fit: Fit,
    show: Show,
    encoding: Encoding,
    allow: Allow,
) -> _Look:
    if show not in get_args(Show):
        raise SettingError(f"Show is {show!r}; it must be one of {', '.join(get_args(Show))}.")
    if show != "composite" and background is not None:
        raise SettingError(
            f"A background cannot be seen when only the {show} is shown; leave it out."
        )
    if show == "alpha":
        return _Look("matte")
    if isinstance(background, str | Path):
        behind = parse_background(background, fit, allow)
        return _Look("opaque", behind) if behind else _Look("alpha")
    if background is not None:
        return _Look("opaque", background)
    container = container_of(output, encoding.format)
    codec = CODECS.get(encoding.codec or container.defaults.get("alpha", ""))
    can = "alpha" in container.defaults and codec is not None and codec.alpha is not None
    if can and (container.alpha_first or show == "foreground"):
        return _Look("alpha")
    return _Look("opaque", Colour.parse("black" if show == "foreground" else "green"))


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
        coarse = _coarse(frames, segmenter, settings)
        seen = _watched(coarse, watch) if watch else coarse
        yield from _stages(seen, settings, Meter(), clip, span, smooth)


def _watched(mattes: Iterator[Matte], watch: Watch) -> Iterator[Matte]:
    for matte in mattes:
        watch(matte)
        yield matte


def _first_time(clip: Clip, span: Span) -> Fraction:
    """Return when the clip's first picture is shown, in the times of the stretch."""
    return clip.start * clip.time_base - span.shift


def _stages(
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


def _coarse(
    frames: Iterator[Frame],
    segmenter: Segmenter,
    settings: Settings,
    part_of: PartOf | None = None,
) -> Iterator[Matte]:
    if settings.following is None:
        return segment(frames, segmenter, size=settings.size)
    return follow(frames, segmenter, settings.following, size=settings.size, part_of=part_of)


def convert(
    source: str | Path,
    output: str | Path,
    *,
    background: str | Path | Background | None = None,
    fit: Fit = "cover",
    show: Show = "composite",
    matte: str | Path | None = None,
    settings: Settings = Settings(),
    encoding: Encoding = Encoding(),
    span: Span = Span(),
    resume: Resume | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Cut the person out of a video file and write the result; the whole of `sinet-video run`.

    `output`'s extension decides what it is: .mp4, .mkv, .mov and .webm files, a folder for PNGs or
    a pattern such as out/%05d.png. Without a `background`, .webm, .mov and PNGs get an alpha
    channel and the others green. `background` is a colour, a path, "blur",
    "transparent" or any `Background`. `show` puts the alpha alone, or the person alone, in its
    place. `matte` names a file for the alpha beside it.

    With `resume`, what is finished is kept in a hidden folder beside the output until all is, and
    the same call goes on from there after an interruption, to the same bytes. It is refused while
    another process does that, and for a job with other settings unless `overwrite` is given too,
    which then begins anew. Functions of your own are known by their names, and must answer alike.

    The output appears when it is whole, or not at all. Raises `InputError`, `OutputError`,
    `SettingError` or `WeightsError`.
    """
    started = time.perf_counter()
    source, output = located(source), Path(output)
    if resume is not None:
        named = (source, output, matte, background, settings.garbage, settings.core)
        check_files(*(located(each) for each in named if isinstance(each, str | Path)))
    clip = probe(source, allow=settings.allow)
    settings.check(clip)
    span = from_zero(clip, span)
    look = _look(output, background, fit, show, encoding, settings.allow)
    # With `resume` what is there may be our own, so it is looked at again when that is known.
    targets = _targets(source, output, matte, overwrite=overwrite or resume is not None)
    outputs = _outputs(clip, look, targets, settings, encoding, span)
    writing: Writing = Whole(outputs)
    if resume is not None:
        told = fingerprint.of_job(
            Path(source), outputs=list(map(str, targets)), background=background, fit=fit,
            show=show, resume=resume, settings=settings, encoding=encoding, span=span,
        )  # fmt: skip
        writing = Segments(
            outputs, told, resume,
            overwrite=overwrite, again=settings.remember, begun=look.begun,
        )  # fmt: skip
    report = _Job(clip, look, targets, writing, settings, span).run(progress)
    report.seconds = round(time.perf_counter() - started, 3)
    report.frames_per_second = round((report.frames - report.resumed) / report.seconds, 2)
    return report


def _targets(
    source: StrPath, output: Path, matte: str | Path | None, *, overwrite: bool
) -> list[Path]:
    """Return the files to write, after checking that they can be: the output, then the matte."""
    targets = [output] if matte is None else [output, Path(matte)]
    for target in targets:
        check_output(target, source, overwrite=overwrite)
    if len({target.resolve() for target in targets}) < len(targets):
        raise SettingError(f"Output and matte are both {output}; give them different names.")
    return targets


def _outputs(
    clip: Clip,
    look: _Look,
    targets: list[Path],
    settings: Settings,
    encoding: Encoding,
    span: Span,
) -> list[Output]:
    """Return what is to be opened: the output with all that goes along, then the matte alone."""
    output, *mattes = targets
    return [
        Output(output, clip, look.content, encoding, True, span, settings.on_error),
        *(Output(path, clip, "matte") for path in mattes),
    ]


@dataclass(frozen=True)
class _Job:
    """One clip on its way into its files, in threads: decode, segment, work, the caller's."""

    clip: Clip
    look: _Look
    targets: list[Path]
    writing: Writing
    settings: Settings
    span: Span

    def run(self, progress: Progress | None) -> Report:
        """Do it all; the report lacks only the time from start to end."""
        segmenter = self.settings.load()
        decoding, seeing, working, encoding = Meter(), Meter(), Meter(), 0.0
        screened = Screened()
        with self.writing as writing, ExitStack() as stack:
            frames = writing.resumed
            pictures = decoding.timed("decode", writing.frames(self._read))
            ahead = stack.enter_context(closing(prefetch(pictures, DEPTH, name="decode")))
            waited = seeing.timed("wait", ahead)
            coarse = _coarse(waited, segmenter, self.settings, writing.part_of)
            coarse = seeing.timed("segment", coarse)
            seen = stack.enter_context(closing(prefetch(coarse, DEPTH, name="segment")))
            mattes = _stages(
                working.timed("wait", seen),
                self.settings,
                working,
                self.clip,
                self.span,
                writing.smooth,
                screened=screened,
            )
            settings = replace(self.settings, decontaminate=self._decontaminates)
            looked = writing.unfinished(self.look.apply(mattes, working, settings))
            shown = prefetch(looked, DEPTH, name="work")
            for matte in stack.enter_context(closing(shown)):
                before = time.perf_counter()
                writing.write(matte)
                encoding += time.perf_counter() - before
                frames += 1
                if progress:
                    progress(frames, self.clip)
        spent = decoding.own() | seeing.own() | working.own() | {"encode": encoding}
        del spent["wait"]
        done = frames - writing.resumed
        stages = {name: round(done / time, 1) for name, time in spent.items() if time > 0}
        return self._report(segmenter, frames, stages, screened)

    def _read(self, since: Fraction | None, tally: Tally) -> Iterator[Frame]:
        return decode(
            self.clip,
            self.span,
            since=since,
            deinterlace=self.settings.deinterlace,
            on_error=self.settings.on_error,
            tally=tally,
        )

    @property
    def _decontaminates(self) -> bool:
        """Whether edges are mixtures: those of a source's own alpha have straight colours."""
        own = self.clip.alpha is not None and self.settings.source_alpha != "ignore"
        return self.settings.decontaminate and self.look.content != "matte" and not own

    @property
    def _start(self) -> Fraction:
        if self.span.start:
            return Fraction(0)
        return self.clip.start * self.clip.time_base + self.span.late

    def _report(
        self, segmenter: Segmenter, frames: int, stages: dict[str, float], screened: Screened
    ) -> Report:
        output, *mattes = map(str, self.targets)
        made, tally = self.writing.made, self.writing.tally
        end = self._start if self.writing.end is None else self.writing.end
        return Report(
            source=str(self.clip.path),
            output=output,
            matte=mattes[0] if mattes else None,
            frames=frames,
            resumed=self.writing.resumed,
            duration=round(float(end - self._start), 6),
            stages=stages,
            network_size=seen_size(segmenter, self.settings.size, self.clip.shown_aspect),
            weights=getattr(segmenter, "name", "your own segmenter"),
            runtime=getattr(segmenter, "runtime", "your own segmenter"),
            device=getattr(segmenter, "device", "unknown"),
            encoder=made.encoder,
            pixel_format=made.pixel_format,
            alpha=made.alpha,
            decontaminated=self._decontaminates,
            audio=made.audio,
            lost=tally.lost,
            repeated=tally.repeated,
            untimed=tally.untimed,
            resized=tally.resized,
            warnings=[*self._remarks(screened), *made.warnings],
        )

    def _remarks(self, screened: Screened) -> list[str]:
        """Say what is unusual about the source."""
        said = self.writing.tally.warnings(self.clip.path)
        if self.settings.key is not None:
            said += screened.warnings(self.settings.key.screen)
        if self.span.late:
            said.append(
                "The source begins before 0, which files cannot: all of it comes "
                f"{float(self.span.late):.3f} s later."
            )
        if self.clip.alpha is not None:
            said.append(INHERITED[self.settings.source_alpha].format(self.clip.alpha))
        if ROUNDED.match(self.clip.pixel_format):
            working = self.clip.working_format
            said.append(f"The source's {self.clip.pixel_format} samples are rounded to {working}.")
        if self.clip.interlaced and not self.settings.deinterlace:
            said.append(
                "The source is interlaced: its edges will comb where it moves; deinterlace it."
            )
        return said
