"""Settings: every choice in one value, and the option for each.

Nothing heavy is imported here before a network is loaded, so that the command lists its options
quickly.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from sinet_video.errors import InputError, SettingError
from sinet_video.media.frame_size import FrameSize
from sinet_video.media.time_range import Rate, exact_rate
from sinet_video.models.network_settings import NETWORK, NetworkSettings
from sinet_video.option import option, parts
from sinet_video.pipeline.parse_settings import parse_refinement, parse_smoothing
from sinet_video.stages.matte_settings import (
    EDGE,
    MATTE,
    EdgeShape,
    Following,
    GuidedRefinement,
    Refinement,
    RegionFilter,
    Smoothing,
    SourceAlpha,
    Unsure,
    WindowMean,
)
from sinet_video.stages.screen.settings import ChromaKey, Despill, parse_despill

if TYPE_CHECKING:
    from sinet_video.decoding.access import Allow, Source, StrPath
    from sinet_video.decoding.clip import Clip
    from sinet_video.decoding.concealment import OnError
    from sinet_video.decoding.given import Readable
    from sinet_video.stages.composite import Background

SCREEN, INPUT = "Green screen", "Input"
"""Headings of options, beside those of the stages."""

IPT = 5
"""The profile of Dolby Vision that has no base layer for other decoders."""


@dataclass(frozen=True)
class Settings(NetworkSettings):
    """How a person is found and cut out; every field has a sensible default.

    The network's fields, such as `weights` and `size`, are those of `NetworkSettings`. Raises
    `SettingError` for a value that cannot be.

    Attributes:
        following: how closely to follow people, so that the network sees them larger; None to turn
            it off.
        unsure: what becomes of regions in which the network is nowhere sure of a person, which are
            furniture and clothes mostly: "drop" or "keep". It is known of the packaged weights
            when they are sure; with others nothing is dropped.
        smoothing: how to smooth alpha over time; None to turn it off.
        regions: which regions to keep: removal of islands and holes, and one subject.
        refinement: how to enlarge alpha to full size.
        key: how to key alpha from a single-colour screen, together with the network; None if there
            is no screen.
        edge: how to move and soften the edge after that.
        garbage, core: image or video files; alpha is finally forced to 0, or to 1, where they are
            white. A video starts with the clip's first frame and is synchronised with it.
        despill: which screen's light `convert` removes from the person; None for none.
        decontaminate: whether `convert` removes the old background's colour from the edge.
        frame_size: how much smaller or larger than the source the result is.
        source_alpha: how to use an alpha channel of the source: "multiply" combines it with the
            matte, "keep" uses it instead of the network's, "ignore" ignores it.
        deinterlace: whether to deinterlace frames that are marked as interlaced.
        on_error: "stop", or "conceal" to skip what cannot be read of a damaged file.
        stream: index of the source's video stream to use; None for the best: one that moves, is the
            file's default, has the most frames, or is libav's choice.
        stacked: whether the source has alpha below its colours, also if its file does not say so.
        rate: frames per second of an image sequence, a number or text, kept as an exact fraction:
            29.97 is 30000/1001. None is for the times in its timestamps.txt, and 25 where there is
            none.
        allow: what the source, the background and drawn mattes may open: "nothing" else; "files"
            that a playlist or the like names; "network", URLs too, so that each of them may be one.
    """

    following: Following | None = option(
        Following(),
        "Follow people who are small in the frame, so that the network sees them larger.",
        NETWORK,
        name="follow",
        off="no-follow",
        kind=bool,
        typed=True,
        parse=lambda wanted: Following() if wanted else None,
    )
    unsure: Unsure = option(
        "drop",
        "Drop regions in which the network is nowhere sure of a person, mostly furniture and "
        "clothes, or keep them.",
        MATTE,
        choices=get_args(Unsure),
    )
    smoothing: Smoothing = option(
        WindowMean(),
        "Temporal smoothing: window or window:FRAMES (uses the frames before and after), adaptive "
        "or exponential, with an optional :WEIGHT (use the frames before), or off.",
        MATTE,
        name="smooth",
        parse=parse_smoothing,
        typed="window",
        metavar="HOW",
    )
    regions: RegionFilter = parts(RegionFilter())
    refinement: Refinement = option(
        GuidedRefinement(),
        "guided fits the matte to the edges in the frame; bilinear only enlarges it.",
        MATTE,
        name="refine",
        parse=parse_refinement,
        typed="guided",
        choices=("guided", "bilinear"),
    )
    key: ChromaKey | None = option(
        None,
        "Key out the screen behind the person: green, blue or another colour; auto detects a "
        "green or blue screen.",
        SCREEN,
        parse=ChromaKey,
        metavar="COLOUR",
        brief="Key a screen: green, blue, #RRGGBB or auto.",
    )
    edge: EdgeShape = parts(EdgeShape())
    garbage: StrPath | Source | None = option(
        None,
        "Garbage matte: an image or video that is white where everything must be removed.",
        MATTE,
        kind=str,
        metavar="FILE",
        brief="Garbage matte; white removes.",
    )
    core: StrPath | Source | None = option(
        None,
        "Core matte: an image or video that is white where everything must be kept.",
        MATTE,
        kind=str,
        metavar="FILE",
        brief="Core matte; white keeps.",
    )
    despill: Despill | None = option(
        None,
        "Remove the screen's spill from the person: green, blue, another colour or off; auto uses "
        "the colour of --key.",
        SCREEN,
        parse=parse_despill,
        needs=("key",),
        typed="auto",
        metavar="COLOUR",
    )
    decontaminate: bool = option(
        True,
        "Remove the old background's colour from the edge.",
        EDGE,
        off="no-decontaminate",
    )
    frame_size: FrameSize = parts(FrameSize())
    source_alpha: SourceAlpha = option(
        "multiply",
        "How to use INPUT's own alpha channel: multiply the matte by it, keep it instead of the "
        "matte, or ignore it.",
        MATTE,
        choices=get_args(SourceAlpha),
    )
    deinterlace: bool = option(False, "Deinterlace INPUT; the frame rate stays the same.", INPUT)
    on_error: OnError = option(
        "stop",
        "If INPUT is damaged: stop and write nothing, or conceal the damage and continue.",
        INPUT,
        choices=("stop", "conceal"),
    )
    stream: int | None = option(
        None,
        "Index of the video stream to use; info lists them.",
        INPUT,
        kind=int,
        metavar="NUMBER",
        shown="the main one",
    )
    stacked: bool = option(
        False,
        "INPUT has alpha as gray below its colours, in frames of twice the height; what "
        "--alpha-mode stacked wrote is recognised without it.",
        INPUT,
    )
    rate: Rate | None = option(
        None,
        "Frames per second of an image sequence, such as 24 or 24000/1001; 23.976, 29.97 and 59.94 "
        "are the exact NTSC rates.",
        INPUT,
        kind=str,
        parse=exact_rate,
        metavar="FPS",
        shown="those of its timestamps.txt, else 25",
    )
    allow: Allow = option(
        "nothing",
        "What may be read besides the named files: nothing; files that they refer to, such as "
        "those of a playlist; or the network as well, which URLs need.",
        INPUT,
        choices=("nothing", "files", "network"),
    )

    def __post_init__(self) -> None:
        if self.rate is not None:
            object.__setattr__(self, "rate", exact_rate(self.rate))
        super().__post_init__()
        for what, drawn in (("Garbage", self.garbage), ("Core", self.core)):
            if drawn is not None and not isinstance(getattr(drawn, "path", drawn), str | Path):
                raise SettingError(
                    f"{what} is of the type {type(drawn).__name__}; it must be the path of an "
                    "image or a video."
                )

    def __repr__(self) -> str:
        changed = [e for e in fields(self) if getattr(self, e.name) != e.default]
        named = (f"{each.name}={getattr(self, each.name)!r}" for each in changed)
        return f"Settings({', '.join(named)})"

    def reads(self) -> dict[str, Path]:
        """Return the files that are read besides a clip, by what they are."""
        from sinet_video.decoding.access import Source

        named = {
            "garbage matte": self.garbage,
            "core matte": self.core,
            "weights": self.weights,
        }
        given = {what: n.path if isinstance(n, Source) else n for what, n in named.items()}
        files = {what: Path(name) for what, name in given.items() if name is not None}
        return {what: path for what, path in files.items() if os.path.lexists(path)}

    def sized(self, clip: Clip) -> Clip:
        """Return the clip with frames of the wanted size."""
        upright = not clip.orientation.sideways
        return clip.resized(*self.frame_size.of(clip.width, clip.height, sideways=not upright))

    def check(self, clip: Clip) -> None:
        """Raise `SettingError` if these settings are impossible for a clip.

        Raises `InputError` for Dolby Vision without ordinary YUV.
        """
        if clip.dolby_vision == IPT:
            raise InputError(
                f"{clip.path} is Dolby Vision of profile {IPT}, whose colours are not ordinary YUV "
                "and would come out green and purple; convert it to HDR10 or SDR first, such as "
                "with ffmpeg's filter libplacebo."
            )
        if self.source_alpha == "keep" and clip.alpha is None:
            raise SettingError(f"{clip.path} has no alpha to keep; choose multiply or ignore.")

    def source(self, given: Readable) -> Source:
        """Return a `Source` as it is, and a file or URL as one with these settings' `allow`."""
        from sinet_video.decoding.access import Source

        return Source.of(given, self.allow)

    def background(self, given: StrPath | Source | Background | None) -> Source | Background | None:
        """Return a background that is named as a `source`, and any other as it is."""
        return self.source(given) if isinstance(given, str | Path) else given

    def clip_source(self, given: Readable) -> Source:
        """Return the file or URL of the clip: as `source`, its stream by `stream`, and its rate."""
        found = self.source(given)
        stream = self.stream if found.stream is None else found.stream
        rate = self.rate if found.rate is None else found.rate
        stacked = self.stacked or found.stacked
        return replace(found, stream=stream, rate=rate, stacked=stacked)
