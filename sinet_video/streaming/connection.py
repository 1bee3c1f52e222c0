"""An open camera or stream, read without delay: frames are decoded as they come, none is held."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import av
from av.codec.context import Flags
from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from sinet_video.decoding.access import Allow, Source
from sinet_video.decoding.clip import Clip
from sinet_video.decoding.concealment import Tally, decode_packets
from sinet_video.decoding.deinterlace import deinterlaced
from sinet_video.decoding.demux import open_pipe, opened, video_stream, whole
from sinet_video.decoding.probe import clip_in
from sinet_video.decoding.timestamps import with_times
from sinet_video.errors import InputError, Remedy, reason
from sinet_video.media.frame import Frame
from sinet_video.read_ahead import cores
from sinet_video.streaming.address import Device
from sinet_video.streaming.audio_queue import AudioFormat
from sinet_video.streaming.backlog import Backlog
from sinet_video.streaming.file_audio import audio_stream
from sinet_video.streaming.letterbox import letterboxed
from sinet_video.streaming.relay import is_relayed, opened_relay
from sinet_video.streaming.settings import Streaming

if TYPE_CHECKING:
    Packet = av.Packet[Any]

Hear = Callable[["Packet", AudioFormat], None]

SILENCE = 10.0
"""Seconds without a packet after which a host is taken to be gone."""

URL_OPTIONS = {
    # Without nobuffer, which loses the first key frame: what is kept for analysis comes at once,
    # and of that only the newest frame is used.
    "analyzeduration": "2000000",  # microseconds; by default five seconds go by
    "rtsp_transport": "tcp",  # over UDP, whole slices go missing
    "overrun_nonfatal": "1",
}
"""libav's options for streams, each heeded by those that have it."""

CODEC_OPTION = {"v4l2": "input_format", "dshow": "pixel_format", "avfoundation": "pixel_format"}
"""What each kind of camera calls how it is to send."""

RATE_UNLESS_TOLD = {"avfoundation": "30"}
"""Frames per second to ask for. Of itself libav asks for 29.97, which few cameras of Macs have."""

AGAIN = 0.005
"""Seconds after which a camera that had no frame yet is asked again."""


class Connection:
    """An open input; its frames come with `arrived`, when the last packet did, by `monotonic`.

    Packets of its audio are handed to `hear` as they come, while frames are read; without it, audio
    is not read.

    Attributes:
        audio: what its audio is like; None if there is none, or nobody hears it.
        clip: its properties, by its first frame.
        arrived: when what was decoded last had come.
        tally: what was out of order.
        backlog: which packets were skipped, as there was no time to decode them.
        failed: whether it ended with an error.
    """

    def __init__(
        self, source: Source, device: Device | None, streaming: Streaming, hear: Hear | None = None
    ) -> None:
        self.arrived, self.tally, self.backlog = time.monotonic(), Tally(), Backlog()
        with ExitStack() as stack:
            self._container = stack.enter_context(_opened(source, device, streaming))
            self._stream = video_stream(self._container, source)
            _without_delay(self._stream)
            self._hear, self._heard = hear, audio_stream(self._container) if hear else None
            self.audio = None if self._heard is None else AudioFormat.of(self._heard)
            packets = self._packets()
            self._videos = decode_packets(packets, self._stream, "conceal", self.tally)
            self._first = next(self._videos, None)
            self.clip = clip_in(self._container, self._stream, source, self._first)
            self._open = stack.pop_all()

    @property
    def failed(self) -> bool:
        """Whether it ended because it could not be read on."""
        return self.tally.harm is not None

    def frames(self, like: Clip, *, deinterlace: bool = False) -> Iterator[Frame]:
        """Yield frames in the size and format of a clip, with this input's own times.

        Those of another shape get black borders.
        """
        self.backlog.restart()
        own = self.clip
        here = replace(like, time_base=own.time_base, start=own.start, container=own.container)
        videos = self._all()
        if deinterlace:
            videos = deinterlaced(videos, own.time_base)
        if not like.stacked:
            videos = letterboxed(videos, own.sample_aspect, like)
        return with_times(videos, here, self.tally)

    def close(self) -> None:
        """Close the input."""
        self._open.close()

    def _all(self) -> Iterator[av.VideoFrame]:
        if self._first is not None:
            yield self._first
        yield from self._videos

    def _packets(self) -> Iterator[Packet]:
        beside = [] if self._heard is None else [self._heard]
        for packet in self.backlog.timed(_demuxed(self._container, self._stream, *beside)):
            if packet.stream.index == self._stream.index:
                self.arrived = time.monotonic()
                if not self.backlog.skips(packet):
                    yield packet
            elif packet.size and self._hear is not None and self.audio is not None:
                self._hear(packet, self.audio)


def _demuxed(container: InputContainer, *streams: Stream) -> Iterator[Packet]:
    """Yield packets as they come; cameras of Macs do not wait for a frame, but say to ask again."""
    while True:
        try:
            yield from container.demux(*streams)
            return
        except av.BlockingIOError:
            time.sleep(AGAIN)


def _without_delay(stream: VideoStream) -> None:
    """Let the decoder give each frame at once: threads that share frames hold none back."""
    context = stream.codec_context
    context.thread_type, context.thread_count = "SLICE", cores()
    context.flags |= Flags.low_delay


def _opened(source: Source, device: Device | None, streaming: Streaming) -> Any:
    """Return a context manager of the open container."""
    if device is not None:
        return _opened_device(device, source.allow, streaming)
    if source.is_pipe:
        return whole(*open_pipe(source))
    source.check_host()
    if is_relayed(source.path):
        return opened_relay(str(source))
    return opened(source, URL_OPTIONS, patience=SILENCE)


def _is_pixel_format(name: str) -> bool:
    try:
        av.VideoFormat(name)
    except ValueError:
        return False
    return True


def _opened_device(device: Device, allow: Allow, streaming: Streaming) -> InputContainer:
    if device.format == "lavfi" and "movie" in device.name and allow != "network":
        raise InputError(
            f"{device} may read from other files and hosts.",
            remedy=Remedy("allow", "network", "if that is meant"),
        )
    rate, codec = streaming.capture_rate, streaming.capture_codec
    kind = CODEC_OPTION.get(device.format, "codec")
    if codec is not None and kind == "pixel_format" and not _is_pixel_format(codec):
        raise InputError(
            f"{device} can be asked for a pixel format only, and {codec} is none; ask for a size "
            "and a rate instead, and it sends what has both."
        )
    options = {
        "video_size": streaming.capture_size,
        "framerate": RATE_UNLESS_TOLD.get(device.format) if rate is None else f"{rate:g}",
        kind: codec,
    }
    given = {name: value for name, value in options.items() if value is not None}
    try:
        container: InputContainer = av.open(device.name, format=device.format, options=given)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise InputError(
            f"{device} cannot be opened ({reason(error)}); see that it is there, that no other "
            "program uses it, and that it has the size, rate and codec that are asked for."
        ) from error
    return container
