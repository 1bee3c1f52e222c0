"""libav's video frames: their colour tags, their planes and their conversion."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

from sinet_video.errors import SettingError
from sinet_video.media.pixel_formats import Plane, unread

AREA = Interpolation.AREA
BILINEAR = Interpolation.BILINEAR
FINE = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT

# ITU-T H.273 matrix_coefficients, as libav numbers them. For other codes the size decides.
_MATRICES = {
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}
HD_HEIGHT = 720

TAGS = ("colorspace", "color_range", "color_primaries", "color_trc")
"""What a video frame says of its colours."""


def matrix_of(video: av.VideoFrame) -> Colorspace:
    """Return the YUV matrix of a video frame, guessed by height, as players do, if untagged."""
    return matrix_said(int(video.colorspace)) or guessed_matrix(video.width, video.height)


def matrix_said(code: int) -> Colorspace | None:
    """Return the YUV matrix of a code of H.273, None for one that says nothing."""
    return _MATRICES.get(code)


def guessed_matrix(width: int, height: int) -> Colorspace:
    """Return the YUV matrix that players assume for untagged frames of this size."""
    return Colorspace.ITU709 if min(width, height) >= HD_HEIGHT else Colorspace.ITU601


def range_of(video: av.VideoFrame) -> ColorRange:
    """Return whether luma spans 16 to 235 (MPEG) or all values (JPEG); untagged YUV is MPEG."""
    name = video.format.name
    if video.format.is_rgb or name == "pal8" or name.startswith("yuvj"):
        return ColorRange.JPEG
    is_gray = name.startswith(("gray", "ya", "mono"))
    untagged_gray = is_gray and video.color_range == ColorRange.UNSPECIFIED
    full = video.color_range == ColorRange.JPEG or untagged_gray
    return ColorRange.JPEG if full else ColorRange.MPEG


class _Reformatters(threading.local):
    """One libswscale context per kind of conversion and thread, as contexts hold lookup tables."""

    def __init__(self) -> None:
        self.get: Callable[[tuple[Any, ...]], VideoReformatter] = lru_cache(32)(
            lambda _: VideoReformatter()
        )


_reformatters = _Reformatters()


_ABORTS = frozenset({"yaf32le", "yaf32be"})
"""Formats for which libswscale aborts the whole process."""

_INTERLEAVED = _ABORTS | {"yaf16le", "yaf16be"}
"""Gray and alpha as floats in one plane, as EXR files may have them."""


_FLOAT_GRAY = frozenset({"grayf16le", "grayf32le"})
"""Formats that libswscale always treats as limited range."""


def reformat(
    video: av.VideoFrame,
    *,
    width: int | None = None,
    height: int | None = None,
    pixel_format: str | None = None,
    matrix: Colorspace | None = None,
    color_range: ColorRange | None = None,
    interpolation: Interpolation = FINE,
) -> av.VideoFrame:
    """Return a video frame scaled and converted; matrix and range default to the frame's own.

    If nothing changes, the same object is returned. Conversions to RGB give full-range values
    whatever `color_range` says. All frames from files are converted here and nowhere else. Raises
    `InputError` for formats that libswscale cannot read.
    """
    width, height = width or video.width, height or video.height
    pixel_format = pixel_format or video.format.name
    kept = (width, height, pixel_format) == (video.width, video.height, video.format.name)
    if kept and matrix is None and color_range is None:
        return video
    if video.format.name in _ABORTS:
        raise unread(video.format.name)
    if video.format.name in _FLOAT_GRAY:
        video = _whole(video)
    old_matrix, old_range = matrix_of(video), range_of(video)
    kind = (
        video.width,
        video.height,
        video.format.name,
        width,
        height,
        pixel_format,
        interpolation,
    )
    to_rgb = av.VideoFormat(pixel_format).is_rgb
    try:
        return _reformatters.get(kind).reformat(
            video,
            width=width,
            height=height,
            format=pixel_format,
            src_colorspace=old_matrix,
            dst_colorspace=matrix or old_matrix,
            src_color_range=old_range,
            dst_color_range=ColorRange.JPEG if to_rgb else color_range or old_range,
            interpolation=interpolation,
            threads=1,
        )
    except (av.ArgumentError, OSError) as error:
        raise unread(video.format.name) from error


def blank_like(
    video: av.VideoFrame,
    pixel_format: str | None = None,
    *,
    width: int | None = None,
    height: int | None = None,
) -> av.VideoFrame:
    """Return a frame with the same tags, and size unless given, with uninitialised samples."""
    size = (width or video.width, height or video.height)
    new = av.VideoFrame(*size, pixel_format or video.format.name)
    tag_like(new, video)
    return new


def tag_like(new: av.VideoFrame, video: av.VideoFrame) -> None:
    """Give a frame another's tags of colour."""
    for tag in TAGS:
        setattr(new, tag, getattr(video, tag))


