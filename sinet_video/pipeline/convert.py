"""The whole job: a clip in, finished files out."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from sinet_video.cache import claimed
from sinet_video.checked import check_kinds
from sinet_video.containers.formats import PIPE
from sinet_video.decoding.access import Source, StrPath
from sinet_video.decoding.clip import Clip, from_zero
from sinet_video.decoding.given import Readable, as_source
from sinet_video.encoding.open_sink import as_folder
from sinet_video.encoding.settings import Encoding
from sinet_video.media.time_range import Rate, TimeRange
from sinet_video.paths import check_named, check_paths
from sinet_video.pipeline.chain import Work, clip_of, needs_all
from sinet_video.pipeline.job import Job, Progress
from sinet_video.pipeline.memory_needed import within_memory
from sinet_video.pipeline.output_kind import Show, layer_kinds
from sinet_video.pipeline.outputs import Output, Whole, Writing
from sinet_video.pipeline.report import Report
from sinet_video.pipeline.resuming.settings import Resume, check_files
from sinet_video.pipeline.settings import Settings
from sinet_video.pipeline.targets import (
    check_targets,
    files_of,
    files_read,
    is_published,
    kept_unfinished,
    left_behind,
    outputs_of,
)
from sinet_video.stages.composite import Background
from sinet_video.stages.fit_background import Fit

logger = logging.getLogger("sinet_video")


def convert(
    source: Readable,
    output: str | Path,
    *,
    rate: Rate | None = None,
    times: Iterable[Fraction | float] | None = None,
    background: StrPath | Source | Background | None = None,
    fit: Fit = "cover",
    show: Show = "composite",
    matte: str | Path | None = None,
    plate: str | Path | None = None,
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
    PNGs, a pattern such as out/%05d.png, or an image file for a still. A name that ends with a
    slash, or that is an existing folder, is a folder even if it has a dot. Without a `background`,
    .webm, .mov, PNGs and images that move get an alpha channel, and the others a green background.
    `background` is a colour, a path, "blur", "transparent" or any `Background`. `show` writes only
    the alpha, or only the person, instead of the composite. `matte` names a second file for the
    alpha, and `report` a JSON file for the returned report. `plate` names a second file for the
    frames without the person; the output gets the person with alpha, and the `background` is seen
    in the person's place in the plate, which has a hole there without one.

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
    check_named(input=source, background=background)
    check_paths(output=output, matte=matte, plate=plate, report=report)
    check_kinds(settings=(settings, Settings), encoding=(encoding, Encoding))
    check_kinds(span=(span, TimeRange), resume=(resume or Resume(), Resume))
    output, encoding = as_folder(output, encoding)
    source = settings.clip_source(as_source(source, settings.allow, rate=rate, times=times))
    if resume is not None:
        named = (source, output, matte, plate, background, settings.garbage, settings.core)
        check_files(*(Source.of(e) for e in named if isinstance(e, str | Path | Source)))
    clip = from_zero(clip_of(source, settings, span))
    behind = settings.background(background)
    work = Work(settings, clip, *layer_kinds(output, plate, behind, fit, show, encoding))
    outputs = outputs_of(work, output, matte, plate, encoding, overwrite=overwrite)
    report = None if report is None else Path(report)
    ours = resume is not None and report is not None and is_published(report, output)
    # With `resume` an existing file may be our own, so it is checked again once that is known.
    check_targets(
        outputs,
        report,
        files_read(source, clip, behind, settings),
        overwrite=overwrite,
        anew=resume is None,
        report_is_ours=ours,
    )
    logger.info("Reading %s: %s", source, _in_words(clip))
    logger.info("Settings: %s", settings)
    writing: Writing = Whole(outputs)
    if resume is not None:
        told = {"background": background, "fit": fit, "show": show, "encoding": encoding}
        writing = _kept(work, outputs, told, resume, overwrite=overwrite)
    targets = [each.path for each in outputs]
    return _done(Job(work, targets, writing, started, report, overwrite or ours), resume, progress)


def _done(job: Job, resume: Resume | None, progress: Progress | None) -> Report:
    """Do a job while no other may write its files, and log what it made."""
    output, clip = job.targets[0], job.work.clip
    claims = _claims(job.targets, resume)
    written = [each for each in (*claims, job.report) if each and each != PIPE]
    with claimed(written), within_memory(clip, len(job.targets)):
        unfinished = kept_unfinished(output) if resume is None and output != PIPE else None
        job = replace(job, left=left_behind(written), unfinished=unfinished)
        done = job.run(progress)
    logger.info(
        "Wrote %s with %s, %s; frames/s of each stage alone: %s",
        output, done.encoder, done.pixel_format, done.stages,
    )  # fmt: skip
    for warning in done.warnings:
        logger.warning("%s: %s", done.output, warning, extra={"reported": True})
    return done


def _names(targets: list[Path]) -> str:
    """Return what files are called, seen from the folder of the first: its job may move with it."""
    folder = targets[0].absolute().parent
    return ", ".join(repr(os.path.relpath(each.absolute(), folder)) for each in targets)


def _kept(
    work: Work,
    outputs: list[Output],
    told: Mapping[str, object],
    resume: Resume,
    *,
    overwrite: bool,
) -> Writing:
    """Return files whose finished parts are kept: of one share, or of all.

    `told` is what decides, besides source, settings and span, what is written.
    """
    # Only jobs that keep something pay for these imports.
    from sinet_video.models.devices import described
    from sinet_video.pipeline.resuming import fingerprint
    from sinet_video.pipeline.resuming.segments import Segments
    from sinet_video.pipeline.shares import share_of

    settings, clip = work.settings, work.clip
    told = {
        **told,
        "outputs": _names([each.path for each in outputs]), "checkpoint-every": resume.seconds,
        "settings": settings, "span": clip.span, "the device": described(*settings.placed),
    }  # fmt: skip
    job = fingerprint.of_job(files_of(clip), **told)
    if resume.only is not None:
        return share_of(work, outputs, job, resume, overwrite=overwrite)
    return Segments(
        outputs, job, resume, overwrite=overwrite, again=needs_all(work), begun=work.begun
    )


def _claims(targets: list[Path], resume: Resume | None) -> list[Path]:
    """Return the names that a job holds: several shares of an output are made side by side."""
    if resume is None or resume.only is None:
        return targets
    from sinet_video.pipeline.shares import share_path

    return [share_path(target, resume.only) for target in targets]


def _in_words(clip: Clip) -> str:
    rate = f"{float(clip.rate):.3f} frames/s" if clip.rate else "no rate"
    length = f"{clip.duration:.3f} s" if clip.duration else "unknown length"
    return f"{clip.codec}, {clip.width}x{clip.height}, {clip.pixel_format}, {rate}, {length}"
