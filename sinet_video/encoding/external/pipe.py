"""Frames in a pipe to ffmpeg."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import ffmpeg
from av.video.reformatter import ColorRange

from sinet_video.containers.codecs import CODECS, Content
from sinet_video.containers.formats import PIPES
from sinet_video.decoding.external.pipe import LATE
from sinet_video.decoding.external.process import Stream
from sinet_video.media.colour import BT709, Colour
from sinet_video.media.frame import Frame

FINEST = 48_000
"""Least number of units per second in NUT, which doubles coarser rates until they reach it."""

PIPED = "pipe:0"

TURNS = (
    (),
    (("transpose", "cclock"),),
    (("hflip",), ("vflip",)),
    (("transpose", "clock"),),
)
"""Filters that rotate a frame counter-clockwise, by number of quarter turns."""


def from_pipe(frame: Frame, content: Content) -> Stream:
    """Return the stream of frames on stdin, tagged and upright, for frames like this one.

    Their times are delayed by `late(frame.time_base)`.
    """
    tags = Colour(BT709, ColorRange.JPEG, BT709, BT709)  # the tags of a matte
    if content != "alpha":
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
    """Return the delay of times in the pipe to ffmpeg, a whole number of units and of seconds."""
    return LATE * time_base.denominator


def raw_format(content: Content, pixel_format: str) -> str:
    """Return the pixel format in which content is piped, which a lossless codec keeps."""
    lossless = CODECS["rawvideo"]
    if content == "alpha":
        return lossless.alpha
    choose = lossless.rgba if content == "rgba" else lossless.rgb
    assert choose is not None  # the format has alpha
    return choose(PIPES["nut"].narrows(pixel_format))


def finer(time_base: Fraction) -> Fraction:
    """Return a unit that divides the time base, as fine as NUT stores it."""
    units = time_base.denominator
    while units < FINEST:
        units *= 2
    return Fraction(1, units)