def planes_of(video: av.VideoFrame) -> tuple[Plane, ...]:
    """Return the planes of a planar video frame as arrays that share its memory, (h, w).

    Raises `InputError` for floats that are interleaved in one plane.
    """
    if video.format.name in _INTERLEAVED:
        raise unread(video.format.name)
    bits = max(component.bits for component in video.format.components)
    deep = "<f2" if video.format.name.endswith("f16le") else "<u2"
    dtype = np.dtype("u1" if bits <= 8 else deep if bits <= 16 else "<f4")
    return tuple(_array(plane, dtype) for plane in video.planes)


def _whole(video: av.VideoFrame) -> av.VideoFrame:
    """Return a floating-point gray frame converted to 16 bits."""
    new = blank_like(video, "gray16le")
    (target,), (source,) = planes_of(new), planes_of(video)
    target[...] = np.rint(np.clip(np.nan_to_num(source.astype(np.float32)), 0, 1) * 65535)
    return new


def first_planes(video: av.VideoFrame, pixel_format: str) -> av.VideoFrame:
    """Return a planar video frame in a format with only the first of its planes."""
    new = blank_like(video, pixel_format)
    for target, source in zip(planes_of(new), planes_of(video), strict=False):
        target[...] = source
    return new


def rgb_of(video: av.VideoFrame) -> NDArray[np.uint8]:
    """Return an 8-bit RGB video frame as (H, W, 3) uint8."""
    return video.to_ndarray(format="rgb24").astype(np.uint8, copy=False)


def checked_image(array: Any, *, channels: Collection[int] = (3,)) -> NDArray[np.uint8]:
    """Return an image as a contiguous array, (H, W, C) uint8; it shares its memory if it can.

    Raises `SettingError` for any other shape or type than (H, W, 3), in RGB, or (H, W, 4), with
    alpha, if there may be 4 `channels`.
    """
    found = np.asarray(array)
    wanted = found.ndim == 3 and found.shape[-1] in channels and 0 not in found.shape
    if found.dtype != np.uint8 or not wanted:
        alpha = ", or (H, W, 4) with alpha" if 4 in channels else ""
        raise SettingError(
            f"An image must be (H, W, 3) uint8 in RGB{alpha}; what came is {type(array).__name__} "
            f"of shape {found.shape} and type {found.dtype}."
        )
    return np.ascontiguousarray(found)


def video_of(image: NDArray[np.uint8]) -> av.VideoFrame:
    """Return an image, (H, W, 3) RGB or (H, W) gray, uint8, as a video frame."""
    name = "gray" if image.ndim == 2 else "rgb24"
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(image), name)


def scaled(
    image: NDArray[np.uint8], size: tuple[int, int], interpolation: Interpolation = FINE
) -> NDArray[np.uint8]:
    """Return an image, (H, W, 3) RGB or (H, W) gray, uint8, scaled to (width, height)."""
    video = reformat(video_of(image), width=size[0], height=size[1], interpolation=interpolation)
    found: NDArray[np.uint8] = planes_of(video)[0].copy() if image.ndim == 2 else rgb_of(video)
    return found


def _array(plane: Any, dtype: Any) -> Plane:
    array: Plane = np.frombuffer(plane, dtype).reshape(plane.height, -1)
    return array[:, : plane.width]
