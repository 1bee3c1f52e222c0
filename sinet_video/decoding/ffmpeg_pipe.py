"""Pictures in a pipe to or from ffmpeg, as NUT, and what has to go beside it.

NUT keeps samples and times. It has no colour tags, so that full range looks like limited, counts
in units of its own choice, and as libav writes it here does not say what shape pixels have.
"""

from __future__ import annotations

import re
import threading
from fractions import Fraction

import av

from sinet_video.decoding.conform import conform
from sinet_video.decoding.ffmpeg_process import PATIENCE, Stream
from sinet_video.decoding.source_alpha import opacity_of
from sinet_video.errors import InputError
from sinet_video.media.colour import MATRICES, PRIMARIES, RANGES, TRANSFERS, UNSAID, Colour
from sinet_video.media.frame import Frame
from sinet_video.media.pixel_formats import PLANAR, working_format

TICK = Fraction(1, 2_000_000_000)
"""Seconds a unit of time in the pipe from ffmpeg: so fine that a source's own units are told."""

LATE = 86_400
"""Seconds that all times in a pipe are late by, as NUT has none before 0."""

BUFFER = 1 << 20

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

SHOW = "showinfo@pipe"
_UNITS = re.compile(SHOW + r" .*config in time_base: (\d+)/(\d+)")
_COLOUR = re.compile(
    SHOW + r" .*color_range:(\S+) color_space:(\S+) color_primaries:(\S+) color_trc:(\S+)"
)


def to_pipe(stream: Stream, pixel_format: str | None = None) -> Stream:
    """Return the output that writes a stream's pictures to stdout and says on stderr what they are.

    To be read back by `StreamInfo.frame`.
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


class StreamInfo:
    """What ffmpeg says of the pictures that it sends: their units of time, and their colour."""

    def __init__(self) -> None:
        self._all = threading.Event()
        self._time_base = Fraction(1)
        self._colour = Colour(UNSAID, 0, UNSAID, UNSAID)

    def parse_line(self, line: str) -> None:
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
        planar = conform(video, video.width, video.height, working_format(video.format.name))
        pts = round(((video.pts or 0) * TICK - LATE) / self._time_base)
        alpha = opacity_of(video, video.width, video.height)
        return Frame(planar, pts, self._time_base, sample_aspect=sample_aspect, source_alpha=alpha)
