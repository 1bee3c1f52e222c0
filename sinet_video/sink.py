"""What all sinks share: they leave a whole output, or none."""

from __future__ import annotations

import os
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
from av.container import OutputContainer
from av.video.reformatter import ColorRange

from sinet_video.audio import Carried
from sinet_video.clip import PIPE, RATE_IF_UNKNOWN, Clip
from sinet_video.codecs import CODECS, Content
from sinet_video.errors import OutputError, SettingError, SinetVideoError, reason
from sinet_video.frame import Matte
from sinet_video.hdr import Hdr, encoder_options
from sinet_video.planning import Plan
from sinet_video.svtav1 import open_encoder

BT709 = 1

UNCUT = 352, 288
"""The largest picture that libav's FFV1 encoder can leave in one piece."""


class Sink(ABC):
    """Where mattes go. A context manager.

    On leaving it without an error the output appears under its name, whole; with one, nothing is
    left. What of each matte is written is `content`: its frame ("opaque"), its frame with straight
    alpha ("alpha"), or its alpha as gray ("matte").
    """

    content: Content
    plan: Plan
    warnings: list[str]
    audio: Carried = "none"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._finish()
        except BaseException:
            self._abandon()
            raise
        if kind is not None:
            self._abandon()

    @abstractmethod
    def write(self, matte: Matte) -> None:
        """Take one matte; its pts must be later than the last one's."""

    @abstractmethod
    def _finish(self) -> None:
        """Write what is left and give the output its name."""

    @abstractmethod
    def _abandon(self) -> None:
        """Leave nothing."""


def part_name(path: Path) -> Path:
    """Return a hidden name beside a file, for it to have until it is whole."""
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")


def check_file(path: Path, *, overwrite: bool) -> None:
    """Raise `OutputError` if a file cannot be written there, or must not."""
    if path.is_dir():
        raise OutputError(f"{path} is a folder; give the name of a file.")
    check_free(path, occupied=path.exists(), overwrite=overwrite)
    check_folder(path.parent)


def check_free(path: Path, *, occupied: bool, overwrite: bool) -> None:
    """Raise `OutputError` if what is there already must not be replaced."""
    if occupied and not overwrite:
        raise OutputError(f"{path} is there already; choose to overwrite it, or another name.")


def check_folder(folder: Path) -> None:
    """Raise `OutputError` if nothing can be written into a folder."""
    if not folder.is_dir():
        raise OutputError(f"There is no folder {folder}; make it first.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"The folder {folder} may not be written to.")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what goes wrong while a file is written into an `OutputError` that names it."""
    try:
        yield
    except SinetVideoError:
        raise
    except BrokenPipeError as error:
        raise OutputError("The program that standard output went to has ended.") from error
    except (av.FFmpegError, OSError) as error:
        raise OutputError(f"{path} cannot be written: {reason(error)}.") from error


def open_container(target: Path, plan: Plan, **more: str) -> OutputContainer:
    """Open a file, or standard output, for writing, with the plan's muxer and options and more."""
    name = "pipe:1" if target == PIPE else os.fspath(target.absolute())
    # Without random numbers, which Matroska has for names: the same job gives the same bytes.
    options = {**plan.muxer_options, "fflags": "+bitexact", **more}
    return av.open(name, "w", format=plan.muxer, options=options)


def add_video_stream(
    container: OutputContainer, clip: Clip, content: Content, plan: Plan, time_base: Fraction
) -> Any:
    """Return a stream that encodes as planned, with the clip's geometry."""
    least = CODECS[plan.codec].least
    if min(clip.width, clip.height) < least:
        raise SettingError(
            f"The picture is {clip.width}x{clip.height}, and {plan.codec} needs sides of {least} "
            "or more; choose another codec."
        )
    rate = clip.rate or RATE_IF_UNKNOWN
    size = encoded_size(clip, plan)
    options = _options(plan, clip.hdr if content != "matte" else None)
    if plan.encoder == "ffv1":
        options |= _slices(*size, plan.pixel_format)
    stream: Any = container.add_stream(plan.encoder, rate=rate, options=options)
    stream.width, stream.height = size
    stream.pix_fmt = plan.pixel_format
    context = stream.codec_context
    stream.time_base = context.time_base = time_base
    context.sample_aspect_ratio = clip.sample_aspect
    context.thread_type = "AUTO"
    if not av.VideoFormat(plan.pixel_format).is_rgb:
        _tag(context, clip, content, plan)
    if plan.encoder == "libsvtav1":
        open_encoder(context)
    return stream


def _slices(width: int, height: int, pixel_format: str) -> dict[str, str]:
    """Return the option by which FFV1 takes a picture of a few pixels, which it cannot cut in two.

    libav cuts larger ones whatever it is told: raises `SettingError` for long thin ones.
    """
    form = av.VideoFormat(pixel_format)
    across, down = 16 // form.chroma_width(16), 16 // form.chroma_height(16)
    if width >= 2 * across and height >= 2 * down:
        return {}
    if width <= UNCUT[0] and height <= UNCUT[1]:
        return {"slices": "1"}
    raise SettingError(
        f"The picture is {width}x{height}, and ffv1 needs {2 * across}x{2 * down} or more for one "
        f"that is larger than {UNCUT[0]}x{UNCUT[1]} either way; choose another codec."
    )


def _options(plan: Plan, hdr: Hdr | None) -> dict[str, str]:
    options = dict(plan.options)
    if said := encoder_options(plan.encoder, hdr):
        name, parameters = said
        options[name] = ":".join(part for part in (options.get(name, ""), parameters) if part)
    return options


def encoded_size(clip: Clip, plan: Plan) -> tuple[int, int]:
    """Return the width and height to encode a clip in: its own, or the next that chroma divides."""
    width, height = clip.width, clip.height
    if not CODECS[plan.codec].even:
        return width, height
    chroma = av.VideoFormat(plan.pixel_format)
    across = 2 if chroma.chroma_width(16) < 16 else 1
    down = 2 if chroma.chroma_height(16) < 16 else 1
    return -(-width // across) * across, -(-height // down) * down


def _tag(context: Any, clip: Clip, content: Content, plan: Plan) -> None:
    """Copy the clip's colour tags; a matte is plain BT.709 video, in limited range where YUV."""
    if content == "matte":
        full = context.pix_fmt == "gray"
        context.color_range = ColorRange.JPEG if full else ColorRange.MPEG
        context.colorspace = context.color_primaries = context.color_trc = BT709
        return
    colour = clip.yuv_colour
    context.color_range = colour.range if plan.full_range else ColorRange.MPEG
    context.colorspace = colour.matrix
    context.color_primaries = colour.primaries
    context.color_trc = colour.transfer
