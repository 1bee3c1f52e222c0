"""Pictures in a pipe to or from ffmpeg, as NUT, and what has to go beside it.

NUT keeps samples and times. It has no colour tags, so that full range looks like limited, counts
in units of its own choice, and as libav writes it here does not say what shape pixels have.
"""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from fractions import Fraction
from typing import Any

import av
import ffmpeg
from av.video.reformatter import ColorRange

from sinet_video.clip import Colour, working_format
from sinet_video.codecs import CODECS, Content
from sinet_video.containers import PIPES
from sinet_video.errors import InputError
from sinet_video.fitting import fitted
from sinet_video.frame import Frame
from sinet_video.opacity import opacity_of
from sinet_video.pixels import PLANAR
from sinet_video.program import PATIENCE
from sinet_video.sink import BT709

Stream = Any
"""A stream of ffmpeg-python, which has no types."""

TICK = Fraction(1, 2_000_000_000)
"""Seconds a unit of time in the pipe from ffmpeg: so fine that a source's own units are told."""

FINEST = 48_000
"""Units a second that NUT has at least: it halves coarser ones until they are as fine."""

LATE = 86_400
"""Seconds that all times in a pipe are late by, as NUT has none before 0."""

BUFFER = 1 << 20

PIPED = "pipe:0"

KEPT = tuple(name for name in PLANAR if not name.startswith("yuv440p1"))
"""Formats of frames that NUT tells apart."""

# What hardware decodes 10 bits to would arrive as garbage; with this list ffmpeg makes it planar
# before. With YUV of 16 bits in it, it would make it that.
CARRIED = (
    *(name for name in KEPT if PLANAR[name].is_rgb or PLANAR[name].bits in (8, 10, 12)),
    "yuva420p", "yuva422p", "yuva444p", "yuva420p10le", "yuva422p10le", "yuva444p10le",
    "yuva422p12le", "yuva444p12le", "gray", "gray10le", "gray12le", "gray16le", "ya8", "pal8",
    "rgb24", "bgr24", "rgba", "bgra", "argb", "abgr", "rgb48le", "rgba64le",
    "gbrap", "gbrap10le", "gbrap12le",
)  # fmt: skip

# libav's names for the codes of ITU-T H.273.
RANGES = {"tv": 1, "pc": 2}
MATRICES = {
    "gbr": 0, "bt709": 1, "fcc": 4, "bt470bg": 5, "smpte170m": 6, "smpte240m": 7, "ycgco": 8,
    "bt2020nc": 9, "bt2020c": 10, "smpte2085": 11, "chroma-derived-nc": 12, "chroma-derived-c": 13,
    "ictcp": 14,
}  # fmt: skip
PRIMARIES = {
    "bt709": 1, "bt470m": 4, "bt470bg": 5, "smpte170m": 6, "smpte240m": 7, "film": 8, "bt2020": 9,
    "smpte428": 10, "smpte431": 11, "smpte432": 12, "ebu3213": 22,
}  # fmt: skip
TRANSFERS = {
    "bt709": 1, "bt470m": 4, "bt470bg": 5, "smpte170m": 6, "smpte240m": 7, "linear": 8,
    "log100": 9, "log316": 10, "iec61966-2-4": 11, "bt1361e": 12, "iec61966-2-1": 13,
    "bt2020-10": 14, "bt2020-12": 15, "smpte2084": 16, "smpte428": 17, "arib-std-b67": 18,
}  # fmt: skip
UNSAID = 2

SHOW = "showinfo@pipe"
_UNITS = re.compile(SHOW + r" .*config in time_base: (\d+)/(\d+)")
_COLOUR = re.compile(
    SHOW + r" .*color_range:(\S+) color_space:(\S+) color_primaries:(\S+) color_trc:(\S+)"
)

TURNS = (
    (),
    (("transpose", "cclock"),),
    (("hflip",), ("vflip",)),
    (("transpose", "clock"),),
)
"""The filters that turn a picture counter-clockwise by so many quarters."""


