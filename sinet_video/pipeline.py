"""The whole job: a clip in, mattes out one by one, or a finished file."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from sinet_video.background import Colour, Fit, parse_background
from sinet_video.codecs import CODECS, Content, Encoding, container_of
from sinet_video.compositing import Background, composite, foreground
from sinet_video.decoding import Clip, Span, decode, probe
from sinet_video.edges import Edge, shape_edge
from sinet_video.encoding import Sink, check_output, open_sink
from sinet_video.errors import SettingError
from sinet_video.frame import Frame, Matte
from sinet_video.refining import Guided, Refinement, refine
from sinet_video.runtime import OnnxInput, Runtime, load_segmenter
from sinet_video.segmenting import Segmenter, Size, seen_size, segment
from sinet_video.smoothing import Adaptive, Smoothing, smooth
from sinet_video.threads import prefetch

T = TypeVar("T")
Show = Literal["composite", "alpha", "foreground"]

DEPTH = 4
"""Pictures that wait between two threads: enough to even out, few enough to stay small."""


@dataclass(frozen=True)
class Settings:
    """How a person is found and cut out; every part has a sensible default.

    Attributes:
        weights: "default", "official", or the path of a checkpoint or an ONNX file.
        runtime: "onnxruntime" (CPU) or "torch".
        device: "cpu", or with torch any device it knows.
        onnx: how an ONNX file that is not ours wants its picture.
        size: how large the network sees the picture.
        smoothing: how alpha is steadied over time; None for not at all.
        refinement: how alpha is raised to full size.
        edge: how the edge is then moved and softened.
        segmenter: a function to use instead of the network.
    """

    weights: str | Path = "default"
    runtime: Runtime = "onnxruntime"
    device: str = "cpu"
    onnx: OnnxInput = OnnxInput()
    size: Size = Size()
    smoothing: Smoothing = Adaptive()
    refinement: Refinement = Guided()
    edge: Edge = Edge()
    segmenter: Segmenter | None = None

    def load(self) -> Segmenter:
        """Return the segmenter that these settings mean."""
        if self.segmenter is not None:
            return self.segmenter
        return load_segmenter(
            self.weights, runtime=self.runtime, device=self.device, onnx=self.onnx
        )


@dataclass
class Report:
    """What a job did, for people and programs. Times are in seconds.

    `stages` has for each stage the frames a second that it alone would make; with several threads
    the job is faster than their sum.
    """

    source: str
    output: str
    matte: str | None
    frames: int = 0
    duration: float = 0.0
    seconds: float = 0.0
    frames_per_second: float = 0.0
    stages: dict[str, float] = field(default_factory=dict)
    network_size: tuple[int, int] | None = None
    weights: str = ""
    runtime: str = ""
    device: str = ""
    encoder: str = ""
    pixel_format: str = ""
    alpha: Literal["straight", "none"] = "none"
    audio: Literal["copied", "encoded", "none"] = "none"
    warnings: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return asdict(self)


Progress = Callable[[int, Clip], None]
"""Called with the number of finished frames and the clip, after every frame."""


class _Meter:
    """Time spent in each stage of a chain of iterators that run in one thread."""

    def __init__(self) -> None:
        self._spent: dict[str, float] = {}

    def timed(self, name: str, items: Iterable[T]) -> Iterator[T]:
        """Pass items through, noting how long each took, with the stages before it."""
        self._spent[name] = 0.0  # here and not in the generator, whose start would be out of order
        return self._passed(name, iter(items))

    def _passed(self, name: str, iterator: Iterator[T]) -> Iterator[T]:
        try:
            while True:
                start = time.perf_counter()
                try:
                    item = next(iterator)
                except StopIteration:
                    return
                finally:
                    self._spent[name] += time.perf_counter() - start
                yield item
        finally:
            if isinstance(iterator, Generator):
                iterator.close()

    def own(self) -> dict[str, float]:
        """Return each stage's seconds without those of the stages before it."""
        before = [0.0, *self._spent.values()]
        return {name: t - b for (name, t), b in zip(self._spent.items(), before, strict=False)}


@dataclass(frozen=True)
class _Look:
    """What is written of each matte, and what is done to its frame before."""

    content: Content
    background: Background | None = None

    def apply(self, mattes: Iterator[Matte], meter: _Meter) -> Iterator[Matte]:
        if self.background is not None:
            return meter.timed("composite", composite(mattes, self.background))
        if self.content == "alpha":
            return meter.timed("foreground", foreground(mattes))
        return mattes


