"""The properties of a video file, known before its frames are read, and the selected part of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

from av.video.reformatter import ColorRange

from sinet_video.containers.photo_tags import is_for_rgb
from sinet_video.decoding.access import Source, StrPath
from sinet_video.media.convert import guessed_matrix
from sinet_video.media.hdr import Hdr
from sinet_video.media.orientation import Displayed
from sinet_video.media.pixel_formats import PLANAR

if TYPE_CHECKING:
    from sinet_video.decoding.pipe import Piped
    from sinet_video.decoding.sequence import Images
from sinet_video.media.colour import UNSPECIFIED, Colour
from sinet_video.media.pixel_formats import working_format
from sinet_video.media.tiled_alpha import AlphaKind
from sinet_video.media.time_range import TimeRange

COARSE = Fraction(1, 1000)
"""Seconds from which on a clip's unit of times is too long to tell a start between two frames."""


@dataclass(frozen=True)
class AudioTrack:
    """An audio stream of a file; `start` is in seconds, `rate` in samples per second."""

    index: int
    codec: str
    rate: int
    channels: int
    start: float
    language: str | None


@dataclass(frozen=True)
class SubtitleTrack:
    """A subtitle stream of a file."""

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
    """A named part of a file; `start` and `end` are in seconds."""

    start: float
    end: float
    title: str | None


@dataclass(frozen=True)
class Attachment:
    """A file inside a file, such as a font."""

    name: str
    kind: str | None


@dataclass(frozen=True)
class Clip(Displayed):
    """The properties of a video file, read from its header and its first frame.

    Attributes:
        source: the file or URL, and what else may be accessed.
        container: libav's names of the format, comma-separated.
        codec: the video codec.
        width, height: the coded size in pixels, before `rotation` and `sample_aspect`.
        pixel_format: as decoded.
        time_base: seconds per unit of pts, an exact fraction.
        start: pts of the first frame.
        end: pts at which the last frame ends, or None if the file does not say.
        rate: average frames per second, or None; for display and rate control, never for timing.
        duration: in seconds, or None if the file does not say.
        frames: number of frames according to the file, which may be wrong, or None.
        colour: the colour tags.
        sample_aspect: sample aspect ratio, the width of a pixel over its height.
        rotation: degrees counter-clockwise by which a player rotates the frame.
        mirrored: whether a player flips it horizontally after that.
        interlaced: whether the first frame is interlaced.
        hdr: static HDR metadata of the first frame, or None.
        coded: the size of the frames in the file, if they are scaled from that.
        alpha: None without an alpha channel, else "straight" or "premultiplied"; straight unless
            the file says otherwise.
        stacked: whether alpha is below the colours in the file's frames, which are twice as high.
        audio: the audio streams.
        subtitles: the subtitle streams.
        chapters: the chapters, in order.
        attachments: the attached files.
        tags: the file's own tags, such as its title, with their text.
        others: streams that a result does not get: data, and videos other than the chosen one.
        origin: the time on the file's own clock, in seconds, that is 0 in all times here; the clock
            of a broadcast says nothing about the clip.
        dolby_vision: the Dolby Vision profile that the file states, or None.
        clean_aperture: the width and height that the file says are meant to be seen, or None; the
            frame is always the whole one.
        icc: the ICC profile of a still image, or of the first of a sequence; empty for none.
        images: the images, if the clip is a still image, an image sequence or arrays.
        piped: the open pipe, if the clip comes through one.
        span: the selected part of the clip; see `within`.
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
    clean_aperture: tuple[int, int] | None = None
    alpha: AlphaKind | None = None
    stacked: bool = False
    coded: tuple[int, int] | None = None
    icc: bytes = field(default=b"", repr=False)
    images: Images | None = field(default=None, repr=False, compare=False)
    piped: Piped | None = field(default=None, repr=False, compare=False)
    span: TimeRange = TimeRange()

    @property
    def path(self) -> StrPath:
        """The file, or the URL as text."""
        return self.source.path

    @property
    def is_still(self) -> bool:
        """Whether it is known to have one frame."""
        return self.frames == 1

    @property
    def rgb_icc(self) -> bytes:
        """The ICC profile, if it is one that RGB images can have; empty if not."""
        return self.icc if is_for_rgb(self.icc) else b""

    def within(self, span: TimeRange) -> Clip:
        """Return a part of the clip: readers stop at its end, and times count from its start.

        Where the unit of times is about a frame, as in AVI and MXF, the part begins with its first
        frame: a start between two frames could not be told, and audio would be off by the rest.
        """
        begin = None if span.start is None else ceil(span.start / self.time_base) * self.time_base
        if (
            self.time_base <= COARSE
            or begin is None
            or (span.end is not None and begin >= span.end)
        ):
            return replace(self, span=span)
        return replace(self, span=TimeRange(begin, span.end, span.late))

    def as_shown(self) -> Clip:
        """Return the same clip with frames stored as they are displayed."""
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
        if colour.matrix == UNSPECIFIED and not PLANAR[self.working_format].is_rgb:
            colour = replace(colour, matrix=int(guessed_matrix(self.width, self.height)))
        coded = self.coded or (self.width, self.height)
        return replace(self, width=width, height=height, colour=colour, coded=coded)

    @property
    def working_format(self) -> str:
        """The planar format in which its frames are processed."""
        return working_format(self.pixel_format)

    @property
    def yuv_colour(self) -> Colour:
        """The colour tags for YUV values, including those converted from RGB."""
        if not PLANAR[self.working_format].is_rgb:
            return self.colour
        matrix = int(guessed_matrix(self.width, self.height))
        return replace(self.colour, matrix=matrix, range=int(ColorRange.MPEG))


def from_zero(clip: Clip) -> Clip:
    """Return the clip with its span delayed so that no time is negative, as no file can hold those.

    If frames start before 0, they and all other streams are delayed by as much as the earliest is
    early, in whole ticks of the video.
    """
    if clip.start >= 0 or clip.span.start is not None:
        return clip
    # Rounding errors in a track's start would add a tick.
    starts = (Fraction(track.start).limit_denominator(10**6) for track in clip.audio)
    early = min([clip.start * clip.time_base, *starts])
    return clip.within(replace(clip.span, late=ceil(-early / clip.time_base) * clip.time_base))
