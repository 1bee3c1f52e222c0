"""What a job reads and writes, and whether it may."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sinet_video.atomic import OVERWRITE, abandoned, check_file, parts_name
from sinet_video.containers.formats import PIPE
from sinet_video.decoding.access import Source
from sinet_video.decoding.clip import Clip
from sinet_video.decoding.sequence import StillImages
from sinet_video.encoding.open_sink import Taken, as_folder, check_output
from sinet_video.encoding.settings import Encoding
from sinet_video.errors import OutputError, Remedy
from sinet_video.paths import clash, read_text
from sinet_video.pipeline.chain import Work
from sinet_video.pipeline.outputs import Output, roles
from sinet_video.pipeline.settings import Settings
from sinet_video.stages.composite import Background


def left_behind(targets: list[Path]) -> tuple[Path, ...]:
    """Return what runs that were killed have left of the same files."""
    with suppress(OSError):
        return tuple(part for path in targets for part in abandoned(path))
    return ()


def kept_unfinished(output: Path) -> Path | None:
    """Return the folder of an interrupted job of the same output, which a whole one has no use for.

    It is not removed: what is in it may be hours of work.
    """
    name, target = parts_name(output), output.absolute()
    if not any(folder.is_dir() for folder in (target.with_name(name), target / name)):
        return None
    from sinet_video.pipeline.resuming.job_folder import folder_of, state_in

    folder = folder_of(output)
    return None if state_in(folder) is None else folder


def files_read(
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


def check_targets(
    outputs: list[Output],
    report: Path | None,
    reads: dict[str, Path],
    *,
    overwrite: bool,
    anew: bool,
    report_is_ours: bool = False,
) -> None:
    """Raise `SettingError` or `OutputError` if what is asked for cannot or must not be written."""
    source = reads.get("input", PIPE)
    taken: dict[str, Taken] = {}
    for what, output in zip(roles(outputs), outputs, strict=True):
        # With `resume` an existing file may be our own, so it is checked again once that is known.
        form = output.encoding.format
        with _kills_told([each.path for each in outputs], report):
            check_output(output.path, source, form=form, overwrite=overwrite or not anew)
        if output.path != PIPE:
            taken[what] = Taken.by(output.path, output.plan)
    if report is not None:
        taken["report"] = Taken(report, None)
        with _kills_told([each.path for each in outputs], report):
            check_file(report, overwrite=overwrite or report_is_ours)
    _check_apart(taken, reads)


@contextmanager
def _kills_told(targets: list[Path], report: Path | None) -> Iterator[None]:
    """Where a file is in the way, say whether it may be of a run that was killed at its end."""
    try:
        yield
    except OutputError as error:
        written = [*targets, *([] if report is None else [report])]
        left = left_behind([path for path in written if path != PIPE])
        if error.remedy != OVERWRITE or not left:
            raise
        raise OutputError(
            f"{error.message} A run that was killed left {', '.join(map(str, left))}, so some of "
            "its files may be missing.",
            remedy=Remedy("overwrite", True, "to make them all again, or give other names"),
        ) from error


def is_published(report: Path, output: Path) -> bool:
    """Whether a report is of a job that was killed after it had given its files their names.

    Such a job can be resumed, which only has to tidy up.
    """
    from sinet_video.pipeline.resuming.job_folder import is_finished  # only resumed jobs ask

    state = is_finished(output)
    if state is None or state.made is None:
        return False
    try:
        told = json.loads(read_text(report))
    except (OSError, ValueError):
        return False
    return isinstance(told, dict) and told.get("output") == str(output)


def _check_apart(taken: dict[str, Taken], reads: dict[str, Path]) -> None:
    """Raise `SettingError` if a job would write what it reads, or write a file twice."""
    names = list(taken)
    for index, what in enumerate(names):
        other = next((n for n in names[:index] if taken[what].meets(taken[n])), None)
        other = other or next((n for n, path in reads.items() if taken[what].includes(path)), None)
        if other is not None:
            rival = taken[other].path if other in taken else reads[other]
            raise clash(what, taken[what].path, other, rival)


def outputs_of(
    work: Work,
    output: Path,
    matte: str | Path | None,
    plate: str | Path | None,
    encoding: Encoding,
    *,
    overwrite: bool,
) -> list[Output]:
    """Return what to open: the output with its companions, the matte alone, and the plate.

    The plate is encoded as the output is if both are of one kind.
    """
    clip, on_error = work.clip, work.settings.on_error
    made = [Output(output, clip, work.look.content, encoding, True, on_error, overwrite)]
    if matte is not None:
        path, alone = as_folder(matte, Encoding())
        made.append(Output(path, clip, "alpha", alone, overwrite=overwrite))
    if plate is not None and work.plate is not None:
        same = Path(plate).suffix.lower() == output.suffix.lower()
        path, own = as_folder(plate, encoding if same else Encoding())
        content = work.plate.content
        made.append(Output(path, clip, content, own, overwrite=overwrite, is_plate=True))
    return made


def files_of(clip: Clip) -> list[Path]:
    """Return the files that a clip is read from: one, or those of an image sequence."""
    if isinstance(clip.images, StillImages):
        return [image for image in clip.images.images if isinstance(image, Path)]
    return [Path(clip.path)]
