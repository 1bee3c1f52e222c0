"""Conversions whose files may be on other hosts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sinet_video.atomic import check_file, store, translate_write_errors
from sinet_video.containers.formats import CONTAINERS, PIPE
from sinet_video.containers.numbering import is_pattern
from sinet_video.encoding.open_sink import as_folder, check_output
from sinet_video.encoding.settings import Encoding
from sinet_video.errors import SettingError
from sinet_video.pipeline.conversion import Conversion
from sinet_video.pipeline.job import Progress
from sinet_video.pipeline.report import Report
from sinet_video.remote.address import (
    StrPath,
    any_remote,
    check_allowed,
    is_remote,
    pure_path,
    scheme_of,
    suffix_of,
    without_secrets,
)
from sinet_video.remote.settings import StageSettings

if TYPE_CHECKING:
    from sinet_video.remote.staging import Stage


def convert_staged(
    conversion: Conversion,
    source: StrPath,
    output: StrPath,
    *,
    matte: StrPath | None = None,
    plate: StrPath | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
    report: str | Path | None = None,
    stage: StageSettings = StageSettings(),
) -> Report:
    """Convert one file, as `convert` does; input, background and outputs may be URLs.

    s3://, gs://, az:// and http(s):// are allowed if `conversion.settings.allow` is "network".
    Inputs are copied to the local disk first. Outputs are made there and appear at their host
    when they are whole and the job is done, or not at all; HTTP gets them by PUT. Playlists and
    other streams are not copied but read as they come.
    """
    if not any_remote(source, output, matte, plate, *_read_beside(conversion).values()):
        return conversion(
            _local(source), output, matte=matte, plate=plate,
            overwrite=overwrite, progress=progress, report=report,
        )  # fmt: skip
    check_remote(conversion, source, output, matte, plate)
    if report is not None:
        check_file(Path(report), overwrite=overwrite)
    _check_results(conversion, output, matte, plate, overwrite=overwrite)
    from sinet_video.remote.staging import staged  # only these jobs pay for it

    with staged(stage) as here:
        with here.named_as_given():
            done = _converted(here, conversion, (source, output, matte, plate), overwrite, progress)
        here.deliver()
    if report is not None:
        with translate_write_errors(Path(report)):
            store(Path(report), f"{done.to_json()}\n".encode())
    return done


def check_remote(conversion: Conversion, *names: StrPath | None) -> None:
    """Raise `SettingError` for URLs that are not allowed, or that this job cannot have."""
    for name in (*names, *_read_beside(conversion).values()):
        if isinstance(name, str) and is_remote(name):
            check_allowed(name, conversion.settings.allow)
    for output in names[1:]:
        if output is not None:
            check_output_url(output)
    if conversion.resume is not None:
        raise SettingError(
            "A job with files on other hosts keeps nothing there that it could go on from; give "
            "local files for resume."
        )


def _read_beside(conversion: Conversion) -> dict[str, object]:
    """Return what a job reads beside its input, by what it is to it."""
    settings = conversion.settings
    return {
        "background": conversion.background, "garbage": settings.garbage, "core": settings.core,
    }  # fmt: skip


def _check_results(
    conversion: Conversion,
    output: StrPath,
    matte: StrPath | None,
    plate: StrPath | None,
    *,
    overwrite: bool,
) -> None:
    """Raise what `convert` would of its outputs, before anything is copied."""
    kind = f"output{suffix_of(output)}" if is_remote(output) else output
    path, encoding = as_folder(kind, conversion.encoding)
    if plate is None:  # which decides what the output is
        replace(unstaged(conversion), encoding=encoding).check(path)
    given = [(output, conversion.encoding), (matte, Encoding()), (plate, Encoding())]
    for name, wanted in given:
        if name is not None and not is_remote(name):
            local, own = as_folder(name, wanted)
            check_output(local, PIPE, form=own.format, overwrite=overwrite)


def unstaged(conversion: Conversion) -> Conversion:
    """Return a conversion to check results by before anything is copied: any background will do."""
    return replace(conversion, background="green") if _is_far(conversion.background) else conversion


def _is_far(name: object) -> bool:
    return isinstance(name, str) and is_remote(name)


def check_output_url(output: StrPath) -> None:
    """Raise `SettingError` for a URL that no file can be put at."""
    numbered = is_pattern(Path(pure_path(output).name))
    if scheme_of(output) and (numbered or suffix_of(output) not in CONTAINERS):
        raise SettingError(
            f"{without_secrets(output)} cannot be written as a whole; on other hosts only files "
            f"can: {', '.join(sorted(CONTAINERS))}."
        )


def _converted(
    here: Stage,
    conversion: Conversion,
    names: tuple[StrPath, StrPath, StrPath | None, StrPath | None],
    overwrite: bool,
    progress: Progress | None,
) -> Report:
    source, output, *others = names
    target = _target(here, output, overwrite=overwrite)
    beside, below = (
        None if name is None else _target(here, name, overwrite=overwrite) for name in others
    )
    conversion = _with_copies(here, conversion)
    copy = here.fetch(str(source)) if is_remote(source) else _local(source)
    report = conversion(
        copy, target, matte=beside, plate=below, overwrite=overwrite, progress=progress
    )
    return _renamed(here, report, *names)


def _with_copies(here: Stage, conversion: Conversion) -> Conversion:
    """Return a conversion that reads copies of what is remote."""
    copies: dict[str, Any] = {
        what: here.fetch(str(name))
        for what, name in _read_beside(conversion).items()
        if _is_far(name)
    }
    background = copies.pop("background", conversion.background)
    settings = replace(conversion.settings, **copies)
    return replace(conversion, background=background, settings=settings)


def _local(name: StrPath) -> StrPath:
    """Return what is not fetched as the library takes it: a path, or a stream's URL."""
    return name if scheme_of(name) else Path(name)


def _target(here: Stage, name: StrPath, *, overwrite: bool) -> Path:
    return here.output(str(name), overwrite=overwrite) if is_remote(name) else Path(name)


def _renamed(
    here: Stage,
    report: Report,
    source: StrPath,
    output: StrPath,
    matte: StrPath | None,
    plate: StrPath | None,
) -> Report:
    """Return a report with the names that were given, without what signs them."""
    given = (source, output, matte, plate)
    shown = [None if name is None else without_secrets(name) for name in given]
    return replace(
        report, source=shown[0] or "", output=shown[1] or "", matte=shown[2], plate=shown[3],
        warnings=list(map(here.as_given, report.warnings)),
    )  # fmt: skip
