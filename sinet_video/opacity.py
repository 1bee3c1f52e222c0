"""Alpha that a source has itself: seen by the right decoder, taken out of pictures, divided out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import av
import numpy as np
from av.container import InputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from sinet_video.alpha import TiledAlpha
from sinet_video.compositing import black_of
from sinet_video.frame import Frame
from sinet_video.pixels import blank_like, has_alpha, planes_of, reformat
from sinet_video.tail import Tail

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Packet = av.Packet[Any]

ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""libav's own decoders of these do not look at the alpha that is kept beside the pictures."""

UNSAID = 2


def alpha_mode(stream: VideoStream) -> str | None:
    """Return the container's tag of that name; Matroska and WebM say "1" of alpha."""
    tags = {key.lower(): value for key, value in stream.metadata.items()}
    return tags.get("alpha_mode")


def alpha_decoder(stream: VideoStream, packet: Packet) -> VideoCodecContext | None:
    """Return the decoder that sees alpha beside a stream's pictures; None if it has none there.

    `packet` is the stream's first.
    """
    name = stream.codec_context.name
    beside = packet.has_sidedata("matroska_block_additional")
    if name not in ALPHA_DECODERS or not (beside or alpha_mode(stream)):
        return None
    return cast(VideoCodecContext, av.CodecContext.create(ALPHA_DECODERS[name], "r"))


class Decoder:
    """What decodes a stream's packets, in order, with the alpha that is kept beside them."""

    def __init__(self, stream: VideoStream) -> None:
        self._stream = stream
        self._other: VideoCodecContext | None = None
        self._started = False
        self._tail = Tail()

    def decode(self, packet: Packet | None) -> list[av.VideoFrame]:
        """Return the pictures that a packet completes; None or an empty one ends the stream."""
        given = packet if packet is not None and packet.size else None
        if not self._started and given is not None:
            self._started, self._other = True, alpha_decoder(self._stream, given)
        if self._other is None:
            return self._plain(given)
        videos = list(self._other.decode(given))
        for video in videos:
            self._tag(video)
        return videos

    def _plain(self, packet: Packet | None) -> list[av.VideoFrame]:
        if packet is not None:
            self._tail.sent(packet)
        try:
            found = list(self._stream.codec_context.decode(packet))
        except av.FFmpegError:
            self._tail = Tail()  # which is not to be told again
            raise
        for video in found:
            video.time_base = self._stream.time_base  # those at the end have none
            self._tail.got(video)
        return found

    def check(self) -> None:
        """When the stream has ended, raise what went wrong at its end and was not said."""
        self._tail.check(self._stream)

    def _tag(self, video: av.VideoFrame) -> None:
        """Say what the container says of colours, which this decoder does not hear."""
        context: Any = self._stream.codec_context
        if int(video.colorspace) == UNSAID:
            video.colorspace = context.colorspace
        video.color_range = video.color_range or context.color_range
        video.color_primaries, video.color_trc = context.color_primaries, context.color_trc


def decoded(container: InputContainer, stream: VideoStream) -> Iterator[av.VideoFrame]:
    """Yield a stream's pictures from where its file is read."""
    decoder = Decoder(stream)
    for packet in container.demux(stream):
        yield from decoder.decode(packet)
    decoder.check()


def opacity_of(video: av.VideoFrame, width: int, height: int) -> TiledAlpha | None:
    """Return the alpha of a picture in a size, None if it has none."""
    if not has_alpha(video):
        return None
    video = reformat(video, width=width, height=height)
    if video.format.name.endswith("be"):
        video = reformat(video, pixel_format=video.format.name.removesuffix("be") + "le")
    bits = video.format.components[-1].bits
    if len(video.planes) == 4 and bits <= 16:
        return _tiled(planes_of(video)[3], bits)
    deep = bits > 8
    packed = reformat(video, pixel_format="rgba64le" if deep else "rgba").to_ndarray()
    return _tiled(packed[..., 3], 16 if deep else 8)


def _tiled(plane: NDArray[Any], bits: int) -> TiledAlpha:
    return TiledAlpha.of(plane.astype(np.float32) / np.float32(2**bits - 1))


def divided(frame: Frame, alpha: TiledAlpha) -> av.VideoFrame:
    """Return a premultiplied picture made straight; where alpha is 0 it stays as it is.

    The reverse of compositing over black: a chroma sample's alpha is the mean of its luma samples'.
    """
    video, shape = blank_like(frame.video), (frame.format.down, frame.format.across)
    dense, most = alpha.dense(), frame.format.top
    planes = zip(frame.planes, planes_of(video), black_of(frame), strict=True)
    for index, (source, target, black) in enumerate(planes):
        share = _shared(dense, *(shape if index or frame.format.is_rgb else (1, 1)))
        soft = (share > 0) & (share < 1)
        straight = black + (source[soft].astype(np.float32) - black) / share[soft]
        target[...] = source
        target[soft] = np.rint(np.clip(straight, 0, most)).astype(source.dtype)
    return video


def _shared(alpha: NDArray[np.float32], down: int, across: int) -> NDArray[np.float32]:
    """Return means of blocks."""
    height, width = alpha.shape
    filled = np.pad(alpha, ((0, -height % down), (0, -width % across)), mode="edge")
    rows, columns = filled.shape[0] // down, filled.shape[1] // across
    means: NDArray[np.float32] = filled.reshape(rows, down, columns, across).mean((1, 3))
    return means
