"""The encoded video stream of an output."""

from __future__ import annotations

import os
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import OutputContainer
from av.video.reformatter import ColorRange

from sinet_video.containers.codecs import CODECS, Content
from sinet_video.containers.formats import PIPE
from sinet_video.decoding.clip import Clip
from sinet_video.encoding.hdr_options import encoder_options
from sinet_video.encoding.palette import PALETTE
from sinet_video.encoding.plan import Plan
from sinet_video.encoding.svt_av1 import open_encoder
from sinet_video.errors import SettingError
from sinet_video.media.colour import BT709
from sinet_video.media.hdr import Hdr
from sinet_video.media.time_range import RATE_IF_UNKNOWN
from sinet_video.read_ahead import cores

MOST_THREADS = 128
"""As many as x264 can start."""

UNCUT = 352, 288
"""The largest frame that libav's FFV1 encoder can leave in one slice."""


def open_container(target: Path, plan: Plan, **more: str) -> OutputContainer:
    """Open a file or standard output for writing, with the plan's muxer and further options."""
    name = "pipe:1" if target == PIPE else os.fspath(target.absolute())
    # Without random numbers, which Matroska uses as IDs, the same job gives the same bytes.
    options = {**plan.muxer_options, "fflags": "+bitexact", **more}
    return av.open(name, "w", format=plan.muxer, options=options)


def add_video_stream(
    container: OutputContainer, clip: Clip, content: Content, plan: Plan, time_base: Fraction
) -> Any:
    """Return a stream that encodes as planned, with the clip's geometry.

    Raises `SettingError` for a size that the encoder cannot take.
    """
    least = CODECS[plan.codec].least
    if min(clip.width, clip.height) < least:
        raise SettingError(
            f"The frame is {clip.width}x{clip.height}, and {plan.codec} needs sides of {least} "
            "or more; choose another codec."
        )
    rate = clip.rate or RATE_IF_UNKNOWN
    size = encoded_size(clip, plan)
    options = _options(plan, clip.hdr if content != "alpha" else None)
    if plan.encoder == "ffv1":
        options |= _slices(*size, plan.pixel_format)
    fastest = CODECS[plan.codec].fastest
    if fastest:
        rate = min(rate, Fraction(fastest))  # it plans by it, and says no times by it
    stream: Any = container.add_stream(plan.encoder, rate=rate, options=options)
    stream.width, stream.height = size
    stream.pix_fmt = plan.pixel_format
    context = stream.codec_context
    stream.time_base = context.time_base = time_base
    context.sample_aspect_ratio = clip.sample_aspect
    context.thread_type = "AUTO"
    if plan.encoder == "libx264":
        # Left alone it starts half as many again, which only take turns with the other stages.
        context.thread_count = min(cores(), MOST_THREADS)
    if not av.VideoFormat(plan.pixel_format).is_rgb and plan.pixel_format != PALETTE:
        _tag(context, clip, content, plan)
    if plan.encoder == "libsvtav1":
        open_encoder(context)
    return stream


def _slices(width: int, height: int, pixel_format: str) -> dict[str, str]:
    """Return the option for FFV1 frames of a few pixels, which cannot be cut in two.

    libav always cuts larger ones. Raises `SettingError` for long thin ones.
    """
    form = av.VideoFormat(pixel_format)
    across, down = 16 // form.chroma_width(16), 16 // form.chroma_height(16)
    if width >= 2 * across and height >= 2 * down:
        return {}
    if width <= UNCUT[0] and height <= UNCUT[1]:
        return {"slices": "1"}
    raise SettingError(
        f"The frame is {width}x{height}, and ffv1 needs {2 * across}x{2 * down} or more for one "
        f"that is larger than {UNCUT[0]}x{UNCUT[1]} either way; choose another codec."
    )


def _options(plan: Plan, hdr: Hdr | None) -> dict[str, str]:
    options = dict(plan.options)
    if said := encoder_options(plan.encoder, hdr):
        name, parameters = said
        options[name] = ":".join(part for part in (options.get(name, ""), parameters) if part)
    return options


def encoded_size(clip: Clip, plan: Plan) -> tuple[int, int]:
    """Return the coded width and height: the clip's, or the next multiple of the subsampling."""
    width, height = clip.width, clip.height
    if plan.stacked:
        width, height = encoded_size(clip, replace(plan, stacked=False))
        return width, 2 * height
    if not CODECS[plan.codec].even:
        return width, height
    chroma = av.VideoFormat(plan.pixel_format)
    across = 2 if chroma.chroma_width(16) < 16 else 1
    down = 2 if chroma.chroma_height(16) < 16 else 1
    return -(-width // across) * across, -(-height // down) * down


def _tag(context: Any, clip: Clip, content: Content, plan: Plan) -> None:
    """Copy the clip's colour tags; a matte is plain BT.709 video, in limited range for YUV."""
    if content == "alpha":
        full = context.pix_fmt == "gray"
        context.color_range = ColorRange.JPEG if full else ColorRange.MPEG
        context.colorspace = context.color_primaries = context.color_trc = BT709
        return
    colour = clip.yuv_colour
    context.color_range = colour.range if plan.full_range else ColorRange.MPEG
    context.colorspace = colour.matrix
    context.color_primaries = colour.primaries
    context.color_trc = colour.transfer
