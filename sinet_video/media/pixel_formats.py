"""The planar pixel formats in which frames are processed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import av
from numpy.typing import NDArray

from sinet_video.errors import InputError

_SAMPLED = {
    (8, 8): "420", (8, 16): "422", (16, 16): "444", (16, 8): "440", (4, 16): "411", (4, 4): "410",
}  # fmt: skip

ROUNDED = re.compile(r"gbra?pf32|grayf32|xyz12")
"""Formats whose samples are rounded on decoding: floating point, and XYZ."""

NOT_HELD = re.compile(
    r"bayer_|yaf|rgba?f|gbra?pf16|grayf16|gray32|gbrap32|rgb96|rgba128|uyyvyy411|(rgb|bgr)4$|"
    r"(v30x|xv30|x2rgb10|x2bgr10|y21[026])be|.*msbbe"
)
"""Formats that libswscale cannot read, or not exactly."""


def working_format(pixel_format: str) -> str:
    """Return the planar format that holds all samples of a format, except those of `ROUNDED`.

    Gray is held as 4:2:0, which leaves room for a coloured background. Raises `InputError` if no
    format can hold it.
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


Plane = NDArray[Any]
"""One plane of a frame: (H, W) uint8, or uint16 for more than 8 bits."""


@dataclass(frozen=True)
class PixelFormat:
    """A planar format: bits per sample, and how many luma samples share a chroma sample."""

    bits: int
    across: int = 1
    down: int = 1
    is_rgb: bool = False

    @property
    def top(self) -> int:
        """The highest value of a sample."""
        return (1 << self.bits) - 1


SUFFIXES = {8: "", 9: "9le", 10: "10le", 12: "12le", 14: "14le", 16: "16le"}
"""Suffixes of format names, by bits per sample."""

_SAMPLINGS = {"420": (2, 2), "422": (2, 1), "444": (1, 1)}
_RARE = {"440": ((1, 2), (8, 10, 12)), "411": ((4, 1), (8,)), "410": ((4, 4), (8,))}

PLANAR: dict[str, PixelFormat] = {
    **{f"yuv{name}p": PixelFormat(8, *shared) for name, shared in _SAMPLINGS.items()},
    **{f"yuvj{name}p": PixelFormat(8, *shared) for name, shared in _SAMPLINGS.items()},
    **{
        f"yuv{name}p{SUFFIXES[bits]}": PixelFormat(bits, *shared)
        for bits in (9, 10, 12, 14, 16)
        for name, shared in _SAMPLINGS.items()
    },
    **{
        f"yuv{name}p{SUFFIXES[bits]}": PixelFormat(bits, *shared)
        for name, (shared, depths) in _RARE.items()
        for bits in depths
    },
    **{f"gbrp{suffix}": PixelFormat(bits, is_rgb=True) for bits, suffix in SUFFIXES.items()},
}
"""The formats that frames keep from decoder to encoder: planar YUV and planar RGB.

All others are converted on decoding; see `working_format`.
"""


def unread(pixel_format: str) -> InputError:
    """Return the error for a pixel format that cannot be read, or not correctly."""
    return InputError(
        f"Frames in pixel format {pixel_format} are not read; convert their file, such as with "
        "ffmpeg -i IN -c:v ffv1 -pix_fmt gbrp16le OUT.mkv."
    )


def has_alpha(video: av.VideoFrame) -> bool:
    """Whether a video frame has an alpha channel."""
    return any(component.is_alpha for component in video.format.components)
