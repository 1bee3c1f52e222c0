"""Mattes read from files, stored as an alpha channel or as gray."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import ColorRange

from sinet_video.decoding.access import Source, StrPath
from sinet_video.decoding.concealment import Tally
from sinet_video.decoding.decoder import alpha_decoder, is_repeat
from sinet_video.decoding.demux import opened, video_stream
from sinet_video.decoding.sequence import is_still_source, still_images
from sinet_video.errors import InputError, reason
from sinet_video.media.arrays import Array
from sinet_video.media.convert import planes_of, range_of, reformat
from sinet_video.media.orientation import Orientation
from sinet_video.media.pixel_formats import has_alpha
from sinet_video.media.stacked import can_unstack, says_stacked, unstack
from sinet_video.media.time_range import seconds


def read_alphas(source: StrPath | Source) -> Generator[Array]:
    """Yield the mattes of a video or image file in order, lazily: (H, W) float32 in [0, 1].

    If the file has an alpha channel, that is the matte; otherwise its brightness is, from the black
    to the white of the file's range. Raises `InputError` if the file cannot be read to its end.
    """
    with closing(_read(source)) as frames:
        for video, _ in frames:
            yield alpha_of(video)


def read_drawn(source: StrPath | Source) -> Generator[tuple[Fraction, Array]]:
    """Yield the mattes of a hand-drawn file, upright, and their times in seconds.

    Mattes are (H, W) float32 in [0, 1]. Like `read_alphas`, but an alpha channel that is 1
    throughout the first frame is ignored, because drawing programs add one to black-and-white
    images.
    """
    by_alpha: bool | None = None
    with closing(_read(source)) as frames:
        for video, turned in frames:
            if by_alpha is None:
                by_alpha = has_alpha(video) and bool((_alpha_channel(video) < 1).any())
            alpha = _alpha_channel(video) if by_alpha else _brightness(video)
            time = seconds(video.pts, video.time_base)
            yield time, turned.shown(alpha)


def read_alpha(path: Path) -> Array:
    """Return the matte of an image file, (H, W) float32 in [0, 1]; see `read_alphas`.

    Raises `InputError` if the file cannot be read.
    """
    for alpha in read_alphas(path):
        return alpha
    raise InputError(f"{path} holds no frame that can be decoded.")


def _read(source: StrPath | Source) -> Generator[tuple[av.VideoFrame, Orientation]]:
    """Yield the frames of a file, each with how it is turned on display."""
    source = Source.of(source)
    if is_still_source(source):
        images = still_images(source)
        for video in images.videos(images.pts[0], source, "stop", Tally()):
            yield video, images.head.orientation
        return
    with closing(_read_video(source)) as videos:
        for video, stacked in videos:
            yield unstack(video) if stacked else video, Orientation.of(video)


def _read_video(source: Source) -> Generator[tuple[av.VideoFrame, bool]]:
    """Yield the frames of a video file, each with whether its alpha is below its colours."""
    with opened(source) as container:
        stream = video_stream(container, source)
        stacked = source.stacked or says_stacked(stream.metadata)
        stream.thread_type = "AUTO"
        decoder: VideoCodecContext | None = None
        try:
            for packet in container.demux(stream):
                decoder = decoder or alpha_decoder(stream, packet) or stream.codec_context
                if not is_repeat(packet):
                    for video in decoder.decode(packet):
                        yield video, stacked and can_unstack(video)
        except av.FFmpegError as error:
            raise InputError(f"{source} is damaged or cut off ({reason(error)}).") from error


def alpha_of(video: av.VideoFrame) -> Array:
    """Return the matte of a decoded frame, (H, W) float32 in [0, 1]; see `read_alphas`."""
    if has_alpha(video):
        return _alpha_channel(video)
    return _brightness(video)


def _alpha_channel(video: av.VideoFrame) -> Array:
    planar, bits = len(video.planes) == len(video.format.components), _depth(video)
    if planar and _is_float(video):
        return _scaled(np.nan_to_num(planes_of(video)[-1]), 0, 1)
    if planar and _is_plain(video):
        return _scaled(planes_of(video)[-1], 0, 2**bits - 1)
    packed = reformat(video, pixel_format="rgba" if bits <= 8 else "rgba64le")
    return _scaled(packed.to_ndarray()[..., 3], 0, 255 if bits <= 8 else 65535)


def _brightness(video: av.VideoFrame) -> Array:
    full = range_of(video) == ColorRange.JPEG
    if not (video.format.name.startswith(("gray", "yuv")) and _is_plain(video)):
        video = reformat(video, pixel_format="gray" if _depth(video) <= 8 else "gray16le")
    bits, luma = _depth(video), planes_of(video)[0]
    return _scaled(luma, 0, 2**bits - 1) if full else _scaled(luma, 2**bits >> 4, 235 << bits - 8)


def _is_plain(video: av.VideoFrame) -> bool:
    """Whether samples are integers that `planes_of` can read."""
    return 8 <= _depth(video) <= 16 and not video.format.name.endswith(("be", "f16le"))


def _is_float(video: av.VideoFrame) -> bool:
    return bool(video.format.name.endswith(("f16le", "f32le")))


def _depth(video: av.VideoFrame) -> int:
    return max(component.bits for component in video.format.components)


def _scaled(samples: Array, black: int, white: int) -> Array:
    scaled: Array = np.clip((samples.astype(np.float32) - black) / (white - black), 0, 1)
    return scaled
