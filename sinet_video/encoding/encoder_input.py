"""The encoder's input for a matte: its frame, its frame with alpha, or its alpha as gray."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange
from numpy.typing import NDArray

from sinet_video.containers.codecs import Content
from sinet_video.encoding.palette import PALETTE, paletted
from sinet_video.encoding.plan import Plan
from sinet_video.media.blend import black, blended
from sinet_video.media.colour import HDR
from sinet_video.media.convert import blank_like, planes_of, reformat
from sinet_video.media.frame import Matte
from sinet_video.media.orientation import Orientation
from sinet_video.media.stacked import stack
from sinet_video.media.tiled_alpha import AlphaKind
from sinet_video.media.transfer import to_light
from sinet_video.planes.quantise import quantised, write_alpha

RGBA = {
    "rgba": "rgb24", "argb": "rgb24", "bgra": "bgr24",
    "rgba64be": "rgb48be", "rgba64le": "rgb48le",
}  # fmt: skip
"""Formats of colour with alpha, and the same without alpha."""


def rendered_frame(matte: Matte, content: Content, plan: Plan) -> av.VideoFrame:
    """Return a matte as a video frame that the planned encoder accepts.

    One that gets a palette is not given it yet.
    """
    if plan.pixel_format == PALETTE:
        plan = replace(plan, pixel_format="bgra")
    if "f32" in plan.pixel_format:
        return light(matte, content, plan)
    if content == "alpha":
        return gray_as(matte, plan.pixel_format)
    if content == "rgba" and plan.pixel_format in RGBA:
        return rgba(matte, plan.pixel_format, plan.alpha)
    if content == "rgba":
        return with_alpha(matte, plan.pixel_format, _range(matte, plan), plan.alpha)
    return reformat(
        matte.frame.video, pixel_format=plan.pixel_format, color_range=_range(matte, plan)
    )


def _range(matte: Matte, plan: Plan) -> ColorRange | None:
    """Return the range that YUV is converted to; None for the frame's own."""
    return ColorRange.MPEG if matte.frame.format.is_rgb or not plan.full_range else None


def encodable(
    matte: Matte,
    content: Content,
    plan: Plan,
    size: tuple[int, int],
    turn: Orientation = Orientation(),
) -> av.VideoFrame:
    """Return `rendered_frame`, rotated and padded for encoding, with its frame's times."""
    if plan.stacked:
        video = _stacked(matte, plan, size, turn)
    else:
        video = extended(shown(rendered_frame(matte, content, plan), turn), *size)
    if plan.pixel_format == PALETTE:
        video = paletted(video)
    frame = matte.frame
    video.pts, video.time_base, video.duration = frame.pts, frame.time_base, frame.duration
    # Otherwise the encoder would be forced to use the source's key frames.
    video.pict_type = 0
    return video


