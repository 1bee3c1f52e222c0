"""One conversion, with its progress shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from sinet_video.cli.lazy_commands import loading
from sinet_video.cli.options.click_options import Command, options_from
from sinet_video.cli.options.output import OutputOptions, ResumeOptions

from sinet_video.encoding.settings import Encoding
from sinet_video.errors import SettingError
from sinet_video.media.time_range import TimeRange
from sinet_video.pipeline.settings import Settings
from sinet_video.remote.settings import StageSettings
from sinet_video.words import counted, printable

if TYPE_CHECKING:
    from sinet_video.cli.terminal.console import Console
    from sinet_video.cli.terminal.progress import Progress

    from sinet_video.batches.ray_engine import RayEngine
    from sinet_video.decoding.clip import Clip
    from sinet_video.pipeline.conversion import Conversion
    from sinet_video.pipeline.report import Report
    from sinet_video.pipeline.resuming.settings import Resume


@dataclass(frozen=True)
class Job:
    """What the user said about a conversion, but for its files."""

    look: OutputOptions
    span: TimeRange
    encoding: Encoding
    settings: Settings
    resuming: ResumeOptions
    stage: StageSettings

    def conversion(self, resume: Resume | None = None) -> Conversion:
        """Return the same as the library has it, perhaps with other ways of going on."""
        with loading():
            from sinet_video.pipeline.conversion import Conversion

        return Conversion(
            background=self.look.background,
            fit=self.look.fit,
            show=self.look.show,
            settings=self.settings,
            encoding=self.encoding,
            span=self.span,
            resume=resume or self.resuming.wanted(),
        )

    def joining(self) -> Conversion:
        """Return the same with the segments that the parts of a film have."""
        from sinet_video.pipeline.resuming.settings import Resume

        seconds = self.resuming.checkpoint_every
        resume = Resume() if seconds is None else Resume(seconds)
        return replace(self, resuming=ResumeOptions()).conversion(resume)

    def is_done(self, output: str) -> bool:
        """Whether an output exists that is not an interrupted job's to finish."""
        from sinet_video.batches.decide import is_there
        from sinet_video.remote.address import is_remote
        from sinet_video.remote.store import store_of

        if is_remote(output):
            return not store_of(output).is_free(output)
        return output != "-" and is_there(Path(output))

    def convert(
        self,
        source: str | Path,
        output: str | Path,
        *,
        matte: str | None = None,
        plate: str | None = None,
        overwrite: bool,
        console: Console,
        report_file: str | None = None,
    ) -> Report:
        """Convert as the options say, saying how it goes."""
        with loading():
            from sinet_video.remote.convert import convert_staged

        conversion, progress = self.conversion(), console.progress(self.span)
        resume = conversion.resume
        with _ending_told(progress, output, keeps=resume is not None):
            report = convert_staged(
                conversion,
                source,
                output,
                matte=matte,
                plate=plate,
                overwrite=overwrite,
                progress=progress,
                report=report_file,
                stage=self.stage,
            )
        progress.clear()
        if resume is not None and resume.only is not None:
            console.note(
                f"Made part {resume.only} of {output}: {counted(report.frames, 'frame')}; join "
                "them all."
            )
        else:
            progress.finish(_as_typed(report, output=output, matte=matte, plate=plate))
        return report

    def convert_in_shares(
        self,
        source: str,
        output: str,
        engine: RayEngine,
        *,
        shares: int | None,
        matte: str | None,
        plate: str | None,
        overwrite: bool,
        console: Console,
    ) -> Report:
        """Convert on a cluster, saying how it goes."""
        from sinet_video.batches.film import convert_in_shares

        self._check_shareable(source, output, matte, plate)
        progress = console.progress(self.span)

        def shown(frames: int, clip: Clip) -> None:
            if not progress.begun:
                progress.restart()  # a cluster takes its time to start
            progress(frames, clip)

        with _ending_told(progress, output, keeps=True):
            report = convert_in_shares(
                source,
                output,
                self.joining(),
                shares=shares,
                engine=engine,
                matte=matte,
                overwrite=overwrite,
                progress=shown,
            )
        progress.finish(report)
        return report

    def _check_shareable(self, *names: str | None) -> None:
        """Raise `SettingError` for what only one machine can make; the plate is the last."""
        from sinet_video.remote.address import is_remote

        if self.resuming.only is not None:
            raise SettingError("--engine ray makes all parts; leave out --only.")
        if names[-1] is not None:
            raise SettingError("--layers cannot be made in parts; leave out --engine ray.")
        for name in filter(None, names):
            if is_remote(name):
                raise SettingError(
                    f"{name} is on another host, and --engine ray makes parts of files that all "
                    "machines see; use batch --engine ray, which makes a clip in one piece."
                )


PARTS: tuple[tuple[type, str], ...] = (
    (OutputOptions, "look"),
    (TimeRange, "span"),
    (Encoding, "encoding"),
    (Settings, "settings"),
    (ResumeOptions, "resuming"),
    (StageSettings, "stage"),
)
"""The settings classes of a job, in the order in which help lists their options."""


def job_options(command: Command) -> Command:
    """Add the options of a job; the command gets them as one value, `job`."""

    @wraps(command)
    def gathered(**given: Any) -> None:
        parts = {name: given.pop(name) for _, name in PARTS}
        command(**given, job=Job(**parts))

    decorated: Command = gathered
    for kind, name in reversed(PARTS):
        decorated = options_from(kind, name)(decorated)
    return decorated


def _as_typed(report: Report, **names: str | Path | None) -> Report:
    """Return a report in which patterns with # are called as they were typed."""
    from sinet_video.containers.numbering import is_pattern

    given: dict[str, Any] = {what: str(name) for what, name in names.items() if name is not None}
    return replace(report, **{what: name for what, name in given.items() if is_pattern(Path(name))})


@contextmanager
def _ending_told(progress: Progress, output: str | Path, *, keeps: bool) -> Iterator[None]:
    """Say of a job that is stopped or fails that there is no output, and what it `keeps`."""
    try:
        yield
    except BaseException as error:
        progress.clear()
        if isinstance(error, KeyboardInterrupt | SystemExit):
            click.echo(printable(f"Note: stopped; {output} was not made."), err=True)
        if keeps and progress.begun:
            _say_what_is_kept(Path(output))
        raise


def _say_what_is_kept(output: Path) -> None:
    """Say how many frames are finished, of the whole or of its parts."""
    from sinet_video.pipeline.join import share_folders
    from sinet_video.pipeline.resuming.job_folder import folder_of, state_in

    folders = [folder_of(output), *share_folders(output)]
    frames = sum(state.frames for state in map(state_in, folders) if state is not None)
    if frames:
        kept = folders[0] if len(folders) == 1 else f"hidden folders beside {output}"
        finished = counted(frames, "frame is", "frames are")
        said = f"Note: {finished} finished and kept in {kept}; the same command goes on from there."
        click.echo(printable(said), err=True)
