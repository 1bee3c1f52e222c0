"""What is known of a video file before its pictures are read, and which stretch of it is meant."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

from av.video.reformatter import ColorRange

from sinet_video.decoding.access import Source, StrPath
from sinet_video.media.convert import guessed_matrix
from sinet_video.media.frame import shown_aspect
from sinet_video.media.hdr import Hdr
from sinet_video.media.orientation import Orientation
from sinet_video.media.pixel_formats import PLANAR

if TYPE_CHECKING:
    from sinet_video.decoding.pipe import Piped
from sinet_video.media.colour import UNSAID, Colour
from sinet_video.media.pixel_formats import working_format
from sinet_video.media.tiled_alpha import AlphaKind
from sinet_video.media.time_range import TimeRange


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
class OtherStream:
    """A stream that is not worked on, nor carried over: another video, or data."""

    index: int
    kind: str
    about: str


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
        source: the file, or its URL as text, and what may be read besides.
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
        coded: the size that its frames have in the file, if they are scaled from that.
        alpha: None without an alpha channel, else how colours are to it: straight unless it says
            that they are premultiplied.
        audio: the audio streams.
        subtitles: the streams of subtitles.
        chapters: its chapters, in order.
        attachments: the files in it.
        tags: the file's own tags, such as its title, each with its text.
        others: streams that a result does not get: other videos than the chosen one, and data.
        origin: the moment on the file's own clock, in seconds, that is 0 in all times here: that of
            a broadcast says nothing of the clip.
        dolby_vision: the profile of Dolby Vision that it says, or None.
        piped: what is left of it to read, where it comes through a pipe.
        span: which stretch of it is meant; see `within`.
    """

    source: Source
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
    tags: tuple[tuple[str, str], ...] = ()
    others: tuple[OtherStream, ...] = ()
    origin: Fraction = Fraction(0)
    dolby_vision: int | None = None
    alpha: AlphaKind | None = None
    coded: tuple[int, int] | None = None
    piped: Piped | None = field(default=None, repr=False, compare=False)
    span: TimeRange = TimeRange()

    @property
    def path(self) -> StrPath:
        """The file, or its URL as text."""
        return self.source.path

    def within(self, span: TimeRange) -> Clip:
        """Return a stretch of the clip: what reads it takes no more, and times from its start."""
        return replace(self, span=span)

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

    def resized(self, width: int, height: int) -> Clip:
        """Return the same clip, its frames scaled to another coded size.

        Where the file does not say by which matrix they are to be read, which players guess by the
        size, the clip says it from now on.
        """
        if (width, height) == (self.width, self.height):
            return self
        colour = self.colour
        if colour.matrix == UNSAID and not PLANAR[self.working_format].is_rgb:
            colour = replace(colour, matrix=int(guessed_matrix(self.width, self.height)))
        coded = self.coded or (self.width, self.height)
        return replace(self, width=width, height=height, colour=colour, coded=coded)

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


def from_zero(clip: Clip) -> Clip:
    """Return a stretch of which nothing is before 0, as no file holds such times.

    Where a clip's pictures begin before 0, they and all beside them come late by as much as the
    earliest is early, in whole ticks of the pictures.
    """
    if clip.start >= 0 or clip.span.start is not None:
        return clip
    # What floating point adds to a track's start would be a tick more.
    starts = (Fraction(track.start).limit_denominator(10**6) for track in clip.audio)
    early = min([clip.start * clip.time_base, *starts])
    return clip.within(replace(clip.span, late=ceil(-early / clip.time_base) * clip.time_base))
