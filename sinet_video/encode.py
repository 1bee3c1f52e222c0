"""Writing: sinks that take mattes and leave a whole file, or none."""

from __future__ import annotations

import os
import re
import shutil
import uuid
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import av
import numpy as np
from av.video.reformatter import ColorRange
from numpy.typing import NDArray

from sinet_video.audio import Sound
from sinet_video.codecs import PNG, Content, Encoding, Plan, container_of, plan
from sinet_video.decode import Clip, Span, reason
from sinet_video.errors import OutputError, SettingError
from sinet_video.frame import Matte, blank_like, planes_of, reformat

RATE_IF_UNKNOWN = Fraction(25)
ALPHA_FORMAT_BITS = {"yuva420p": 8, "yuva422p": 8, "yuva444p": 8}


def check_output(path: Path, source: Path, *, overwrite: bool) -> None:
    """Raise `OutputError` or `SettingError` if a result cannot or must not be written there."""
    if container_of(path) is PNG and path.suffix and not re.search(r"%0?\d*d", path.name):
        raise SettingError(
            f"{path} is one picture and a video has many; give a folder, or a pattern such as "
            f"{path.with_name('%05d.png')}."
        )
    if path.exists() and os.path.samefile(path, source):
        raise SettingError(f"{path} is the input; the output must be another file.")
    occupied = any(path.iterdir()) if path.is_dir() else path.exists() and "%" not in path.name
    if occupied and not overwrite:
        raise OutputError(f"{path} is there already; choose to overwrite it, or another name.")
    if path.is_dir() and path.suffix:
        raise OutputError(f"{path} is a folder; give the name of a file.")
    parent = _existing_parent(path) if _is_pictures(path) else path.parent
    if not parent.is_dir():
        raise OutputError(f"There is no folder {parent}; make it first.")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise OutputError(f"The folder {parent} may not be written to.")


def _is_pictures(path: Path) -> bool:
    return container_of(path) is PNG


def _existing_parent(path: Path) -> Path:
    parent = path.parent
    while not parent.exists():
        parent = parent.parent
    return parent


def part_name(path: Path) -> Path:
    """Return a hidden name beside a file, for it to have until it is whole."""
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")


class Sink:
    """Mattes into a video file, or into numbered PNGs.

    A context manager: on leaving it without an error the output appears under its name, whole;
    with one, nothing is left. `content` says what of each matte is written: its frame ("opaque"),
    its frame with straight alpha ("alpha"), or its alpha as gray ("matte"). The clip lends pixel
    format, colour tags, time base and, with `sound`, its audio.
    """

    def __init__(
        self,
        path: str | Path,
        clip: Clip,
        *,
        content: Content = "opaque",
        encoding: Encoding = Encoding(),
        sound: bool = False,
        span: Span = Span(),
    ) -> None:
        self.path = Path(path)
        self.plan = plan(self.path, content, clip.working_format, encoding)
        self.content = content
        self.warnings: list[str] = []
        self.frames = 0
        self._clip, self._span = clip, span
        self._sound: Sound | None = None
        self._durations: dict[int, int] = {}
        self._pictures = _Pictures(self.path) if _is_pictures(self.path) else None
        self._part = self._pictures.folder if self._pictures else part_name(self.path)
        self._container = self._opened()
        try:
            self._stream = self._video_stream()
            if sound and clip.audio and not self._pictures:
                self._sound = Sound(clip.path, self._container, span)
                self.warnings += self._sound.warnings
        except BaseException:
            self._abandon()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._abandon()
            return
        try:
            self._finish()
        except BaseException:
            self._abandon()
            raise

    @property
    def audio(self) -> Literal["copied", "encoded", "none"]:
        """What became of the clip's sound."""
        if self._sound is None or not self._sound.tracks:
            return "none"
        return "encoded" if self._sound.warnings else "copied"

    def write(self, matte: Matte) -> None:
        """Encode one matte; its pts must be later than the last one's."""
        video = picture(matte, self.content, self.plan.pixel_format)
        video.pts, video.time_base = matte.frame.pts, matte.frame.time_base
        video.duration = matte.frame.duration
        # Otherwise the source's choice of key frames is forced on the encoder.
        video.pict_type = 0
        self._durations[matte.frame.pts] = matte.frame.duration
        if self._pictures:
            self._pictures.times.append(matte.time)
            video.pts, video.time_base = self.frames, Fraction(1, 25)
        self.frames += 1
        self._mux(video)

    def _mux(self, video: av.VideoFrame | None) -> None:
        try:
            for packet in self._stream.encode(video):
                if packet.pts is not None:
                    packet.duration = self._durations.pop(packet.pts, 0) or packet.duration
                    self._mux_sound(packet.pts * packet.time_base)
                self._container.mux(packet)
        except av.FFmpegError as error:
            raise OutputError(f"{self.path} cannot be written: {reason(error)}.") from error

    def _mux_sound(self, time: Fraction | None) -> None:
        if self._sound:
            for packet in self._sound.until(time):
                self._container.mux(packet)

    def _opened(self) -> av.container.OutputContainer:
        target = self._pictures.pattern if self._pictures else self._part
        try:
            return av.open(
                os.fspath(target), "w", format=self.plan.muxer, options=dict(self.plan.muxer_options)
            )
        except (av.FFmpegError, OSError) as error:
            raise OutputError(f"{self.path} cannot be written: {reason(error)}.") from error

    def _video_stream(self) -> Any:
        clip, plan = self._clip, self.plan
        rate = clip.rate or RATE_IF_UNKNOWN
        stream: Any = self._container.add_stream(plan.encoder, rate=rate, options=dict(plan.options))
        stream.width, stream.height, stream.pix_fmt = clip.width, clip.height, plan.pixel_format
        context = stream.codec_context
        context.sample_aspect_ratio = clip.sample_aspect
        context.thread_type = "AUTO"
        if not self._pictures:
            stream.time_base = context.time_base = clip.time_base
            _tag(context, clip, self.content)
        if clip.rotation:
            stream.set_display_rotation(clip.rotation)
        if plan.codec == "hevc" and plan.muxer in ("mp4", "mov"):
            context.codec_tag = "hvc1"  # the only tag that Apple's players take
        if self.content == "alpha":
            stream.metadata["alpha_mode"] = "1"
        return stream

    def _finish(self) -> None:
        if not self.frames:
            raise OutputError(f"No picture came, so {self.path} was not written.")
        self._mux(None)
        self._mux_sound(None)
        try:
            self._close()
            if self._pictures:
                self._pictures.publish()
            else:
                self._part.replace(self.path)
        except (av.FFmpegError, OSError) as error:
            raise OutputError(f"{self.path} cannot be written: {reason(error)}.") from error

    def _close(self) -> None:
        if self._sound:
            self._sound.__exit__()
        self._container.close()

    def _abandon(self) -> None:
        try:
            self._close()
        except (av.FFmpegError, OSError):
            pass  # What made us give up is what the caller must hear of, not that closing fails too.
        if self._pictures:
            self._pictures.abandon()
        else:
            self._part.unlink(missing_ok=True)


