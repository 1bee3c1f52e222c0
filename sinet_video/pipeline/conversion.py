"""Everything that `convert` is told but the files, in one value that goes for many of them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from sinet_video.decoding.access import Source, StrPath
from sinet_video.encoding.plan import plan
from sinet_video.encoding.settings import Encoding
from sinet_video.media.time_range import TimeRange
from sinet_video.pipeline.convert import convert
from sinet_video.pipeline.job import Progress
from sinet_video.pipeline.output_kind import Show, output_kind
from sinet_video.pipeline.report import Report
from sinet_video.pipeline.resuming.settings import Resume
from sinet_video.pipeline.settings import Settings
from sinet_video.stages.composite import Background
from sinet_video.stages.fit_background import Fit


@dataclass(frozen=True)
class Conversion:
    """The options of `convert`, which says what each means; call it with an input and an output."""

    background: StrPath | Source | Background | None = None
    fit: Fit = "cover"
    show: Show = "composite"
    settings: Settings = Settings()
    encoding: Encoding = Encoding()
    span: TimeRange = TimeRange()
    resume: Resume | None = None

    def __call__(
        self,
        source: StrPath | Source,
        output: str | Path,
        *,
        matte: str | Path | None = None,
        plate: str | Path | None = None,
        overwrite: bool = False,
        progress: Progress | None = None,
        report: str | Path | None = None,
    ) -> Report:
        """Convert one file, as `convert` does."""
        return convert(
            source,
            output,
            background=self.background,
            fit=self.fit,
            show=self.show,
            matte=matte,
            plate=plate,
            settings=self.settings,
            encoding=self.encoding,
            span=self.span,
            resume=self.resume,
            overwrite=overwrite,
            progress=progress,
            report=report,
        )

    def check(self, output: Path) -> None:
        """Raise, as `convert` would, for what no input could be converted with.

        `output` is the name of a result.
        """
        behind = self.settings.background(self.background)
        kind = output_kind(output, behind, self.fit, self.show, self.encoding)
        plan(output, kind.content, "yuv420p", self.encoding)
        self.settings.load()

    def described(self) -> dict[str, str]:
        """Return every option that decides what is written, as text, by its name.

        Files are described by their size, time of change and content, functions by their names.
        """
        from sinet_video.pipeline.resuming import fingerprint

        values = {each.name: getattr(self, each.name) for each in fields(self)}
        del values["resume"]  # it decides how a clip is made, and is no reason to make it again
        return fingerprint.described(**values)
