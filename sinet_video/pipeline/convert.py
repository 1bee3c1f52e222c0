"""The whole job: a clip in, finished files out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

from sinet_video import native
from sinet_video.decoding.access import Source, StrPath
from sinet_video.decoding.clip import Clip, from_zero
from sinet_video.decoding.concealment import Tally
from sinet_video.decoding.decode import decode
from sinet_video.decoding.probe import probe
from sinet_video.encoding.open_sink import check_output
from sinet_video.encoding.settings import Encoding
from sinet_video.errors import SettingError
from sinet_video.media.frame import Frame, Matte
from sinet_video.media.pixel_formats import ROUNDED
from sinet_video.media.time_range import TimeRange
from sinet_video.models.segmenter import Segmenter, seen_size
from sinet_video.pipeline import fingerprint
from sinet_video.pipeline.chain import DEPTH, Show, Work, chained, needs_all, output_kind, seen
from sinet_video.pipeline.outputs import Output, Whole, Writing
from sinet_video.pipeline.report import Meter, Report
from sinet_video.pipeline.resume import Resume, Segments, check_files
from sinet_video.pipeline.settings import Settings
from sinet_video.pipeline.shares import share_of
from sinet_video.read_ahead import prefetch
from sinet_video.stages.backgrounds import Fit
from sinet_video.stages.chroma_key import Screened
from sinet_video.stages.composite import Background
from sinet_video.stages.source_alpha import SOURCE_ALPHA_USED

Item = TypeVar("Item")

Progress = Callable[[int, Clip], None]
"""Called with the number of finished frames and the clip, after every frame."""


def convert(
    source: StrPath | Source,
    output: str | Path,
    *,
    background: StrPath | Source | Background | None = None,
    fit: Fit = "cover",
    show: Show = "composite",
    matte: str | Path | None = None,
    settings: Settings = Settings(),
    encoding: Encoding = Encoding(),
    span: TimeRange = TimeRange(),
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

    With `resume.only`, one part of the result is made and kept, to be put together by `join`.

    The output appears when it is whole, or not at all. Raises `InputError`, `OutputError`,
    `SettingError` or `WeightsError`.
    """
    started = time.perf_counter()
    source, output = settings.source(source), Path(output)
    if resume is not None:
        named = (source, output, matte, background, settings.garbage, settings.core)
        check_files(*(Source.of(e) for e in named if isinstance(e, str | Path | Source)))
    clip = from_zero(probe(source).within(span))
    settings.check(clip)
    behind = settings.source(background) if isinstance(background, str | Path) else background
    look = output_kind(output, behind, fit, show, encoding)
    work = Work(settings, clip, look)
    # With `resume` what is there may be our own, so it is looked at again when that is known.
    targets = _targets(source.located, output, matte, overwrite=overwrite or resume is not None)
    outputs = _outputs(work, targets, encoding)
    writing: Writing = Whole(outputs)
    if resume is not None:
        told = fingerprint.of_job(
            Path(source.path), outputs=list(map(str, targets)), background=background, fit=fit,
            show=show, resume=replace(resume, only=None), settings=settings, encoding=encoding,
            span=clip.span,
        )  # fmt: skip
        if resume.only is not None:
            writing = share_of(work, outputs, told, resume, overwrite=overwrite)
        else:
            writing = Segments(
                outputs, told, resume,
                overwrite=overwrite, again=needs_all(work), begun=look.begun,
            )  # fmt: skip
    report = _Job(work, targets, writing).run(progress)
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


def _outputs(work: Work, targets: list[Path], encoding: Encoding) -> list[Output]:
    """Return what is to be opened: the output with all that goes along, then the matte alone."""
    output, *mattes = targets
    clip, on_error = work.clip, work.settings.on_error
    return [
        Output(output, clip, work.look.content, encoding, True, on_error),
        *(Output(path, clip, "alpha") for path in mattes),
    ]