def _look(
    output: Path,
    background: str | Path | Background | None,
    fit: Fit,
    show: Show,
    encoding: Encoding,
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
        behind = parse_background(background, fit)
        return _Look("opaque", behind) if behind else _Look("alpha")
    if background is not None:
        return _Look("opaque", background)
    container = container_of(output)
    codec = CODECS.get(encoding.codec or container.defaults.get("alpha", ""))
    can = "alpha" in container.defaults and codec is not None and codec.alpha is not None
    if can and (container.alpha_first or show == "foreground"):
        return _Look("alpha")
    return _Look("opaque", Colour.parse("black" if show == "foreground" else "green"))


def matte(
    source: Clip | str | Path, *, settings: Settings = Settings(), span: Span = Span()
) -> Iterator[Matte]:
    """Yield a matte for every picture of a clip: lazily, in order, in constant memory.

    Alpha has the picture's size, (H, W) float32 in [0, 1]. Decoding runs ahead in a thread, which
    ends when the iterator is exhausted or closed. Raises `InputError` for a file that is no video,
    before the first matte.
    """
    clip = source if isinstance(source, Clip) else probe(source)
    segmenter = settings.load()
    frames = prefetch(decode(clip, span), DEPTH, name="decode")
    return _stages(frames, segmenter, settings, _Meter())


def _stages(
    frames: Iterator[Frame], segmenter: Segmenter, settings: Settings, meter: _Meter
) -> Iterator[Matte]:
    """Chain the stages from frames to full-size mattes."""
    frames = meter.timed("wait", frames)
    coarse = meter.timed("segment", segment(frames, segmenter, size=settings.size))
    steady = meter.timed("smooth", smooth(coarse, settings.smoothing))
    fine = meter.timed("refine", refine(steady, settings.refinement))
    if settings.edge == Edge():
        return fine
    return meter.timed("edge", shape_edge(fine, settings.edge))


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
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Cut the person out of a video file and write the result; the whole of `sinet-video run`.

    `output`'s extension decides what it is: .mp4, .mkv, .mov and .webm files, a folder for PNGs or
    a pattern such as out/%05d.png. Without a `background`, .webm, .mov and PNGs get an alpha
    channel (straight) and the others green. `background` is a colour, a path, "blur",
    "transparent" or any `Background`. `show` puts the alpha alone, or the person alone, in its
    place. `matte` names a file for the alpha beside it.

    The output appears when it is whole, or not at all. Raises `InputError`, `OutputError`,
    `SettingError` or `WeightsError`.
    """
    started = time.perf_counter()
    source, output = Path(source), Path(output)
    targets = [output] if matte is None else [output, Path(matte)]
    clip = probe(source)
    for target in targets:
        check_output(target, source, overwrite=overwrite)
    if matte is not None and output.absolute() == Path(matte).absolute():
        raise SettingError(f"Output and matte are both {output}; give them different names.")
    look = _look(output, background, fit, show, encoding)
    segmenter = settings.load()
    report = Report(str(source), str(output), None if matte is None else str(matte))
    decoding, working, encoding_time = _Meter(), _Meter(), 0.0
    with ExitStack() as stack:
        sinks = [
            open_sink(output, clip, content=look.content, encoding=encoding, sound=True, span=span)
        ]
        stack.enter_context(sinks[0])
        if matte is not None:
            sinks.append(stack.enter_context(open_sink(matte, clip, content="matte")))
        frames = prefetch(decoding.timed("decode", decode(clip, span)), DEPTH, name="decode")
        mattes = look.apply(_stages(frames, segmenter, settings, working), working)
        finished = stack.enter_context(closing(prefetch(mattes, DEPTH, name="work")))
        for item in finished:
            before = time.perf_counter()
            for sink in sinks:
                sink.write(item)
            encoding_time += time.perf_counter() - before
            report.frames += 1
            end = item.time + item.frame.duration * item.frame.time_base
            report.duration = round(float(end) - _start(clip, span), 6)
            if progress:
                progress(report.frames, clip)
    spent = decoding.own() | working.own() | {"encode": encoding_time}
    spent.pop("wait")
    _fill(report, clip, sinks[0], segmenter, settings, spent)
    report.seconds = round(time.perf_counter() - started, 3)
    report.frames_per_second = round(report.frames / report.seconds, 2)
    return report


def _start(clip: Clip, span: Span) -> float:
    return 0.0 if span.start else float(clip.start * clip.time_base)


def _fill(
    report: Report,
    clip: Clip,
    sink: Sink,
    segmenter: Segmenter,
    settings: Settings,
    spent: dict[str, float],
) -> None:
    own = settings.segmenter is not None
    report.stages = {name: round(report.frames / s, 1) for name, s in spent.items() if s > 0}
    report.network_size = seen_size(segmenter, settings.size, clip.shown_aspect)
    report.weights = "your own segmenter" if own else str(settings.weights)
    report.runtime = getattr(segmenter, "runtime", "your own segmenter")
    report.device = getattr(segmenter, "device", "unknown")
    report.encoder, report.pixel_format = sink.plan.encoder, sink.plan.pixel_format
    report.alpha = "straight" if sink.content == "alpha" else "none"
    report.audio = sink.audio
    report.warnings = sink.warnings
