"""The sink for video files: encoded frames, exact times, and companion streams."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av

from sinet_video.atomic import begin_file, discard, translate_write_errors
from sinet_video.containers.alpha_tag import TAG, write_mov_alpha_tag
from sinet_video.containers.codecs import Content
from sinet_video.containers.display_size import write_display_size
from sinet_video.containers.formats import BY_MUXER, PIPE
from sinet_video.containers.isobmff import hide_starts
from sinet_video.containers.photo_tags import with_icc
from sinet_video.decoding.clip import Clip
from sinet_video.encoding.captions import Captions
from sinet_video.encoding.encoder_input import encodable
from sinet_video.encoding.hdr_options import encoder_options
from sinet_video.encoding.metadata import tags_option
from sinet_video.encoding.packet_timing import PacketTimes, Ticks, TooShort, timescale_of
from sinet_video.encoding.palette import PALETTE
from sinet_video.encoding.plan import Plan
from sinet_video.encoding.sink import Beside, Companions, Incoming, Sink
from sinet_video.encoding.video_stream import add_video_stream, encoded_size, open_container
from sinet_video.errors import OutputError
from sinet_video.media.frame import Frame, Matte
from sinet_video.media.orientation import Orientation
from sinet_video.media.stacked import HANDLER, STACKED
from sinet_video.media.time_range import RATE_IF_UNKNOWN, seconds
from sinet_video.publish import Publication

if TYPE_CHECKING:
    Packet = av.Packet[Any]


class VideoFile(Sink):
    """A video file, alone or with everything that accompanies the clip's frames in its span."""

    def __init__(
        self,
        path: Path,
        clip: Clip,
        content: Content,
        plan: Plan,
        beside: Beside | None = None,
        *,
        overwrite: bool = False,
    ) -> None:
        self.content, self.plan, self.warnings = content, plan, []
        self._overwrite = overwrite
        self._format = BY_MUXER[plan.muxer]
        tagged = self._format.orientation_tag and not plan.stacked
        self._turn = Orientation() if tagged else clip.orientation
        self._path, self._incoming = path, Incoming(path, clip)
        clip = clip if tagged else clip.as_shown()
        self._companions: Companions | None = None
        self._counter = None if self._format.timed else _Counter(clip)
        self._times, self._size = PacketTimes(), encoded_size(clip, plan)
        self._captions, self._ticks = Captions(plan.codec), Ticks(plan.muxer, clip.time_base)
        self._short, self._icc = TooShort(plan.muxer), clip.rgb_icc if content != "alpha" else b""
        self._aspect = clip.sample_aspect
        with translate_write_errors(path):
            self._part = path if path == PIPE else begin_file(path)
        try:
            with translate_write_errors(path):
                options = timescale_of(clip, plan) | tags_option(clip, plan)
                self._container = open_container(self._part, plan, **options)
        except BaseException:
            self._discard()
            raise
        try:
            with translate_write_errors(path):
                self._stream = self._video(clip)
            self.warnings += _unsaid(clip, content, plan)
            if beside is not None:
                found = beside(self._container, self._stream)
                self._companions, self.audio = found, found.carried
            if plan.stacked:  # in place of what the source's video is called
                self._stream.metadata.update({TAG: STACKED, "handler_name": HANDLER})
        except BaseException:
            self.abandon()
            raise
        self._begun_by = os.getpid()

    def write(self, matte: Matte) -> None:
        """Encode the next frame; see `Sink.write`. Raises `OutputError`."""
        self._incoming.check(matte)
        if self._short.drops(matte.time):
            return
        if self._counter is not None:
            matte = matte.with_frame(self._counter.counted(matte.frame))
        if matte.frame.pts < 0:
            raise OutputError(
                f"A frame comes at {float(matte.time):.3f} s, and {self._path} can hold none "
                "before 0; give all of them later times."
            )
        video = encodable(matte, self.content, self.plan, self._size, self._turn)
        video.pts = self._ticks.placed(matte.frame.pts)
        self._times.note(video.pts, matte.frame.duration)
        if self._companions is not None:
            self._captions.note(video.pts, matte.frame.captions)
        with translate_write_errors(self._path):
            for packet in self._stream.encode(video):
                self._mux(self._times.next(self._captions.put(packet)))

    def copy(self, parts: Sequence[Path]) -> None:
        """Take all frames from files of `PacketFile` instead of mattes."""
        from sinet_video.encoding.packet_file import joined  # only jobs that were kept are joined

        with translate_write_errors(self._path):
            for packet in joined(parts, self._stream.time_base, self._times.note):
                packet.stream = self._stream
                self._mux(self._times.next(packet))

    def _video(self, clip: Clip) -> Any:
        time_base = clip.time_base if self._counter is None else self._counter.time_base
        stream = add_video_stream(self._container, clip, self.content, self.plan, time_base)
        if not clip.orientation.upright:
            # libav rotates before it flips, as we do.
            stream.set_display_rotation(clip.rotation, hflip=clip.mirrored)
        if tag := self._format.codec_tags.get(self.plan.codec):
            stream.codec_context.codec_tag = tag
        if self.content == "rgba" and not self.plan.stacked:
            stream.metadata["alpha_mode"] = "1"
            stream.metadata[TAG] = self.plan.alpha
        return stream

    def _mux(self, packet: Packet | None) -> None:
        if packet is not None:
            self._mux_companions(packet)
            self._container.mux(packet)

    def _mux_companions(self, before: Packet | None) -> None:
        if self._companions:
            time = None if before is None else seconds(before.pts, before.time_base)
            for packet in self._companions.until(time):
                try:
                    self._container.mux(packet)
                except (av.ArgumentError, av.InvalidDataError) as error:  # the packet is at fault
                    self._companions.harmed(error, "some of it is lost")

    def finish(self) -> None:
        """As `Sink` says. Raises `OutputError` if no frame came."""
        self._incoming.end()
        if not self._times.count:
            raise OutputError(f"No frame came, so {self._path} was not written.")
        with translate_write_errors(self._path):
            for packet in self._stream.encode(None):  # needed even without frames
                if self._times.count < 3:
                    packet.dts = packet.pts  # nothing to reorder; x265 is wrong for so few
                self._mux(self._times.next(self._captions.put(packet)))
            self._mux(self._times.next(None))
            self.warnings += self._ticks.warnings(self.plan.muxer) + self._short.warnings()
            if self._counter is not None:
                self.warnings += self._counter.warnings()
            self._mux_companions(None)
            if self._companions is not None:
                self.warnings += self._companions.warnings
            self._close_container()
            if self._path != PIPE:
                self._complete()
        self._close()  # what the source raises then is not about this file

    def _close_container(self) -> None:
        """Write the index; what a muxer refuses only then are headers of copied audio."""
        try:
            self._container.close()
        except (av.ArgumentError, av.InvalidDataError) as error:
            if self._companions is not None:
                self._companions.check_headers(error)
            raise

    def _publish(self, publication: Publication) -> None:
        if self._path == PIPE:
            return
        with translate_write_errors(self._path):
            publication.place(self._part, self._path, overwrite=self._overwrite)
        discard(self._part)

    def _complete(self) -> None:
        """Correct what the muxer could not be told, and check what it wrote of the companions."""
        channel = self.content == "rgba" and not self.plan.stacked
        if self._format.alpha_tag == "graphics mode" and channel:
            write_mov_alpha_tag(self._part, self.plan.alpha)
        if self._aspect != 1 and self._format.sample_aspect == "display size":
            said = write_display_size(self._part, self._size, self._aspect)
            self.warnings += [] if said else [_shown_square(self._aspect, self.plan)]
        if self._format.animation and self._icc:
            self._part.write_bytes(with_icc(self._part.read_bytes(), self._icc))
        if self._companions is None:
            return
        if self._format.edit_list:
            hide_starts(self._part, self._companions.hidden_starts)
        self.warnings += self._companions.lost(self._part)

    def _close(self) -> None:
        try:
            if self._companions:
                self._companions.close()
        finally:
            self._container.close()

    def _abandon(self) -> None:
        try:
            self._close()
        except (av.FFmpegError, OSError):
            pass  # The error that made us give up is the one to report.
        finally:
            self._discard()

    def _discard(self) -> None:
        if self._part != PIPE:
            discard(self._part)


