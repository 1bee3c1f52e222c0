"""Options that say what results show, where they go, and how jobs go on after an interruption.

Nothing heavy is imported here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sinet_video.cli.options.click_options import JOB

from sinet_video.errors import SettingError
from sinet_video.media.time_range import TIME
from sinet_video.option import option as setting

if TYPE_CHECKING:
    from sinet_video.pipeline.resuming.settings import Resume

RESULT = TIME
"""The heading of what is about results: what they show, and of which stretch."""


@dataclass(frozen=True)
class OutputOptions:
    """What the user said about how results look."""

    background: str | None = setting(
        None,
        "A colour (green, #RRGGBB), an image or video file, transparent, blur, or blur:PERCENT, "
        "its radius in percent of the frame's longer side; 2 if not given.",
        RESULT,
        metavar="WHAT",
        kind=str,
        shown="transparent in .webm, .mov and image sequences, else green",
        brief="A colour, a file, blur or transparent.",
    )
    fit: Literal["cover", "contain", "stretch"] = setting(
        "cover",
        "How a background image or video fills the frame.",
        RESULT,
        choices=("cover", "contain", "stretch"),
    )
    show: Literal["composite", "alpha", "foreground"] = setting(
        "composite",
        "Write the composite, the matte alone as gray, or the person without a background.",
        RESULT,
        choices=("composite", "alpha", "foreground"),
        brief="The composite, the matte, or the person.",
    )


@dataclass(frozen=True)
class ResumeOptions:
    """What the user said about going on after an interruption."""

    resume: bool = setting(
        False,
        "Keep finished parts until the job is done. After an interruption, the same command "
        "continues from there.",
        JOB,
        brief="Continue after an interruption.",
    )
    checkpoint_every: float | None = setting(
        None,
        "With --resume or --engine ray: length of the parts.",
        JOB,
        kind=float,
        metavar="SECONDS",
        shown="10",
    )

    only: str | None = setting(
        None,
        "Make only part K of N, so that N machines share the work; join puts the parts together.",
        JOB,
        kind=str,
        metavar="K/N",
    )

    def wanted(self) -> Resume | None:
        """Return the library's setting."""
        from sinet_video.pipeline.resuming.settings import Resume
        from sinet_video.pipeline.shard import Shard

        if self.only is not None:
            return Resume(self.checkpoint_every or 10, Shard.parse(self.only))
        if not self.resume:
            if self.checkpoint_every is not None:
                raise SettingError("--checkpoint-every needs --resume; give both.")
            return None
        return Resume() if self.checkpoint_every is None else Resume(self.checkpoint_every)
