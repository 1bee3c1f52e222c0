"""The sink for streams: each frame is encoded and sent at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import OutputContainer

from sinet_video.atomic import translate_write_errors
from sinet_video.containers.codecs import Content
from sinet_video.containers.container import Container
from sinet_video.containers.formats import PIPE, container_of
from sinet_video.decoding.clip import Clip
from sinet_video.encoding.encoder_input import encodable
from sinet_video.encoding.packet_timing import Ticks
from sinet_video.encoding.plan import Plan, plan_in
from sinet_video.encoding.settings import Encoding
from sinet_video.encoding.sink import Sink
from sinet_video.encoding.video_stream import add_video_stream, encoded_size
from sinet_video.media.frame import Matte
from sinet_video.media.time_range import RATE_IF_UNKNOWN
from sinet_video.publish import Publication
from sinet_video.remote.address import without_secrets
from sinet_video.streaming.address import Target
from sinet_video.streaming.audio_output import AudioOutput
from sinet_video.streaming.relay import Relay, is_relayed
from sinet_video.streaming.settings import Streaming

INTERLEAVING = "10000"
"""Microseconds for which libav may hold packets back to put audio and frames in order, which they
are already.
"""

ALL = Fraction(10**9)
"""Seconds that no packet reaches."""


def plan_stream(
    target: Target, clip: Clip, content: Content, encoding: Encoding, streaming: Streaming
) -> Plan:
    """Return how to encode for a stream: without frames that wait for later ones.

    Raises `SettingError` as `plan` does.
    """
    container = container_in(target, encoding)
    chosen = plan_in(container, target.name, content, clip.working_format, encoding)
    if chosen.encoder not in ("libx264", "libx265"):
        return chosen
    keys = max(1, round(streaming.keyframe_every * float(clip.rate or RATE_IF_UNKNOWN)))
    options = {**chosen.options, "tune": "zerolatency", "g": str(keys), "bf": "0"}
    options.pop("x264-params", None)  # which makes bytes repeat, and takes time
    if streaming.max_bitrate is not None:
        most = str(round(streaming.max_bitrate * 1000))
        options |= {"maxrate": most, "bufsize": most}
    return replace(chosen, options=options)


def container_in(target: Target, encoding: Encoding) -> Container:
    """Return the container of a stream, or of a pipe."""
    return target.container or container_of(PIPE, encoding.format)


class StreamSink(Sink):
    """A stream to a host, to a pipe, or into a folder as HLS; connected once it is made.

    Raises `OutputError` if the host cannot be reached.
    """

    def __init__(
        self,
        target: Target,
        clip: Clip,
        content: Content,
        plan: Plan,
        audio: Callable[[OutputContainer], AudioOutput] | None = None,
    ) -> None:
        self.content, self.plan, self.warnings = content, plan, []
        self._target, self._turn = target, clip.orientation
        clip = clip.as_shown()
        self._size, self._ticks = encoded_size(clip, plan), Ticks(plan.muxer, clip.time_base)
        self._named = without_secrets(target.name)
        self._heard: AudioOutput | None = None
        self._relay = Relay(target.name) if is_relayed(target.name) else None
        with translate_write_errors(self._named):
            self._container = _container(target, plan, self._relay)
            try:
                self._stream = self._begun(clip, audio)
            except BaseException:
                self._close()
                raise

    @property
    def is_sure(self) -> bool:
        """Whether it is sure that the host is there."""
        return self._relay is None or self._relay.reached.is_set()

    def _begun(self, clip: Clip, audio: Callable[[OutputContainer], AudioOutput] | None) -> Any:
        stream = add_video_stream(self._container, clip, self.content, self.plan, clip.time_base)
        # Threads that each have a frame of their own would hold as many back.
        stream.codec_context.thread_type = "SLICE"
        if audio is not None:
            self._heard = audio(self._container)
            self.audio, self.warnings = self._heard.carried, self._heard.warnings
        self._container.start_encoding()
        return stream

    def write(self, matte: Matte) -> None:
        """As `Sink` says; the frame is on its way when this returns."""
        video = encodable(matte, self.content, self.plan, self._size, self._turn)
        video.pts = self._ticks.placed(matte.frame.pts)
        with translate_write_errors(self._named):
            self._send_audio(matte.time)
            for packet in self._stream.encode(video):
                packet.duration = matte.frame.duration
                self._container.mux(packet)
            if self._heard is not None:
                # libav lets go of the frame when it has seen audio from after it.
                self._container.mux(list(self._heard.one_more()))

    def go_on(self) -> None:
        """Send the audio that has come while no frame does."""
        if self._heard is not None:
            with translate_write_errors(self._named):
                self._container.mux(list(self._heard.until(ALL)))

    def _send_audio(self, time: Fraction | None) -> None:
        if self._heard is not None:
            for packet in self._heard.until(time):
                self._container.mux(packet)

    def finish(self) -> None:
        """As `Sink` says."""
        with translate_write_errors(self._named):
            for packet in self._stream.encode(None):
                self._container.mux(packet)
            self._send_audio(None)
            self._container.close()
        if self._heard is not None:
            self._heard.close()
        if self._relay is not None:
            self._relay.close()

    def _publish(self, publication: Publication) -> None:
        """As `Sink` says; what was sent has no name to get."""

    def _abandon(self) -> None:
        """As `Sink` says; what was sent remains so."""
        self._close()

    def _close(self) -> None:
        try:
            self._container.close()
        except (av.FFmpegError, OSError):
            pass  # The error that made us give up is the one to report.
        if self._heard is not None:
            self._heard.close()
        if self._relay is not None:
            self._relay.close()


def _container(target: Target, plan: Plan, relay: Relay | None) -> Any:
    options = {**plan.muxer_options, "max_interleave_delta": INTERLEAVING}
    if relay is not None:
        return av.open(relay, "w", format=plan.muxer, options=options)
    name = "pipe:1" if target.kind == "pipe" else target.name
    if target.kind == "stream" and "://" not in name:
        name = os.fspath(Path(name).absolute())
    return av.open(name, "w", format=plan.muxer, options=options)
