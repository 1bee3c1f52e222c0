"""What to say of a job's source, of mattes drawn for it, and of what its result cannot hold."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np

from sinet_video.containers.codecs import CODECS
from sinet_video.containers.demuxers import demuxer_of
from sinet_video.containers.formats import PIPE
from sinet_video.containers.heif import has_alpha_beside
from sinet_video.containers.photo_tags import icc_name
from sinet_video.decoding.clip import Clip
from sinet_video.decoding.decode import decode
from sinet_video.decoding.probe import probe
from sinet_video.encoding.captions import HEADERS
from sinet_video.media.colour import HDR
from sinet_video.media.pixel_formats import PLANAR, ROUNDED, PixelFormat
from sinet_video.media.time_range import RATE_IF_UNKNOWN
from sinet_video.pipeline.settings import Settings
from sinet_video.stages.source_alpha import SOURCE_ALPHA_USED

KEEP_ICC = frozenset({".png", ".tif", ".tiff", ".jpg", ".jpeg", ".webp"})
"""Extensions of outputs that get the source's ICC profile."""

CAPTIONED = frozenset(CODECS[codec].encoder for codec in HEADERS)
"""Encoders whose packets can be given captions."""

UNTAGGED = frozenset({"gif", "libwebp", "libwebp_anim", "mjpeg", "tiff"})
"""Encoders of images that cannot say how their values are to be shown."""

FAR = 10
"""Seconds from which on a clock that begins there is told of."""


def image_remarks(clip: Clip, output: Path) -> list[str]:
    """Return what to say of a source that is made of images."""
    said = []
    if clip.images is not None and clip.images.assumed and not clip.is_still:
        said.append(
            f"{clip.path} does not say how fast it is: {float(RATE_IF_UNKNOWN):g} frames per "
            "second are assumed; give its rate if it is another."
        )
    keeps = output.suffix.lower() in KEEP_ICC and bool(clip.rgb_icc)
    if clip.icc and not keeps and output != PIPE:
        said.append(
            f"The source's ICC profile ({icc_name(clip.icc)}) is not kept: its colours will be "
            "taken as they are."
        )
    return said


def encoder_remarks(
    encoder: str, pixel_format: str, *, captioned: int, transfer: int | None
) -> list[str]:
    """Return what to say of a result by the encoder and format that it got.

    `captioned`: how many frames of the source have closed captions; `transfer`: the code of its
    transfer function, None for a matte alone.
    """
    form, said = PLANAR.get(pixel_format), []
    if encoder == "libx264" and form is not None and form.bits > 8:
        said.append(
            f"H.264 in {form.bits} bits is not played by browsers and many other "
            "players; hevc keeps the bits and is played by more."
        )
    elif encoder == "libx264" and form is not None and (form.across, form.down) != (2, 2):
        said.append(
            f"H.264 in {_sampling(form)} is not played by browsers and many other players; "
            "with chroma 420 it is."
        )
    if transfer in HDR and encoder in UNTAGGED:
        said.append(
            f"The source is HDR ({HDR[transfer]}), which this output cannot say: its colours will "
            "look dull. PNG, EXR and video files can."
        )
    if captioned and encoder not in CAPTIONED:
        said.append(
            "The source's closed captions are lost, as this output cannot hold them; h264 and "
            "hevc in .mp4, .mov and .mkv can."
        )
    return said


def _sampling(form: PixelFormat) -> str:
    """Return the chroma subsampling as people write it."""
    if form.is_rgb:
        return "RGB"
    return {(2, 1): "4:2:2", (1, 1): "4:4:4", (1, 2): "4:4:0", (4, 1): "4:1:1"}.get(
        (form.across, form.down), "4:1:0"
    )


def clip_remarks(clip: Clip, settings: Settings) -> list[str]:
    """Return what to say of how a clip's times, alpha and samples are taken."""
    said = []
    if clip.origin >= FAR:
        said.append(
            f"The clock of {clip.path} starts at {float(clip.origin):.3f} s, as in broadcasts; "
            "that moment is 0 in the result, and for start and end."
        )
    if clip.span.late:
        said.append(
            "The source begins before 0, which files cannot: all of it comes "
            f"{float(clip.span.late):.3f} s later."
        )
    if clip.alpha is not None:
        said.append(SOURCE_ALPHA_USED[settings.source_alpha].format(clip.alpha))
    elif _has_alpha_beside(clip):
        said.append(
            "The source has alpha as an image of its own, as AVIF and HEIC do, which is not read; "
            "save it as PNG to have it used."
        )
    whole = clip.coded or (clip.width, clip.height)
    if clip.clean_aperture not in (None, whole):
        seen, frame = ("x".join(map(str, each)) for each in (clip.clean_aperture, whole))
        said.append(
            f"The source says that {seen} of its {frame} are meant to be seen (clean aperture), "
            "which is not applied: the frame is the whole one."
        )
    if ROUNDED.match(clip.pixel_format):
        working = clip.working_format
        said.append(f"The source's {clip.pixel_format} samples are rounded to {working}.")
    if clip.interlaced and not settings.deinterlace:
        said.append("The source is interlaced: its edges will comb where it moves; deinterlace it.")
    return said


def _has_alpha_beside(clip: Clip) -> bool:
    path = clip.path
    boxes = demuxer_of(clip.container).boxes and isinstance(path, Path) and path.is_file()
    return boxes and has_alpha_beside(Path(path))


ASPECT_DIFFERS = 0.02
"""Share by which an aspect ratio may differ before it is worth a remark."""

LENGTH_DIFFERS = 0.1
"""Seconds by which lengths in headers may differ from what they are."""

COLOURED = 12
"""Mean difference of the channels, of 255, from which a matte is taken to be a photograph."""


def drawn_remarks(settings: Settings, clip: Clip) -> list[str]:
    """Return remarks on drawn mattes that do not look like mattes of the clip."""
    named = {"garbage matte": settings.garbage, "core matte": settings.core}
    said = []
    for what, given in named.items():
        if given is None or settings.source(given).is_pipe:
            continue
        drawn = probe(settings.source(given))
        if abs(drawn.shown_aspect / clip.shown_aspect - 1) > ASPECT_DIFFERS:
            said.append(
                f"The {what} is {_shown_size(drawn)}, of another shape than the frame of "
                f"{_shown_size(clip)}: it is stretched to fit."
            )
        if drawn.alpha is None and _is_coloured(drawn):
            said.append(f"The {what} is in colour, as a photograph is: its brightness counts.")
        if _is_of_part(drawn, clip):
            said.append(
                f"The {what} is as long as the part that is converted, but it is taken to begin "
                "with the source, as all drawn mattes are; make it of the whole source."
            )
    return said


def _shown_size(clip: Clip) -> str:
    shown = clip.as_shown()
    return f"{shown.width}x{shown.height}"


def _is_of_part(drawn: Clip, clip: Clip) -> bool:
    """Whether a video is as long as the part of the source that is converted, and a part it is."""
    if drawn.is_still or not drawn.duration or not clip.duration:
        return False
    differs = abs(drawn.duration - clip.span.length_within(clip.duration))
    return float(clip.span.start or 0) > LENGTH_DIFFERS > differs


def _is_coloured(drawn: Clip) -> bool:
    for frame in islice(decode(drawn), 1):
        rgb = frame.rgb.astype(np.int16)
        return float((rgb.max(axis=2) - rgb.min(axis=2)).mean()) > COLOURED
    return False
