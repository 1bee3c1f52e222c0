"""Options that say how results look, are encoded, and go on after an interruption.

Nothing heavy is imported here.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click
from sinet_video.cli.options import Moment, grouped

from sinet_video.errors import SettingError

if TYPE_CHECKING:
    from sinet_video.encoding.plan import Encoding
    from sinet_video.media.time_range import TimeRange
    from sinet_video.pipeline.resume import Resume


@dataclass(frozen=True)
class OutputOptions:
    """What the user said about how results look and are encoded; see `output_options`."""

    background: str | None
    fit: Literal["cover", "contain", "stretch"]
    show: Literal["composite", "alpha", "foreground"]
    codec: str | None
    crf: float | None
    preset: str | None
    form: str | None
    audio: Literal["copy", "encode", "none"]
    alpha: Literal["straight", "premultiplied"] | None
    start: Fraction | None
    end: Fraction | None

    def encoding(self) -> Encoding:
        """Return the library's encoding settings."""
        from sinet_video.encoding.plan import Encoding

        return Encoding(self.codec, self.crf, self.preset, self.form, self.audio, self.alpha)

    def check(self, output: str) -> None:
        """Raise `SettingError` for what no clip can be written as, before any is begun."""
        from sinet_video.decoding.access import Source
        from sinet_video.encoding.plan import plan
        from sinet_video.pipeline.chain import output_kind

        path, encoding = Path(output), self.encoding()
        background = None if self.background is None else Source(self.background, "network")
        kind = output_kind(path, background, self.fit, self.show, encoding)
        plan(path, kind.content, "yuv420p", encoding)

    def span(self) -> TimeRange:
        """Return the stretch of the clip."""
        from sinet_video.media.time_range import TimeRange

        return TimeRange(self.start, self.end)


_OUTPUT = (
    click.option(
        "--background",
        metavar="WHAT",
        help="A colour (green, #RRGGBB), an image or video file, blur, blur:RADIUS or transparent. "
        "Default: transparent for .webm, .mov and PNGs, else green.",
    ),
    click.option(
        "--fit",
        type=click.Choice(["cover", "contain", "stretch"]),
        default="cover",
        help="How an image or video fills the frame.",
    ),
    click.option(
        "--show",
        type=click.Choice(["composite", "alpha", "foreground"]),
        default="composite",
        help="The result, the matte alone as gray, or the person alone.",
    ),
    click.option(
        "--codec", help="h264, hevc, av1, vp9, prores, qtrle, ffv1, png, tiff, exr or rawvideo."
    ),
    click.option("--crf", type=float, help="Quality; lower is better and larger."),
    click.option("--preset", help="Speed against size, by the encoder's own names."),
    click.option(
        "--format",
        "form",
        type=click.Choice(["nut", "y4m", "rawvideo", "png", "tiff", "exr"]),
        help="What - as OUTPUT gets (the first three; nut keeps times, alpha and sound) or a "
        "folder (the others).  [default: nut; png]",
    ),
    click.option(
        "--audio",
        type=click.Choice(["copy", "encode", "none"]),
        default="copy",
        help="Keep the sound's packets (where the file can hold them), encode it anew, or leave it "
        "out.",
    ),
    click.option(
        "--alpha",
        type=click.Choice(["straight", "premultiplied"]),
        help="Whether colours beside an alpha channel are multiplied by it.  [default: "
        "premultiplied in .exr, else straight]",
    ),
    click.option("--start", type=Moment(), help="Begin here: seconds or h:mm:ss."),
    click.option("--end", type=Moment(), help="Stop before this."),
)


@dataclass(frozen=True)
class ResumeOptions:
    """What the user said about going on after an interruption; see `resume_options`."""

    resume: bool
    segment: float | None

    def wanted(self) -> Resume | None:
        """Return the library's setting."""
        from sinet_video.pipeline.resume import Resume

        if not self.resume:
            if self.segment is not None:
                raise SettingError("--segment is for jobs that can go on; give --resume as well.")
            return None
        return Resume() if self.segment is None else Resume(self.segment)


_RESUME = (
    click.option(
        "--resume",
        is_flag=True,
        help="Keep what is finished until all is: the same command goes on from there after an "
        "interruption.",
    ),
    click.option(
        "--segment",
        type=float,
        metavar="SECONDS",
        help="With --resume: how much of the result is finished at a time.  [default: 10]",
    ),
)

output_options = grouped(OutputOptions, "look", _OUTPUT)
resume_options = grouped(ResumeOptions, "going_on", _RESUME)