def to_pipe(stream: Stream, pixel_format: str | None = None) -> Stream:
    """Return the output that writes a stream's pictures to stdout and says on stderr what they are.

    To be read back by `Told.frame`.
    """
    carried = stream.filter("format", "|".join(_carried(pixel_format)))
    return carried.filter(SHOW, checksum=0).output(
        "pipe:1",
        format="nut",
        vcodec="rawvideo",
        fps_mode="passthrough",
        enc_time_base=f"{TICK.numerator}:{TICK.denominator}",
        output_ts_offset=LATE,
        flush_packets=1,
    )


def _carried(pixel_format: str | None) -> tuple[str, ...]:
    """Return the formats that ffmpeg may send; it takes one with alpha where its pictures have."""
    if pixel_format is None:
        return CARRIED
    with_alpha = pixel_format.replace("yuv", "yuva").replace("gbrp", "gbrap")
    return (pixel_format, with_alpha) if with_alpha in CARRIED else (pixel_format,)


class Told:
    """What ffmpeg says of the pictures that it sends: their units of time, and their colour."""

    def __init__(self) -> None:
        self._all = threading.Event()
        self._time_base = Fraction(1)
        self._colour = Colour(UNSAID, 0, UNSAID, UNSAID)

    def hear(self, line: str) -> None:
        """Take a line. All is said before the first picture is sent."""
        if self._all.is_set():
            return
        if found := _UNITS.search(line):
            self._time_base = Fraction(int(found[1]), int(found[2]))
        if found := _COLOUR.search(line):
            self._colour = Colour(
                range=RANGES.get(found[1], 0),
                matrix=MATRICES.get(found[2], UNSAID),
                primaries=PRIMARIES.get(found[3], UNSAID),
                transfer=TRANSFERS.get(found[4], UNSAID),
            )
            self._all.set()

    def frame(self, video: av.VideoFrame, sample_aspect: Fraction) -> Frame:
        """Return a picture from the pipe with the time and colour that it was sent with.

        Raises `InputError` when ffmpeg does not say these.
        """
        if not self._all.wait(PATIENCE):
            raise InputError(
                "ffmpeg did not say what its pictures' colour and units of time are; it must be "
                "5.1 or newer, and not be silenced by an option."
            )
        video.color_range, video.colorspace = self._colour.range, self._colour.matrix
        video.color_primaries, video.color_trc = self._colour.primaries, self._colour.transfer
        planar = fitted(video, video.width, video.height, working_format(video.format.name))
        pts = round(((video.pts or 0) * TICK - LATE) / self._time_base)
        alpha = opacity_of(video, video.width, video.height)
        return Frame(planar, pts, self._time_base, sample_aspect=sample_aspect, source_alpha=alpha)


def from_pipe(frame: Frame, content: Content) -> Stream:
    """Return the stream of pictures on stdin, tagged and upright, for frames such as this one.

    Their times are late by `late(frame.time_base)`.
    """
    tags = Colour(BT709, ColorRange.JPEG, BT709, BT709)  # of a matte
    if content != "matte":
        tags = Colour.of(frame.video)
        if frame.video.format.name.startswith("yuvj"):
            tags = replace(tags, range=ColorRange.JPEG)
    video = ffmpeg.input(PIPED, format="nut", itsoffset=-LATE * frame.time_base.numerator)
    video = video.filter(
        "setparams",
        range=int(tags.range),
        colorspace=tags.matrix,
        color_primaries=tags.primaries,
        color_trc=tags.transfer,
    )
    shape = frame.sample_aspect
    video = video.filter("setsar", str(shape), max=max(shape.numerator, shape.denominator))
    for turn in TURNS[frame.orientation.quarters % 4]:
        video = video.filter(*turn)
    return video.filter("hflip") if frame.mirrored else video


def late(time_base: Fraction) -> int:
    """Return how late times in the pipe to ffmpeg are, a whole number of units and of seconds."""
    return LATE * time_base.denominator


def raw_format(content: Content, pixel_format: str) -> str:
    """Return the pixel format in which content goes through the pipe: a lossless codec's."""
    lossless = CODECS["rawvideo"]
    if content == "matte":
        return lossless.matte
    choose = lossless.alpha if content == "alpha" else lossless.opaque
    assert choose is not None  # it has alpha
    return choose(PIPES["nut"].narrows(pixel_format))


def finer(time_base: Fraction) -> Fraction:
    """Return units in which all of a time base's are whole, as fine as NUT has them."""
    units = time_base.denominator
    while units < FINEST:
        units *= 2
    return Fraction(1, units)
