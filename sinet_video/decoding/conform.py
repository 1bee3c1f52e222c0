"""Conversion of decoded frames to the size and format of their clip."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import av
from av.video.reformatter import ColorRange, Colorspace

from sinet_video.decoding.clip import Clip
from sinet_video.decoding.concealment import Tally
from sinet_video.media.colour import UNSPECIFIED
from sinet_video.media.convert import (
    first_planes,
    guessed_matrix,
    matrix_of,
    matrix_said,
    range_of,
    reformat,
)
from sinet_video.media.frame import Frame
from sinet_video.media.orientation import Orientation
from sinet_video.media.pixel_formats import PLANAR
from sinet_video.media.side_data import captions_of, named_side_data
from sinet_video.media.source_alpha import divided, opacity_of


def to_frame(video: av.VideoFrame, clip: Clip, **times: Any) -> Frame:
    """Return a `Frame` with straight colours, and with its own alpha if the clip has any.

    `times` are the other fields of `Frame`.
    """
    fit = conform(video, clip.width, clip.height, clip.working_format)
    if clip.coded is not None and int(fit.colorspace) == UNSPECIFIED:
        fit.colorspace = Colorspace(clip.colour.matrix)  # which the new size would have changed
    frame = Frame(_like_the_first(fit, clip), captions=captions_of(video), **times)
    if clip.alpha is None:
        return frame
    alpha = opacity_of(video, clip.width, clip.height)
    if alpha is not None and clip.alpha == "premultiplied":
        frame = frame.with_video(divided(frame, alpha))
    return replace(frame, source_alpha=alpha)


def note_changes(video: av.VideoFrame, clip: Clip, tally: Tally) -> None:
    """Count in what a frame differs from its clip's first, and name what is said beside it."""
    tally.resized += (video.width, video.height) != (clip.coded or (clip.width, clip.height))
    if video.format.name == clip.pixel_format == clip.working_format:
        tally.recoloured += _is_coloured_otherwise(video, clip)
        tags = int(video.color_primaries), int(video.color_trc)
        if tags != (clip.colour.primaries, clip.colour.transfer):
            tally.change("other primaries or another transfer")
    if clip.images is None and not Orientation.of(video).matches(clip.orientation):
        tally.change("another rotation")
    tally.captioned += bool(captions_of(video))
    for name in sorted(named_side_data(video)):
        if name not in tally.beside:
            tally.beside.append(name)


def _is_coloured_otherwise(video: av.VideoFrame, clip: Clip) -> bool:
    if video.format.is_rgb:
        return False
    return (matrix_of(video), range_of(video)) != (_matrix(clip), _range(clip))


def _matrix(clip: Clip) -> Colorspace:
    return matrix_said(clip.colour.matrix) or guessed_matrix(clip.width, clip.height)


def _range(clip: Clip) -> ColorRange:
    full = clip.colour.range == ColorRange.JPEG
    return ColorRange.JPEG if full else ColorRange.MPEG


def _like_the_first(video: av.VideoFrame, clip: Clip) -> av.VideoFrame:
    """Bring a frame of the clip's size and format to its matrix and range."""
    if not _is_coloured_otherwise(video, clip):
        return video
    same = reformat(video, matrix=_matrix(clip), color_range=_range(clip))
    same.colorspace, same.color_range = clip.colour.matrix, clip.colour.range
    return same


def conform(video: av.VideoFrame, width: int, height: int, pixel_format: str) -> av.VideoFrame:
    """Return a video frame in this size and planar format, those of the first frame."""
    to_yuv = video.format.is_rgb and not PLANAR[pixel_format].is_rgb
    fit = reformat(
        _native(video),
        width=width,
        height=height,
        pixel_format=pixel_format,
        color_range=ColorRange.MPEG if to_yuv else None,
    )
    if not to_yuv:
        # A conversion states the matrix it assumed, even if the frame itself has no tag.
        fit.colorspace = video.colorspace
        if range_of(video) == ColorRange.MPEG:
            fit.color_range = video.color_range
    return fit


def _native(video: av.VideoFrame) -> av.VideoFrame:
    """Return a video frame in native byte order, and with at least 8 bits.

    libswscale swaps bytes only roughly when it does something else at the same time. It leaves the
    brightest of 5 bits at 248 when it makes them planar, and garbles deep gbrap when it drops
    alpha.
    """
    native = video.format.name.removesuffix("be") + "le"
    if video.format.name.endswith("be"):
        video = reformat(video, pixel_format=native)
    if native.startswith(("rgb5", "bgr5")):
        return reformat(video, pixel_format="rgb24")
    plain = video.format.name.replace("gbrap", "gbrp")
    return first_planes(video, plain) if plain != video.format.name and plain in PLANAR else video
