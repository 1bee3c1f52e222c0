"""One conversion, with its progress shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sinet_video.cli.progress import Progress

if TYPE_CHECKING:
    from sinet_video.cli.options import OutputOptions

    from sinet_video.pipeline import Settings
    from sinet_video.report import Report


def convert_shown(
    source: str | Path,
    output: str | Path,
    look: OutputOptions,
    settings: Settings,
    *,
    matte: str | None = None,
    overwrite: bool,
    quiet: bool,
) -> Report:
    """Convert as the options say, telling stderr how it goes unless `quiet`."""
    from sinet_video.pipeline import convert

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
            overwrite=overwrite,
            progress=progress,
        )
    finally:
        progress.clear()
    progress.finish(report)
    return report
