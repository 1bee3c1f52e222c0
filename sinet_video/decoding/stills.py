"""Still images: photographs and frames of image sequences, each decoded from its bytes.

Each file is decoded by itself, without a demuxer. libav's numbered patterns end at the first hole,
and its frames come with side data that PyAV 18 cannot be asked for: with an ICC profile that has a
name the process crashes. What a photograph says of itself is read from its bytes.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext

from sinet_video.atomic import translate_read_errors
from sinet_video.containers.numbering import SUFFIXES
from sinet_video.containers.photo_tags import PhotoTags, read_photo_tags
from sinet_video.containers.still_tags import BIG_TIFFS, TIFFS, alpha_kind, unread_tiff
from sinet_video.errors import InputError, reason
from sinet_video.media.convert import blank_like, planes_of, reformat
from sinet_video.media.orientation import Orientation
from sinet_video.media.pixel_formats import has_alpha
from sinet_video.media.tiled_alpha import AlphaKind
from sinet_video.media.time_range import exact
from sinet_video.media.transfer import SRGB, from_light

if TYPE_CHECKING:
    Packet = av.Packet[Any]

HEAD = 64
"""Bytes by which a kind of image is recognised."""

_MAGIC = (
    (0, b"\x89PNG\r\n\x1a\n", "png"),
    (0, b"\xff\xd8\xff", "mjpeg"),
    *((0, magic, "tiff") for magic in (*TIFFS, *BIG_TIFFS)),
    (0, b"\x76\x2f\x31\x01", "exr"),
    (8, b"WEBP", "webp"),
    (0, b"BM", "bmp"),
    (0, b"SDPX", "dpx"),
    (0, b"XPDS", "dpx"),
)
"""Where and how files of each codec begin."""

LARGEST = 1 << 30
"""Bytes that one still image may have."""


@dataclass(frozen=True)
class Still:
    """A decoded image: its samples, its codec, and what it says of itself."""

    video: av.VideoFrame
    codec: str
    tags: PhotoTags
    sample_aspect: Fraction
    alpha: AlphaKind | None

    @property
    def orientation(self) -> Orientation:
        """How it is rotated and mirrored on display."""
        return self.tags.orientation


def still_codec(head: bytes) -> str | None:
    """Return the codec of a still image that begins so, or None if it is something else.

    An animated PNG or WebP is none.
    """
    codec = next((name for at, magic, name in _MAGIC if head[at : at + len(magic)] == magic), None)
    if codec == "png" and b"acTL" in head:
        return None
    if codec == "webp" and head[12:16] == b"VP8X" and head[20] & 2:
        return None
    return codec


def is_still_file(path: Path) -> bool:
    """Whether a file is a still image, by its first bytes."""
    try:
        with path.open("rb") as file:
            return path.is_file() and still_codec(file.read(HEAD)) is not None
    except (OSError, ValueError):
        return False


def read_still(path: Path) -> Still:
    """Return the image in a file. Raises `InputError` if it cannot be read."""
    with translate_read_errors(path), path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > LARGEST:
            raise InputError(f"{path} has {size} bytes; an image may have {LARGEST} at most.")
        data = file.read()
    return decode_still(data, path)


def decode_still(data: bytes, name: object) -> Still:
    """Return the image in a file's bytes; `name` is for messages. Raises `InputError`."""
    codec = still_codec(data[:HEAD])
    if codec is None:
        raise InputError(
            f"{name} is not an image that can be read; give {', '.join(sorted(SUFFIXES))}."
        )
    if what := unread_tiff(data):
        raise InputError(
            f"{name} is a TIFF {what}, which is not read; save it as a plain TIFF: in strips, "
            "without compression or with LZW or ZIP."
        )
    decoder = cast(VideoCodecContext, av.CodecContext.create(codec, "r"))
    decoder.thread_count = 1
    try:
        video, *_ = [*decoder.decode(cast("Packet", av.Packet(data))), *decoder.decode(None)]
    except (av.FFmpegError, ValueError) as error:
        raise InputError(f"{name} is damaged or cut off ({reason(error)}).") from error
    if video.format.name in ("pal8", "argb"):  # of lossless WebP, also where all is opaque
        video = _coloured(video)
    # A JPEG has none: in CMYK it is decoded with a plane of it that is opaque throughout.
    alpha = alpha_kind(data) if has_alpha(video) and codec != "mjpeg" else None
    return Still(
        video=display_values(video, alpha) if codec == "exr" else without_side_data(video),
        codec=codec,
        tags=read_photo_tags(data),
        sample_aspect=exact(decoder.sample_aspect_ratio) or Fraction(1),
        alpha="straight" if alpha is not None and codec == "exr" else alpha,
    )


def without_side_data(video: av.VideoFrame) -> av.VideoFrame:
    """Return a copy of a frame that has its samples and tags, and nothing else."""
    plain = blank_like(video)
    for target, source in zip(plain.planes, video.planes, strict=True):
        width = min(target.line_size, source.line_size)  # they may be padded differently
        _bytes_of(target)[:, :width] = _bytes_of(source)[:, :width]
    return plain


def _bytes_of(plane: Any) -> Any:
    return np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)


def _coloured(video: av.VideoFrame) -> av.VideoFrame:
    """Return a frame as packed RGB, with alpha if any of its pixels is transparent."""
    rgba = reformat(video, pixel_format="rgba")
    opaque = bool((rgba.to_ndarray()[..., 3] == 255).all())
    return reformat(video, pixel_format="rgb24") if opaque else rgba


def display_values(video: av.VideoFrame, alpha: AlphaKind | None) -> av.VideoFrame:
    """Return the linear light of an EXR as straight sRGB values of 16 bits.

    Premultiplied light is divided by alpha before it is converted, which is not the same after.
    Light above 1 is cut off.
    Raises `InputError` for a pixel format that is not read.
    """
    *light, opacity = _floats(video, with_alpha=alpha is not None)
    if alpha == "premultiplied":
        share = np.where(opacity > 0, opacity, 1)
        light = [plane / share for plane in light]
    shown = av.VideoFrame(video.width, video.height, "gbrap16le" if alpha else "gbrp16le")
    targets = planes_of(shown)
    for target, plane in zip(targets, light, strict=False):
        target[...] = np.rint(from_light(plane) * 65535)
    if alpha:
        targets[-1][...] = np.rint(opacity * 65535)
    shown.color_trc = SRGB
    return shown


def _floats(video: av.VideoFrame, *, with_alpha: bool) -> list[Any]:
    """Return green, blue, red and alpha, (H, W) float32; what is no number is 0."""
    planes = [np.nan_to_num(plane.astype(np.float32)) for plane in planes_of(video)]
    if len(planes) < 3:  # gray
        planes = [planes[0]] * 3 + planes[1:]
    opacity = np.clip(planes[3], 0, 1) if with_alpha else np.ones_like(planes[0])
    return [*planes[:3], opacity]