def _stacked(matte: Matte, plan: Plan, size: tuple[int, int], turn: Orientation) -> av.VideoFrame:
    """Return colour above alpha, both turned, and extended to half of the size each."""
    colour = extended(shown(rendered_frame(matte, "rgb", plan), turn), size[0], size[1] // 2)
    alpha = turn.shown(matte.alpha)
    below, right = colour.height - alpha.shape[0], colour.width - alpha.shape[1]
    return stack(colour, np.pad(alpha, ((0, below), (0, right)), mode="edge"))


def gray_as(matte: Matte, pixel_format: str) -> av.VideoFrame:
    """Return alpha as gray, also in a packed RGB format."""
    if pixel_format in RGBA:
        return reformat(gray(matte, "gray"), pixel_format=pixel_format)
    return gray(matte, pixel_format)


def gray(matte: Matte, pixel_format: str) -> av.VideoFrame:
    """Return alpha as gray: full range in a gray format, limited range without colour in YUV."""
    if pixel_format == "gray":
        video = av.VideoFrame(matte.frame.width, matte.frame.height, "gray")
        write_alpha(matte.plane, 0, 255, planes_of(video)[0])
        return video
    video = av.VideoFrame(matte.frame.width, matte.frame.height, pixel_format)
    step = 1 << (video.format.components[0].bits - 8)
    luma, *chroma = planes_of(video)
    write_alpha(matte.plane, 16 * step, 235 * step, luma)
    for plane in chroma:
        plane[...] = 128 * step
    return video


def with_alpha(
    matte: Matte,
    pixel_format: str,
    color_range: ColorRange | None = None,
    kind: AlphaKind = "straight",
) -> av.VideoFrame:
    """Return the frame's planes, straight or premultiplied, and the alpha plane."""
    plain = pixel_format.replace("yuva", "yuv").replace("gbrap", "gbrp")
    colour = reformat(matte.frame.video, pixel_format=plain, color_range=color_range)
    # Keeps the frame's own tags; a conversion would add a guess where the source has none.
    video = blank_like(matte.frame.video, pixel_format)
    video.color_range = color_range or matte.frame.video.color_range
    *planes, alpha = planes_of(video)
    most = 2 ** video.format.components[-1].bits - 1
    if kind == "premultiplied":
        colour = multiplied(matte, colour, most)
    for target, source in zip(planes, planes_of(colour), strict=True):
        target[...] = source
    write_alpha(matte.plane, 0, most, alpha)
    return video


def multiplied(matte: Matte, colour: av.VideoFrame, most: int) -> av.VideoFrame:
    """Return a planar frame multiplied by alpha as stored, in integers up to `most`.

    This is compositing over black, and linear in YUV too, relative to its black. Alpha of a chroma
    sample is the mean over its luma samples.
    """
    tiles = matte.tiles
    stored = np.rint(tiles.values * np.float32(most)) / np.float32(most)
    frame = matte.frame.with_video(colour)
    return blended(frame, replace(tiles, values=stored), black(frame))


def light(matte: Matte, content: Content, plan: Plan) -> av.VideoFrame:
    """Return linear light in floating point, with alpha, or alpha alone."""
    frame = matte.frame
    video = av.VideoFrame(frame.width, frame.height, plan.pixel_format)
    targets = [_floats(plane) for plane in video.planes]
    if content != "rgb":
        targets[-1][...] = matte.alpha
    if content == "alpha":
        return video
    own = frame.format.is_rgb
    colour = frame.video if own else reformat(frame.video, pixel_format="gbrp16le")
    bits = frame.format.bits if own else 16
    table = to_light(int(frame.video.color_trc), bits, is_rgb=own)
    share = targets[-1] if content == "rgba" and plan.alpha == "premultiplied" else 1
    for target, source in zip(targets, planes_of(colour), strict=False):
        np.multiply(table[source], share, out=target)
    return video


def _floats(plane: Any) -> NDArray[np.float32]:
    values = np.frombuffer(plane, np.float32).reshape(plane.height, -1)
    return values[:, : plane.width]


def rgba(matte: Matte, pixel_format: str = "rgba", kind: AlphaKind = "straight") -> av.VideoFrame:
    """Return colour and alpha in a format of `RGBA`; fully transparent pixels are black."""
    video = matte.frame.video
    if kind == "premultiplied":
        deep = pixel_format in ("rgba64be", "rgba64le")
        planar = reformat(video, pixel_format="gbrp16le" if deep else "gbrp")
        video = multiplied(matte, planar, 65535 if deep else 255)
    colour = reformat(video, pixel_format=RGBA[pixel_format]).to_ndarray()
    most = 2 ** (8 * colour.dtype.itemsize) - 1
    alpha: Any = quantised(matte.alpha, 0, most).astype(colour.dtype)
    seen = np.where(alpha[..., None] > 0, colour, 0)
    planes = [alpha, seen] if pixel_format == "argb" else [seen, alpha]
    packed: Any = np.dstack(planes).astype(colour.dtype, copy=False)
    return _as_hdr(av.VideoFrame.from_ndarray(packed, pixel_format), video)


def _as_hdr(packed: av.VideoFrame, video: av.VideoFrame) -> av.VideoFrame:
    """Return a packed frame, which says that it is HDR if a frame does, as PNG can."""
    if int(video.color_trc) in HDR:
        packed.color_primaries, packed.color_trc = video.color_primaries, video.color_trc
    return packed


def extended(video: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
    """Return a planar frame of at least this size, padded by repeating the last column and row."""
    if (video.width, video.height) == (width, height):
        return video
    larger = blank_like(video, width=width, height=height)
    for target, source in zip(planes_of(larger), planes_of(video), strict=True):
        missing = [(0, wide - own) for wide, own in zip(target.shape, source.shape, strict=True)]
        target[...] = np.pad(source, missing, mode="edge")
    return larger


def shown(video: av.VideoFrame, orientation: Orientation) -> av.VideoFrame:
    """Return a frame as displayed, for files without an orientation tag."""
    if orientation.upright:
        return video
    if len(video.planes) < len(video.format.components):
        turned = orientation.shown(video.to_ndarray())
        return _as_hdr(av.VideoFrame.from_ndarray(turned, video.format.name), video)
    name = video.format.name
    # After rotation, pixels that share chroma side by side would share it vertically.
    whole = name.replace("422", "444") if orientation.sideways else name
    video = reformat(video, pixel_format=whole)
    size = (video.height, video.width) if orientation.sideways else (video.width, video.height)
    upright = blank_like(video, width=size[0], height=size[1])
    for target, source in zip(planes_of(upright), planes_of(video), strict=True):
        target[...] = orientation.shown(source)
    return reformat(upright, pixel_format=name)