class _Counter:
    """Frame numbers in place of times, for formats that have none."""

    def __init__(self, clip: Clip) -> None:
        self.time_base = 1 / (clip.rate or RATE_IF_UNKNOWN)
        self._start: Fraction | None = None
        self._count = 0
        self._off = Fraction(0)

    def counted(self, frame: Frame) -> Frame:
        """Return a frame as the next one at a constant rate."""
        self._start = frame.time if self._start is None else self._start
        expected = self._start + self._count * self.time_base
        self._off = max(self._off, abs(frame.time - expected))
        self._count += 1
        return replace(frame, pts=self._count - 1, time_base=self.time_base, duration=1)

    def warnings(self) -> list[str]:
        """Return a warning if frames did not come at that rate."""
        if self._off < self.time_base / 2:
            return []
        return [
            f"The stream has no times, and frames came up to {float(self._off):.3f} s off a "
            "constant rate; nut keeps them."
        ]


def _unsaid(clip: Clip, content: Content, plan: Plan) -> list[str]:
    """Return warnings about what a player is not told, or displays differently."""
    warnings = []
    size = encoded_size(clip, plan)
    if plan.stacked:
        size = size[0], size[1] // 2
    if size != (clip.width, clip.height):
        warnings.append(
            f"The frame is {clip.width}x{clip.height}, and {plan.codec} in {plan.pixel_format} "
            f"needs even sides: its last samples were repeated to make it {size[0]}x{size[1]}."
        )
    if plan.pixel_format == PALETTE and content == "rgba":
        warnings.append(
            "GIF has no partial transparency: alpha of half and more is opaque, the rest is "
            "transparent. WebP and APNG keep it."
        )
    if content != "alpha" and clip.hdr and encoder_options(plan.encoder, clip.hdr) is None:
        warnings.append(
            "What the source says of the screen that it was graded on, and of light levels, is "
            f"lost in {plan.codec}; hevc and av1 keep it."
        )
    if clip.sample_aspect != 1 and BY_MUXER[plan.muxer].sample_aspect == "no":
        warnings.append(_shown_square(clip.sample_aspect, plan))
    return warnings


def _shown_square(aspect: Fraction, plan: Plan) -> str:
    return (
        f"The source's pixels are not square ({aspect}), which {plan.codec} in a {plan.muxer} file "
        "does not say: players will show them square."
    )