def _tag(context: Any, clip: Clip, content: Content) -> None:
    """Copy the clip's colour tags; a matte is plain BT.709 video, in limited range where YUV."""
    if content == "matte":
        gray = context.pix_fmt == "gray"
        context.color_range = ColorRange.JPEG if gray else ColorRange.MPEG
        context.colorspace = context.color_primaries = context.color_trc = 1
        return
    context.color_range = clip.colour.range
    context.colorspace = clip.colour.matrix
    context.color_primaries = clip.colour.primaries
    context.color_trc = clip.colour.transfer


class _Pictures:
    """Where numbered pictures go: a folder of their own until they are whole."""

    TIMES = "timestamps.txt"

    def __init__(self, path: Path) -> None:
        numbered = "%" in path.name
        self._target = path.parent if numbered else path
        name = path.name if numbered else "%05d.png"
        self._target.parent.mkdir(parents=True, exist_ok=True)
        self.folder = part_name(self._target.absolute())
        self.folder.mkdir()
        self.pattern = self.folder / name
        self.times: list[Fraction] = []

    def publish(self) -> None:
        """Move everything to where it belongs, with the times as a timestamps file (format v2)."""
        lines = [f"{float(time) * 1000:.6f}" for time in self.times]
        text = "\n".join(["# timestamp format v2", *lines, ""])
        (self.folder / self.TIMES).write_text(text)
        if self._target.exists():
            for file in sorted(self.folder.iterdir()):
                file.replace(self._target / file.name)
            self.folder.rmdir()
        else:
            self.folder.replace(self._target)

    def abandon(self) -> None:
        """Leave nothing."""
        shutil.rmtree(self.folder, ignore_errors=True)


def picture(matte: Matte, content: Content, pixel_format: str) -> av.VideoFrame:
    """Return what an encoder is given for a matte: for "opaque" in its own format, the frame's."""
    if content == "matte":
        return _gray(matte, pixel_format)
    if content == "alpha":
        return _with_alpha(matte, pixel_format)
    return reformat(matte.frame.video, format=pixel_format)


def _gray(matte: Matte, pixel_format: str) -> av.VideoFrame:
    """Alpha as gray: full range in a gray format, limited range and no colour in a YUV one."""
    if pixel_format == "gray":
        return av.VideoFrame.from_ndarray(_quantised(matte.alpha, 0, 255), "gray")
    deep = pixel_format.endswith("10le")
    low, high = (64, 940) if deep else (16, 235)
    video = av.VideoFrame(matte.frame.width, matte.frame.height, pixel_format)
    luma, *chroma = planes_of(video)
    luma[...] = _quantised(matte.alpha, low, high)
    for plane in chroma:
        plane[...] = 512 if deep else 128
    return video


def _quantised(alpha: NDArray[np.float32], low: int, high: int) -> NDArray[Any]:
    values = np.rint(alpha * np.float32(high - low) + np.float32(low))
    return values.astype(np.uint8 if high < 256 else np.uint16)


def _with_alpha(matte: Matte, pixel_format: str) -> av.VideoFrame:
    if pixel_format == "rgba":
        return _rgba(matte)
    colour = reformat(matte.frame.video, format=pixel_format.replace("yuva", "yuv"))
    video = blank_like(colour, pixel_format)
    *planes, alpha = planes_of(video)
    for target, source in zip(planes, planes_of(colour), strict=True):
        target[...] = source
    alpha[...] = _quantised(matte.alpha, 0, 1023 if pixel_format.endswith("10le") else 255)
    return video


def _rgba(matte: Matte) -> av.VideoFrame:
    """Straight RGBA; what is wholly transparent has no colour."""
    alpha = _quantised(matte.alpha, 0, 255)
    rgb = matte.frame.rgb * (alpha > 0)[..., None]
    return av.VideoFrame.from_ndarray(np.dstack([rgb, alpha]), "rgba")
