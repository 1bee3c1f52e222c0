"""Frames in a pipe to or from ffmpeg, as NUT, and the information that NUT cannot carry.

NUT keeps samples and times. It has no colour tags, so that full range looks like limited range. It
uses its own time base, and as written by libav here it has no sample aspect ratio.
"""

from __future__ import annotations

import re
import threading
from fractions import Fraction

import av

from sinet_video.decoding.conform import conform
from sinet_video.decoding.external.process import PATIENCE, Stream
from sinet_video.errors import InputError
from sinet_video.media.colour import (
    MATRICES,
    PRIMARIES,
    RANGES,
    TRANSFERS,
    UNSPECIFIED,
    UNTAGGED,
    Colour,
)
from sinet_video.media.frame import Frame
from sinet_video.media.pixel_formats import PLANAR, working_format
from sinet_video.media.source_alpha import opacity_of

TICK = Fraction(1, 2_000_000_000)
"""Seconds per unit of time in the pipe from ffmpeg: fine enough to recover a source's time base."""

LATE = 86_400
"""Seconds by which all times in a pipe are delayed, as NUT has no negative times."""

BUFFER = 1 << 20

KEPT = tuple(name for name in PLANAR if not name.startswith("yuv440p1"))
"""Frame formats that NUT can tell apart."""

# The format in which hardware decodes 10 bits would arrive as garbage; this list makes ffmpeg
# convert it to planar first. If the list had 16-bit YUV, ffmpeg would convert it to that.
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
    """Return an output that writes a stream's frames to stdout and describes them on stderr.

    `StreamInfo.frame` reads them back.
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
    """Return the formats that ffmpeg may send; it picks one with alpha if the frames have alpha."""
    if pixel_format is None:
        return CARRIED
    with_alpha = pixel_format.replace("yuv", "yuva").replace("gbrp", "gbrap")
    return (pixel_format, with_alpha) if with_alpha in CARRIED else (pixel_format,)


class StreamInfo:
    """ffmpeg's description of the frames it sends: their time base and colour."""

    def __init__(self) -> None:
        self._all = threading.Event()
        self._time_base = Fraction(1)
        self._colour = UNTAGGED

    def parse_line(self, line: str) -> None:
        """Parse one line. The description is complete before the first frame is sent."""
        if self._all.is_set():
            return
        if found := _UNITS.search(line):
            self._time_base = Fraction(int(found[1]), int(found[2]))
        if found := _COLOUR.search(line):
            self._colour = Colour(
                range=RANGES.get(found[1], 0),
                matrix=MATRICES.get(found[2], UNSPECIFIED),
                primaries=PRIMARIES.get(found[3], UNSPECIFIED),
                transfer=TRANSFERS.get(found[4], UNSPECIFIED),
            )
            self._all.set()

    def frame(self, video: av.VideoFrame, sample_aspect: Fraction) -> Frame:
        """Return a frame from the pipe with the time and colour it was sent with.

        Raises `InputError` if ffmpeg does not report them.
        """
        if not self._all.wait(PATIENCE):
            raise InputError(
                "ffmpeg did not say what its frames' colour and units of time are; it must be "
                "5.1 or newer, and not be silenced by an option."
            )
        video.color_range, video.colorspace = self._colour.range, self._colour.matrix
        video.color_primaries, video.color_trc = self._colour.primaries, self._colour.transfer
        planar = conform(video, video.width, video.height, working_format(video.format.name))
        pts = round(((video.pts or 0) * TICK - LATE) / self._time_base)
        alpha = opacity_of(video, video.width, video.height)
        return Frame(planar, pts, self._time_base, sample_aspect=sample_aspect, source_alpha=alpha)
