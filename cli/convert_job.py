"""One conversion, with its progress shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from sinet_video.cli.progress import Progress
from sinet_video.cli.streams import printable

if TYPE_CHECKING:
    from sinet_video.cli.output_options import OutputOptions

    from sinet_video.pipeline.report import Report
    from sinet_video.pipeline.resume import Resume
    from sinet_video.pipeline.settings import Settings


def convert_shown(
    source: str | Path,
    output: str | Path,
    look: OutputOptions,
    settings: Settings,
    *,
    matte: str | None = None,
    resume: Resume | None = None,
    overwrite: bool,
    quiet: bool,
    report_file: str | None = None,
) -> Report:
    """Convert as the options say, telling stderr how it goes unless `quiet`."""
    from sinet_video.pipeline.convert import convert

    progress = Progress(look.span(), quiet=quiet)
    try:
        report = convert(
            source,
            output,
            background=look.background,
            fit=look.fit,
            show=look.show,
            matte=matte,
            settings=settings,
            encoding=look.encoding(),
            span=look.span(),
            resume=resume,
            overwrite=overwrite,
            progress=progress,
            report=report_file,
        )
    except BaseException as error:
        progress.clear()
        if isinstance(error, KeyboardInterrupt | SystemExit):
            click.echo(printable(f"Note: stopped; {output} was not made."), err=True)
        if resume is not None and progress.begun:
            _say_what_is_kept(Path(output))
        raise
    progress.clear()
    progress.finish(report)
    return report


def _say_what_is_kept(output: Path) -> None:
    from sinet_video.pipeline.job_folder import folder_of, is_finished

    kept = is_finished(output)
    if kept is not None:
        click.echo(
            f"Note: {kept.frames} frames are finished and kept in {folder_of(output)}; the same "
            "command goes on from there.",
            err=True,
        )
