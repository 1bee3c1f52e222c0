"""Backgrounds to place behind the person: a colour, an image, a video or the blurred original."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from sinet_video.checked import check_word, is_whole
from sinet_video.decoding.access import Source, StrPath
from sinet_video.decoding.clip import Clip
from sinet_video.decoding.decode import decode
from sinet_video.decoding.probe import probe
from sinet_video.decoding.sequence import is_still_source
from sinet_video.errors import InputError, SettingError
from sinet_video.media.colour_names import WANTED, is_colour, parse_colour
from sinet_video.media.convert import matrix_of, planes_of, range_of
from sinet_video.media.frame import Frame, Matte
from sinet_video.media.pixel_formats import Plane
from sinet_video.stages.blur_background import BlurBackground
from sinet_video.stages.composite import Background, Named
from sinet_video.stages.fit_background import Fit, converted, fit_background, light_of

STILL_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff"})


Kind = tuple[object, ...]
"""Everything about a frame that determines the planes of a background."""


def kind_of(frame: Frame) -> Kind:
    """Return the size, format, colour and geometry of a frame."""
    video = frame.video
    colour = matrix_of(video), range_of(video), light_of(video)
    return (
        *colour,
        frame.width,
        frame.height,
        video.format.name,
        frame.orientation,
        frame.sample_aspect,
    )


class ColourBackground(Named):
    """A single colour, given as 8-bit RGB. Raises `SettingError` for what is none."""

    def __init__(self, red: int, green: int, blue: int) -> None:
        self.rgb = (red, green, blue)
        if not all(is_whole(each) and 0 <= each <= 255 for each in self.rgb):
            raise SettingError(
                f"Colour is {self.rgb}; red, green and blue must be whole numbers from 0 to 255."
            )
        self.name = f"{red},{green},{blue}"
        self._made: tuple[Kind, tuple[Plane, ...]] | None = None

    @classmethod
    def parse(cls, text: str) -> ColourBackground:
        """Parse a colour name, "#RGB", "#RRGGBB" or "r,g,b". Raises `SettingError`."""
        return cls(*parse_colour(text))

    def planes(self, matte: Matte) -> tuple[Plane, ...]:
        """Return the planes of the colour; see `Background.planes`."""
        kind, made = kind_of(matte.frame), self._made
        if made is None or made[0] != kind:
            deep = matte.frame.format.bits > 8
            patch = np.empty((16, 16, 3), np.uint16 if deep else np.uint8)
            patch[...] = np.multiply(self.rgb, 257 if deep else 1)
            rgb = av.VideoFrame.from_ndarray(patch, "rgb48le" if deep else "rgb24")
            video = converted(rgb, matte.frame.video)
            made = self._made = kind, tuple(plane[:1, :1].copy() for plane in planes_of(video))
        return made[1]


class ImageBackground:
    """A still image, from any image file that FFmpeg can read."""

    def __init__(self, source: StrPath | Source, fit: Fit = "cover") -> None:
        self._fit = checked_fit(fit)
        self.name = f"{source} {fit}"
        self._image = _first_frame(source)
        self._made: tuple[Kind, av.VideoFrame] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_made": None}

    def __repr__(self) -> str:
        return f"<ImageBackground {self.name}>"

    def planes(self, matte: Matte) -> tuple[Plane, ...]:
        """Return the planes of the image; see `Background.planes`."""
        kind, made = kind_of(matte.frame), self._made
        if made is None or made[0] != kind:
            made = self._made = kind, fit_background(self._image, matte.frame, self._fit)
        return planes_of(made[1])


class VideoBackground:
    """A looped video, synchronised by timestamps.

    Playback begins with the first frame that the background is used for, and again where times go
    back, as those of another clip do. For each frame it gives the video frame that would be on
    screen at that time. It plays for one clip at a time; `anew` is for another one meanwhile.
    """

    def __init__(self, source: StrPath | Source, fit: Fit = "cover") -> None:
        self._fit = checked_fit(fit)
        self.name = f"{source} {fit}"
        # Opened here, so that a bad file is reported at once and not at the first frame.
        self._clip = probe(source)
        self._shown: Iterator[tuple[Fraction, Frame]] | None = None
        self._current: Frame | None = None
        self._next: tuple[Fraction, Frame] | None = None
        self._start = self._time = Fraction(0)
        self._made: tuple[Kind, av.VideoFrame] | None = None

    def __repr__(self) -> str:
        return f"<VideoBackground {self.name}>"

    def anew(self) -> VideoBackground:
        """Return the same video for another clip, from its beginning; it is not looked at again."""
        return copy(self)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_shown": None, "_current": None, "_next": None, "_made": None}

    def _forget(self) -> None:
        self._shown = self._current = self._next = self._made = None

    def begin(self, start: Fraction, now: Fraction) -> None:
        """Set the playback start, in seconds, when the first frame only arrives at `now`."""
        self._forget()
        self._shown, self._start, self._time = looped(self._clip, now - start), start, now

    def planes(self, matte: Matte) -> tuple[Plane, ...]:
        """Return the planes of the current video frame; see `Background.planes`."""
        if self._shown is None or matte.time < self._time:
            self.begin(matte.time, matte.time)
        self._time, kind = matte.time, kind_of(matte.frame)
        moved = self._advance(matte.time - self._start)
        if moved or self._made is None or self._made[0] != kind:
            assert self._current is not None  # _advance has read the first frame
            self._made = kind, fit_background(self._current, matte.frame, self._fit)
        return planes_of(self._made[1])

    def _advance(self, time: Fraction) -> bool:
        """Move to the video frame for a time, and return whether it is another one."""
        assert self._shown is not None
        moved = False
        while self._next is None or self._next[0] <= time:
            if self._next is not None:
                self._current, moved = self._next[1], True
            self._next = next(self._shown)
        return moved


def parse_background(text: StrPath | Source, fit: Fit = "cover") -> Background | None:
    """Parse a colour, a file, "blur", "blur:PERCENT" or "transparent" (which returns None).

    Pass a `Source` to say which other files the file may open, and whether it may be a URL. Raises
    `SettingError` if the text is none of these and `InputError` if the file cannot be read.
    """
    checked_fit(fit)
    source = Source.of(text)
    name = str(source.path)
    if name.lower() == "transparent":
        return None
    if name.lower() == "blur" or name.lower().startswith("blur:"):
        return BlurBackground(_radius(name)) if ":" in name else BlurBackground()
    if is_colour(name):
        return ColourBackground.parse(name)
    if not (source.is_url or is_still_source(source) or Path(source.path).exists()):
        raise SettingError(
            f"Background is {name!r}; give a colour ({WANTED}), blur, transparent, or the path of "
            "an image or a video that exists."
        )
    still = Path(name.partition("?")[0]).suffix.lower() in STILL_SUFFIXES
    return ImageBackground(source, fit) if still else VideoBackground(source, fit)


def _radius(text: str) -> float:
    try:
        return float(text.partition(":")[2])
    except ValueError as error:
        raise SettingError(
            f"Background is {text!r}; after blur: comes a number, in percent of the frame's longer "
            "side, such as blur:3."
        ) from error


def checked_fit(fit: Fit) -> Fit:
    """Return the fit mode. Raises `SettingError` if there is no such mode."""
    check_word("fit", fit, Fit)
    return fit


def looped(clip: Clip, since: Fraction = Fraction(0)) -> Iterator[tuple[Fraction, Frame]]:
    """Yield the frames of a clip in a loop, each with its time since the very first frame.

    After the first pass, passes that end before `since` (in seconds) are skipped. Raises
    `InputError` for a clip without frames.
    """
    offset = Fraction(0)
    while True:
        start = end = None
        for frame in decode(clip, deinterlace=clip.interlaced):
            start = frame.time if start is None else start
            # A frame without a duration lasts as long as the average frame does.
            length = frame.duration * frame.time_base or 1 / (clip.rate or Fraction(25))
            end = frame.time + length - start
            yield offset + frame.time - start, frame
        if end is None:
            raise InputError(f"{clip.path} holds no image that can be decoded.")
        offset += end * max(1, (since - offset) // end)


def _first_frame(source: StrPath | Source) -> Frame:
    clip = probe(source)
    for frame in decode(clip, deinterlace=clip.interlaced):
        return frame
    raise InputError(f"{source} has no frame that can be decoded.")