@dataclass(frozen=True)
class _Job:
    """One clip on its way into its files, in threads: decode, segment, work, the caller's."""

    work: Work
    targets: list[Path]
    writing: Writing

    @property
    def _clip(self) -> Clip:
        return self.work.clip

    @property
    def _settings(self) -> Settings:
        return self.work.settings

    def run(self, progress: Progress | None) -> Report:
        """Do it all; the report lacks only the time from start to end."""
        segmenter = self._settings.load()
        meters, screened, encoding = (Meter(), Meter(), Meter()), Screened(), 0.0
        with self.writing as writing, ExitStack() as stack:
            frames = writing.resumed
            for matte in self._worked(segmenter, stack, meters, screened):
                before = time.perf_counter()
                writing.write(matte)
                encoding += time.perf_counter() - before
                frames += 1
                if progress:
                    progress(frames, self._clip)
        spent = {name: time for meter in meters for name, time in meter.own().items()}
        spent = spent | {"encode": encoding}
        del spent["wait"]
        done = frames - writing.resumed
        stages = {name: round(done / time, 1) for name, time in spent.items() if time > 0}
        return self._report(segmenter, frames, stages, screened)

    def _worked(
        self,
        segmenter: Segmenter,
        stack: ExitStack,
        meters: tuple[Meter, Meter, Meter],
        screened: Screened,
    ) -> Iterator[Matte]:
        """Start a thread each for decoding, segmenting and the rest; the stack ends them."""

        def ahead(items: Iterator[Item], name: str) -> Iterator[Item]:
            return stack.enter_context(closing(prefetch(items, DEPTH, name=name)))

        writing, (decoding, seeing, working) = self.writing, meters
        pictures = ahead(decoding.timed("decode", writing.frames(self._read)), "decode")
        waited = seeing.timed("wait", pictures)
        coarse = seen(waited, segmenter, self._settings, writing.part_of)
        looked = ahead(seeing.timed("segment", coarse), "segment")
        work = replace(self.work, smoother=writing.smooth, screened=screened)
        shown = chained(working.timed("wait", looked), work, working)
        return ahead(writing.unfinished(shown), "work")

    def _read(self, since: Fraction | None, tally: Tally) -> Iterator[Frame]:
        return decode(
            self._clip,
            since=since,
            deinterlace=self._settings.deinterlace,
            on_error=self._settings.on_error,
            tally=tally,
        )

    @property
    def _start(self) -> Fraction:
        if self._clip.span.start:
            return Fraction(0)
        return self._clip.start * self._clip.time_base + self._clip.span.late

    def _report(
        self, segmenter: Segmenter, frames: int, stages: dict[str, float], screened: Screened
    ) -> Report:
        output, *mattes = map(str, self.targets)
        made, tally = self.writing.made, self.writing.tally
        end = self._start if self.writing.end is None else self.writing.end
        return Report(
            source=str(self._clip.path),
            output=output,
            matte=mattes[0] if mattes else None,
            width=self._clip.width,
            height=self._clip.height,
            frames=frames,
            resumed=self.writing.resumed,
            duration=round(float(end - self._start), 6),
            stages=stages,
            network_size=seen_size(segmenter, self._settings.size, self._clip.shown_aspect),
            weights=getattr(segmenter, "name", "your own segmenter"),
            runtime=getattr(segmenter, "runtime", "your own segmenter"),
            device=getattr(segmenter, "device", "unknown"),
            arithmetic=native.described(),
            encoder=made.encoder,
            pixel_format=made.pixel_format,
            alpha=made.alpha,
            decontaminated=self.work.decontaminates,
            audio=made.audio,
            lost=tally.lost,
            repeated=tally.repeated,
            untimed=tally.untimed,
            resized=tally.resized,
            warnings=[*self._remarks(screened), *made.warnings],
        )

    def _remarks(self, screened: Screened) -> list[str]:
        """Say what is unusual about the source."""
        said = self.writing.tally.warnings(self._clip.path)
        if self._settings.key is not None:
            said += screened.warnings(self._settings.key.screen)
        if self._clip.span.late:
            said.append(
                "The source begins before 0, which files cannot: all of it comes "
                f"{float(self._clip.span.late):.3f} s later."
            )
        if self._clip.alpha is not None:
            said.append(SOURCE_ALPHA_USED[self._settings.source_alpha].format(self._clip.alpha))
        if ROUNDED.match(self._clip.pixel_format):
            working = self._clip.working_format
            said.append(f"The source's {self._clip.pixel_format} samples are rounded to {working}.")
        if self._clip.interlaced and not self._settings.deinterlace:
            said.append(
                "The source is interlaced: its edges will comb where it moves; deinterlace it."
            )
        return said
