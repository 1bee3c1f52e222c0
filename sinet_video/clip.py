"""What is known of a video file before its pictures are read, and which stretch of it is meant."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import av
from av.video.reformatter import ColorRange

from sinet_video.errors import SettingError
from sinet_video.frame import shown_aspect
from sinet_video.hdr import Hdr
from sinet_video.orientation import Orientation
from sinet_video.pixels import PLANAR, SUFFIXES, guessed_matrix, unread
from sinet_video.reach import Allow, StrPath

if TYPE_CHECKING:
    from sinet_video.piped import Piped

PIPE = Path("-")
"""What stands for standard input and standard output."""
RATE_IF_UNKNOWN = Fraction(25)
"""Frames a second, where a file does not say."""
_SAMPLED = {
    (8, 8): "420", (8, 16): "422", (16, 16): "444", (16, 8): "440", (4, 16): "411", (4, 4): "410",
}  # fmt: skip

ROUNDED = re.compile(r"gbra?pf32|grayf32|xyz12")
"""Formats of pictures whose samples are rounded on decoding: floating point, and XYZ."""

NOT_HELD = re.compile(
    r"bayer_|yaf|rgba?f|gbra?pf16|grayf16|gray32|gbrap32|rgb96|rgba128|uyyvyy411|(rgb|bgr)4$|"
    r"(v30x|xv30|x2rgb10|x2bgr10|y21[026])be|.*msbbe"
)
"""Formats that libswscale does not read, or not exactly."""

AlphaKind = Literal["straight", "premultiplied"]
"""Whether colours are as they are, or multiplied by alpha."""

LONGEST = 1e7
"""Seconds: four months, more than any time in a file."""


@dataclass(frozen=True)
class Colour:
    """ITU-T H.273 codes as libav numbers them; 2 (or 0 for the range) means not said."""

    matrix: int
    range: int
    primaries: int
    transfer: int

    @classmethod
    def of(cls, video: av.VideoFrame) -> Colour:
        """The tags of a picture."""
        return cls(
            int(video.colorspace),
            int(video.color_range),
            int(video.color_primaries),
            int(video.color_trc),
        )


@dataclass(frozen=True)
class AudioTrack:
    """One audio stream of a file; `start` in seconds, `rate` in samples a second."""

    index: int
    codec: str
    rate: int
    channels: int
    start: float
    language: str | None


@dataclass(frozen=True)
class SubtitleTrack:
    """One stream of subtitles of a file."""

    index: int
    codec: str
    language: str | None


@dataclass(frozen=True)
class Chapter:
    """A named stretch of a file; `start` and `end` in seconds."""

    start: float
    end: float
    title: str | None


@dataclass(frozen=True)
class Attachment:
    """A file within a file, such as a font."""

    name: str
    kind: str | None


@dataclass(frozen=True)
class Clip:
    """What a video file is, read from its header and its first picture.

    Attributes:
        path: the file, or its URL as text.
        container: libav's names of the format, comma-separated.
        codec: the video codec.
        width, height: the coded picture in pixels, before `rotation` and `sample_aspect`.
        pixel_format: as decoded.
        time_base: seconds a unit of pts.
        start: the first picture's pts.
        end: the pts at which the last picture ends, or None when the file does not say.
        rate: average frames a second, or None; for showing and rate control, never for timing.
        duration: seconds, or None when the file does not say.
        frames: how many pictures the file says it has, perhaps wrongly, or None.
        colour: what is said of how its values are to be read.
        sample_aspect: width of a pixel over its height.
        rotation: degrees counter-clockwise by which a player turns the picture.
        mirrored: whether it then swaps left and right.
        interlaced: whether the first picture's lines are of two moments.
        hdr: what the first picture says of the screen that it was graded on.
        alpha: None without an alpha channel, else how colours are to it: straight unless it says
            that they are premultiplied.
        audio: the audio streams.
        subtitles: the streams of subtitles.
        chapters: its chapters, in order.
        attachments: the files in it.
        allow: what may be read besides the file itself.
        piped: what is left of it to read, where it comes through a pipe.
    """

    path: StrPath
    container: str
    codec: str
    width: int
    height: int
    pixel_format: str
    time_base: Fraction
    start: int
    end: int | None
    rate: Fraction | None
    duration: float | None
    frames: int | None
    colour: Colour
    sample_aspect: Fraction
    rotation: int
    mirrored: bool
    interlaced: bool
    hdr: Hdr | None
    audio: tuple[AudioTrack, ...]
    subtitles: tuple[SubtitleTrack, ...]
    chapters: tuple[Chapter, ...]
    attachments: tuple[Attachment, ...]
    alpha: AlphaKind | None = None
    allow: Allow = "nothing"
    piped: Piped | None = field(default=None, repr=False, compare=False)

    @property
    def shown_aspect(self) -> float:
        """Width over height as a player shows it."""
        return shown_aspect(self.width, self.height, self.sample_aspect, self.orientation)

    @property
    def orientation(self) -> Orientation:
        """How a player turns and mirrors the picture."""
        return Orientation(self.rotation, self.mirrored)

    def as_shown(self) -> Clip:
        """Return the same clip, its pictures stored the way a player shows them."""
        if self.orientation.upright:
            return self
        upright = replace(self, rotation=0, mirrored=False)
        if not self.orientation.sideways:
            return upright
        return replace(
            upright, width=self.height, height=self.width, sample_aspect=1 / self.sample_aspect
        )

    @property
    def working_format(self) -> str:
        """The planar format that its pictures are handled in."""
        return working_format(self.pixel_format)

    @property
    def yuv_colour(self) -> Colour:
        """How YUV values are to be read, also where they are made of RGB ones."""
        if not PLANAR[self.working_format].is_rgb:
            return self.colour
        matrix = int(guessed_matrix(self.width, self.height))
        return replace(self.colour, matrix=matrix, range=int(ColorRange.MPEG))


@dataclass(frozen=True)
class Span:
    """A stretch of a clip, in seconds from the start of its timeline; None is to the end.

    All that is in it comes `late`, seconds, in what is made of it.
    """

    start: Fraction | None = None
    end: Fraction | None = None
    late: Fraction = Fraction(0)

    def __post_init__(self) -> None:
        for name, value in (("Start", self.start), ("End", self.end)):
            if value is not None and not 0 <= value <= LONGEST:
                raise SettingError(
                    f"{name} is {float(value):g} s; it must be from 0 to {LONGEST:g}."
                )
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise SettingError(
                f"End ({float(self.end):g} s) must come after start ({float(self.start):g} s)."
            )

    @property
    def shift(self) -> Fraction:
        """Seconds to take off all times, so that a stretch starts where its file does."""
        return (self.start or Fraction(0)) - self.late

    def before(self, time: Fraction) -> bool:
        """Whether a moment lies before the stretch."""
        return self.start is not None and time < self.start

    def after(self, time: Fraction) -> bool:
        """Whether a moment lies past the stretch."""
        return self.end is not None and time >= self.end


def from_zero(clip: Clip, span: Span) -> Span:
    """Return a stretch of which nothing is before 0, as no file holds such times.

    Where a clip's pictures begin before 0, they and all beside them come late by as much as the
    earliest is early, in whole ticks of the pictures.
    """
    if clip.start >= 0 or span.start is not None:
        return span
    # What floating point adds to a track's start would be a tick more.
    starts = (Fraction(track.start).limit_denominator(10**6) for track in clip.audio)
    early = min([clip.start * clip.time_base, *starts])
    return replace(span, late=ceil(-early / clip.time_base) * clip.time_base)


def working_format(pixel_format: str) -> str:
    """Return the planar format that holds all samples of a format, but for those of `ROUNDED`.

    Gray is held as 4:2:0, which has room for a coloured background. Raises `InputError` for what no
    format holds.
    """
    if pixel_format in PLANAR:
        return pixel_format
    if NOT_HELD.match(pixel_format):
        raise unread(pixel_format)
    held = av.VideoFormat(pixel_format)
    bits = min(16, max(component.bits for component in held.components))
    depth = next(suffix for most, suffix in SUFFIXES.items() if bits <= most)
    if held.is_rgb or pixel_format == "pal8":
        return f"gbrp{depth}"
    if sum(not component.is_alpha for component in held.components) < 3:
        return f"yuv420p{depth}"
    sampling = held.chroma_width(16), held.chroma_height(16)
    return f"yuv{_SAMPLED[sampling]}p{depth}"


def seconds(stamp: int | None, time_base: Fraction | None) -> Fraction:
    """Return a time in seconds, exact; one that the file does not say is 0."""
    return Fraction((stamp or 0) * (time_base or 0))
