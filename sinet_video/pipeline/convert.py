"""The whole job: a clip in, finished files out."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

from sinet_video import native
from sinet_video.atomic import abandoned, begin_file, check_file, discard, translate_write_errors
from sinet_video.cache import claimed
from sinet_video.containers.codecs import CODECS
from sinet_video.containers.formats import PIPE
from sinet_video.decoding.access import Source, StrPath
from sinet_video.decoding.clip import Clip, from_zero
from sinet_video.decoding.concealment import Tally
from sinet_video.decoding.decode import decode
from sinet_video.decoding.given import Readable, as_source
from sinet_video.decoding.probe import probe
from sinet_video.encoding.captions import HEADERS
from sinet_video.encoding.open_sink import Taken, as_folder, check_output
from sinet_video.encoding.settings import Encoding
from sinet_video.errors import InputError, SettingError, SinetVideoError
from sinet_video.media.frame import Frame, Matte
from sinet_video.media.pixel_formats import ROUNDED
from sinet_video.media.time_range import TimeRange
from sinet_video.models.segmenter import Segmenter, seen_size
from sinet_video.paths import check_named
from sinet_video.pipeline import fingerprint
from sinet_video.pipeline.chain import DEPTH, Show, Work, chained, needs_all, output_kind, seen
from sinet_video.pipeline.drawn_remarks import drawn_remarks
from sinet_video.pipeline.image_sources import files_of, image_remarks
from sinet_video.pipeline.memory_needed import within_memory
from sinet_video.pipeline.outputs import Output, Whole, Writing
from sinet_video.pipeline.report import Meter, Report
from sinet_video.pipeline.resume import Resume, Segments, check_files
from sinet_video.pipeline.settings import Settings
from sinet_video.pipeline.shares import share_of
from sinet_video.publish import Publication
from sinet_video.read_ahead import closed_at_end, prefetch
from sinet_video.stages.backgrounds import Fit
from sinet_video.stages.chroma_key import Screened
from sinet_video.stages.composite import Background
from sinet_video.stages.source_alpha import SOURCE_ALPHA_USED

logger = logging.getLogger("sinet_video")

Item = TypeVar("Item")

FAR = 10
"""Seconds from which on a clock that begins there is told of."""

CAPTIONED = frozenset(CODECS[codec].encoder for codec in HEADERS)
"""Encoders whose packets can be given captions."""

Progress = Callable[[int, Clip], None]
"""Called with the number of finished frames and the clip, after every frame."""


def convert(
    source: Readable,
    output: str | Path,
    *,
    rate: Fraction | float | None = None,
    times: Iterable[Fraction | float] | None = None,
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
    report: str | Path | None = None,
) -> Report:
    """Cut the person out of a video file and write the result, as `sinet-video run` does.

    `source` is anything that `matte` takes; `rate` and `times` are as there. The extension of
    `output` decides its type: an .mp4, .mkv, .mov, .webm, .gif, .apng or .webp file, a folder for
    PNGs, a pattern such as out/%05d.png, or for one picture an image file. A name that ends with a
    slash, or that is an existing folder, is a folder even if it has a dot. Without a `background`,
    .webm, .mov, PNGs and images that move get an alpha channel, and the others a green background.
    `background` is a colour, a path, "blur", "transparent" or any `Background`. `show` writes only
    the alpha, or only the person, instead of the composite. `matte` names a second file for the
    alpha, and `report` a JSON file for the returned report.

    With `resume`, finished parts are kept in a hidden folder beside the output until the job is
    done. After an interruption the same call continues from there and produces the same bytes. It
    is refused while another process works on the same output, and if the settings differ, unless
    `overwrite` is set, which starts over. Your own functions are recognised by name, and must
    behave the same.

    With `resume.only`, only one part of the result is made and kept, for `join` to put together.

    All files appear together once they are complete, or none does. An existing file, or one that
    appears while the job runs, is only replaced with `overwrite`, and never if the job reads it.
    Warnings in the report are also logged to "sinet_video". Raises `InputError`, `OutputError`,
    `SettingError` or `WeightsError`.
    """
    started = time.perf_counter()
    check_named(input=source, output=output, matte=matte, report=report, background=background)
    (output, encoding), source = (
        as_folder(output, encoding),
        settings.clip_source(as_source(source, settings.allow, rate=rate, times=times)),
    )
    if resume is not None:
        named = (source, output, matte, background, settings.garbage, settings.core)
        check_files(*(Source.of(e) for e in named if isinstance(e, str | Path | Source)))
    clip = settings.sized(from_zero(probe(source).within(span)))
    settings.check(clip)
    behind = settings.source(background) if isinstance(background, str | Path) else background
    look = output_kind(output, behind, fit, show, encoding)
    work = Work(settings, clip, look)
    # With `resume` an existing file may be our own, so it is checked again once that is known.
    outputs = _outputs(work, output, matte, encoding, overwrite=overwrite)
    targets = [each.path for each in outputs]
    report = None if report is None else Path(report)
    _check_targets(
        outputs,
        report,
        _read(source, clip, behind, settings),
        overwrite=overwrite,
        anew=resume is None,
    )
    logger.info("Reading %s: %s", source, _in_words(clip))
    logger.info("Settings: %s", settings)
    writing: Writing = Whole(outputs)
    if resume is not None:
        told = fingerprint.of_job(
            files_of(clip), outputs=list(map(str, targets)), background=background, fit=fit,
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
    job = _Job(work, targets, writing, started, report, overwrite)
    names = claimed(each for each in (*targets, report) if each is not None and each != PIPE)
    with names, within_memory(clip, len(targets)):
        done = replace(job, left=_left(targets)).run(progress)
    logger.info(
        "Wrote %s with %s, %s; frames/s of each stage alone: %s",
        output, done.encoder, done.pixel_format, done.stages,
    )  # fmt: skip
    for warning in done.warnings:
        logger.warning("%s: %s", done.output, warning, extra={"reported": True})
    return done


def _left(targets: list[Path]) -> tuple[Path, ...]:
    """Return what runs that were killed have left of the same files."""
    with suppress(OSError):
        return tuple(part for path in targets if path != PIPE for part in abandoned(path))
    return ()


def _in_words(clip: Clip) -> str:
    rate = f"{float(clip.rate):.3f} frames/s" if clip.rate else "no rate"
    length = f"{clip.duration:.3f} s" if clip.duration else "unknown length"
    return f"{clip.codec}, {clip.width}x{clip.height}, {clip.pixel_format}, {rate}, {length}"


def _read(
    source: Source, clip: Clip, background: Source | Background | None, settings: Settings
) -> dict[str, Path]:
    """Return the files that a job reads, by what they are to it."""
    given = {"input": source, "background": background}
    sources = {what: n for what, n in given.items() if isinstance(n, Source) and not n.is_given}
    files = {what: Path(n.path) for what, n in sources.items()}
    if clip.images is not None and (file := clip.images.file) is not None:
        files["input's first image"] = file
    there = {what: path for what, path in files.items() if os.path.lexists(path)}
    return there | settings.reads()


def _check_targets(
    outputs: list[Output],
    report: Path | None,
    reads: dict[str, Path],
    *,
    overwrite: bool,
    anew: bool,
) -> None:
    """Raise `SettingError` or `OutputError` if what is asked for cannot or must not be written."""
    source = reads.get("input", PIPE)
    taken: dict[str, Taken] = {}
    for what, output in zip(("output", "matte"), outputs, strict=False):
        # With `resume` an existing file may be our own, so it is checked again once that is known.
        form = output.encoding.format
        check_output(output.path, source, form=form, overwrite=overwrite or not anew)
        if output.path != PIPE:
            taken[what] = Taken.by(output.path, output.plan)
    if report is not None:
        taken["report"] = Taken(report, None)
        check_file(report, overwrite=overwrite)
    _check_apart(taken, reads)


def _check_apart(taken: dict[str, Taken], reads: dict[str, Path]) -> None:
    """Raise `SettingError` if a job would write what it reads, or write a file twice."""
    names = list(taken)
    for index, what in enumerate(names):
        other = next((n for n in names[:index] if taken[what].meets(taken[n])), None)
        other = other or next((n for n, path in reads.items() if taken[what].includes(path)), None)
        if other == "input":
            raise SettingError(f"{taken[what].path} is the input; the {what} must be another file.")
        if other is not None:
            raise SettingError(
                f"The {other} and the {what} are both {taken[what].path}; give them different "
                "names."
            )


def _outputs(
    work: Work, output: Path, matte: str | Path | None, encoding: Encoding, *, overwrite: bool
) -> list[Output]:
    """Return what to open: the output with its companions, then the matte alone."""
    clip, on_error = work.clip, work.settings.on_error
    whole = Output(output, clip, work.look.content, encoding, True, on_error, overwrite)
    if matte is None:
        return [whole]
    path, alone = as_folder(matte, Encoding())
    return [whole, Output(path, clip, "alpha", alone, overwrite=overwrite)]


def _no_frames(clip: Clip) -> SinetVideoError:
    """Return what to raise for a clip of which no frame came: its time range or itself is wrong."""
    length = "" if clip.duration is None else f", which is {clip.duration:.3f} s long"
    if clip.span.start:
        return SettingError(
            f"{clip.path}{length}, has no frame from {float(clip.span.start):g} s on; choose an "
            "earlier start."
        )
    if clip.span.end is not None:
        end = float(clip.span.end)
        return SettingError(f"{clip.path} has no frame before {end:g} s; choose a later end.")
    return InputError(f"No frame of {clip.path} can be decoded; it is damaged.")


@dataclass(frozen=True)
class _Job:
    """One clip on its way into its files, in threads: decode, segment, later stages, the caller."""

    work: Work
    targets: list[Path]
    writing: Writing
    started: float
    report: Path | None
    overwrite: bool
    left: tuple[Path, ...] = ()
    """What runs that were killed have left of the same files."""

    @property
    def _clip(self) -> Clip:
        return self.work.clip

    @property
    def _settings(self) -> Settings:
        return self.work.settings

    def run(self, progress: Progress | None) -> Report:
        """Do it all."""
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
            if frames == 0:
                raise _no_frames(self._clip)
            writing.finish()
            stages = self._stages(meters, encoding, frames - writing.resumed)
            report = self._report(segmenter, frames, stages, screened)
            self._publish(report)
        return report

    def _stages(
        self, meters: tuple[Meter, Meter, Meter], encoding: float, done: int
    ) -> dict[str, float]:
        """Return how many frames a second each stage would do alone."""
        spent = {name: time for meter in meters for name, time in meter.own().items()}
        spent = spent | {"encode": encoding}
        del spent["wait"]
        return {name: round(done / time, 1) for name, time in spent.items() if time > 0}

    def _publish(self, report: Report) -> None:
        """Give all files their names, the report's among them."""
        with Publication() as publication, ExitStack() as stack:
            if self.report is not None:
                with translate_write_errors(self.report):
                    part = begin_file(self.report)
                    stack.callback(discard, part)
                    part.write_text(report.to_json() + "\n", encoding="utf-8")
                    publication.place(part, self.report, overwrite=self.overwrite)
            self.writing.publish(publication)

    def _worked(
        self,
        segmenter: Segmenter,
        stack: ExitStack,
        meters: tuple[Meter, Meter, Meter],
        screened: Screened,
    ) -> Iterator[Matte]:
        """Start one thread each for decoding, segmenting and the rest; the stack ends them."""

        def ahead(items: Iterator[Item], name: str, depth: int = DEPTH) -> Iterator[Item]:
            return stack.enter_context(closed_at_end(prefetch(items, depth, name=name)))

        writing, (decoding, seeing, working) = self.writing, meters
        # One is enough: libav's decoders hold a frame for each of their threads as well.
        decoded = decoding.timed("decode", writing.frames(self._read))
        frames = ahead(decoded, "decode", 1)
        waited = seeing.timed("wait", frames)
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
        seconds = time.perf_counter() - self.started
        return Report(
            source=str(self._clip.path),
            output=output,
            matte=mattes[0] if mattes else None,
            width=self._clip.width,
            height=self._clip.height,
            frames=frames,
            resumed=self.writing.resumed,
            duration=round(float(end - self._start), 6),
            seconds=round(seconds, 3),
            frames_per_second=round((frames - self.writing.resumed) / seconds, 2),
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
        """Return warnings about the source."""
        said = self.writing.tally.warnings(self._clip.path)
        said += [f"{each} was left by a run that was killed; remove it." for each in self.left]
        said += drawn_remarks(self._settings, self._clip)
        if self._settings.key is not None:
            said += screened.warnings(self._settings.key.screen)
        said += image_remarks(self._clip, self.targets[0])
        if self._clip.origin >= FAR:
            said.append(
                f"The clock of {self._clip.path} starts at {float(self._clip.origin):.3f} s, as in "
                "broadcasts; that moment is 0 in the result, and for start and end."
            )
        if self.writing.tally.captioned and self.writing.made.encoder not in CAPTIONED:
            said.append(
                "The source's closed captions are lost, as this output cannot hold them; h264 and "
                "hevc in .mp4, .mov and .mkv can."
            )
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
