"""A file as a player shows it: its properties, and its frames with alpha and times."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard, cast

import av
from av.container import InputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream

from sinet_video.containers import still_tags
from sinet_video.containers.alpha_tag import read_alpha_tag
from sinet_video.containers.integrity import damage
from sinet_video.containers.numbering import find_numbered
from sinet_video.containers.photo_tags import read_photo_tags
from sinet_video.decoding.access import Source, StrPath
from sinet_video.decoding.concealment import where
from sinet_video.decoding.decoder import alpha_decoder, alpha_mode, is_repeat
from sinet_video.decoding.demux import opened, video_stream
from sinet_video.decoding.probe import first_frame, probe
from sinet_video.decoding.sequence import NANOSECOND, TIMES, is_still_source, read_times
from sinet_video.decoding.stills import without_side_data
from sinet_video.decoding.timeline import Timeline
from sinet_video.errors import InputError, reason
from sinet_video.media.colour import Colour
from sinet_video.media.convert import matrix_of, range_of
from sinet_video.media.orientation import Orientation
from sinet_video.media.pixel_formats import has_alpha
from sinet_video.media.stacked import says_stacked, unstack
from sinet_video.media.tiled_alpha import AlphaKind
from sinet_video.media.time_range import exact, seconds
from sinet_video.words import counted

if TYPE_CHECKING:
    Packet = av.Packet[Any]

IMAGES = "images"

IMAGE_CODECS = {
    ".png": "png", ".tif": "tiff", ".tiff": "tiff", ".exr": "exr", ".webp": "webp", ".bmp": "bmp",
    ".jpg": "mjpeg", ".jpeg": "mjpeg", ".dpx": "dpx",
}  # fmt: skip

ONE_EACH = frozenset({"h264", "hevc", "av1", "vp9", "ffv1", "prores", "png", "qtrle"})
"""Codecs in which every packet is one displayed frame."""

STRICT = {"err_detect": "crccheck+bitstream+buffer+explode"}

MILLISECOND = Fraction(1, 1000)
"""In seconds."""


@dataclass(frozen=True)
class VideoProperties:
    """How a file says that it should be displayed.

    Attributes:
        container: libav's names of the format, or `IMAGES`.
        codec: the video codec.
        pixel_format: as decoded, without alpha that is stored beside the frames.
        width, height: the coded size in pixels, before `orientation` and `sample_aspect`.
        orientation: how a player rotates and mirrors the frames.
        sample_aspect: width of a pixel over its height; None if unknown.
        colour: the colour tags.
        matrix, range: how colours are interpreted; without tags, as players guess.
        tick: seconds per unit of time.
        end: time in seconds at which the last frame ends, or None if the file does not say.
        alpha_mode: the container's tag of that name; in Matroska and WebM, "1" means alpha.
        alpha_said: the tagged kind of alpha; None without a tag.
        stacked: whether alpha is below colour in the file's frames, of twice this height.
    """

    container: str
    codec: str
    pixel_format: str
    width: int
    height: int
    orientation: Orientation
    sample_aspect: Fraction | None
    colour: Colour
    matrix: Colorspace
    range: ColorRange
    tick: Fraction
    end: Fraction | None
    alpha_mode: str | None
    alpha_said: AlphaKind | None = None
    stacked: bool = False

    @property
    def is_rgb(self) -> bool:
        """Whether no YUV tags are needed."""
        return av.VideoFormat(self.pixel_format).is_rgb or self.pixel_format == "pal8"

    @property
    def is_image_sequence(self) -> bool:
        """Whether it is an image sequence, which has no geometry tags and no audio."""
        return self.container == IMAGES

    @property
    def upright_size(self) -> tuple[int, int]:
        """Width and height in pixels, after rotation."""
        size = self.width, self.height
        return self.orientation.stored_size(size)


@dataclass(frozen=True)
class PlayedFrame:
    """One frame of a file, in the format it was decoded to.

    `time` is in seconds, exact, or None if the file gives none. `duration` is in seconds, 0 if the
    file does not say.
    """

    time: Fraction | None
    duration: Fraction
    video: av.VideoFrame


def video_properties(given: StrPath | Source) -> VideoProperties:
    """Return the properties of a file, a folder of images or a pattern such as out/%05d.png.

    Raises `InputError` if it has no frame that can be decoded.
    """
    source = Source.of(given)
    path = source.located
    if not is_image_sequence(path):
        return _properties_of_video(source)
    file = next(iter(_files(path).values()))
    first = _read_image(file)
    return VideoProperties(
        container=IMAGES,
        codec=IMAGE_CODECS[file.suffix.lower()],
        pixel_format=first.format.name,
        width=first.width,
        height=first.height,
        orientation=read_photo_tags(file.read_bytes()).orientation,
        sample_aspect=_aspect(file),
        colour=Colour.of(first),
        matrix=matrix_of(first),
        range=range_of(first),
        tick=NANOSECOND,
        end=None,
        alpha_mode=None,
        alpha_said=still_tags.read_alpha_tag(file) if has_alpha(first) else None,
    )


def _aspect(file: Path) -> Fraction | None:
    """Return the sample aspect ratio of an image; libav does not read TIFF's."""
    if file.suffix.lower() != ".png":
        return None
    decoder, _ = _decoded(file)
    return exact(decoder.sample_aspect_ratio) or Fraction(1)


def _properties_of_video(source: Source) -> VideoProperties:
    clip = probe(source)
    with opened(source) as container:
        stream = video_stream(container, source)
        # With the plain decoder: those for alpha do not get the container's colour tags.
        first = first_frame(container, stream)
        assert first is not None  # as the probe has seen it
        return VideoProperties(
            container=clip.container,
            codec=clip.codec,
            pixel_format=first.format.name,
            width=clip.width,
            height=clip.height,
            orientation=clip.orientation,
            sample_aspect=clip.sample_aspect,
            colour=Colour.of(first),
            matrix=matrix_of(first),
            range=range_of(first),
            tick=clip.time_base,
            end=clip.end * clip.time_base if clip.end is not None else None,
            alpha_mode=alpha_mode(stream),
            alpha_said=read_alpha_tag(Path(source.path), clip.container, stream.metadata)
            if clip.alpha
            else None,
            stacked=clip.stacked,
        )


def is_image_sequence(path: StrPath) -> TypeGuard[Path]:
    """Whether a path is a folder, a pattern such as out/%05d.png, or a still image."""
    return isinstance(path, Path) and is_still_source(Source(path))


def strict_decode(given: StrPath | Source) -> Generator[PlayedFrame]:
    """Yield the frames of a file in order, lazily, each with its alpha if it has any.

    Stricter than a player: if anything is damaged or missing, the frames before it are returned and
    then `InputError` is raised.
    """
    source = Source.of(given)
    path = source.located
    return _play_images(path) if is_image_sequence(path) else _play_video(source)


def _play_video(source: Source) -> Generator[PlayedFrame]:
    with opened(source) as container:
        stream = video_stream(container, source)
        unit, stacked = stream.time_base, source.stacked or says_stacked(stream.metadata)
        last: Fraction | None = None
        lost = 0
        try:
            decoder: VideoCodecContext | None = None
            for packet in Timeline(container, stream).packets(stream):
                if is_repeat(packet):
                    continue
                decoder = decoder or _decoder(stream, packet)
                lost += packet.size > 0 and not packet.is_discard
                for video in decoder.decode(packet):
                    if video.is_corrupt:
                        raise InputError(f"{source} is damaged {where(last)}.")
                    lost -= 1
                    last = None if video.pts is None else seconds(video.pts, unit)
                    length = seconds(video.duration, unit)
                    yield PlayedFrame(last, length, unstack(video) if stacked else video)
        except av.FFmpegError as error:
            raise InputError(
                f"{source} is damaged or cut off {where(last)} ({reason(error)})."
            ) from error
        _check_all_there(
            source.located, container, lost if stream.codec_context.name in ONE_EACH else 0
        )


def _check_all_there(path: StrPath, container: InputContainer, lost: int) -> None:
    if isinstance(path, Path):
        with path.open("rb") as file:
            harm = damage(file, container)
        if harm:
            raise InputError(f"{path} {harm}.")
    if lost > 0:
        raise InputError(f"{path} is damaged: {lost} of its frames cannot be decoded.")


def _decoder(stream: VideoStream, packet: Packet) -> VideoCodecContext:
    """Return a decoder for everything in a stream, given its first packet."""
    context = alpha_decoder(stream, packet) or stream.codec_context
    context.thread_type = "AUTO"
    context.options = STRICT
    return context


def _play_images(path: Path) -> Generator[PlayedFrame]:
    files = _files(path)
    times = [Fraction(0)] if path.is_file() else _times(path)
    size: tuple[int, int] | None = None
    for index, number in enumerate(range(min(files), max(files) + 1)):
        file = files.get(number)
        if file is None:
            raise InputError(f"{path} is not whole: number {number} is missing.")
        video = _read_image(file)
        size = size or (video.width, video.height)
        if size != (video.width, video.height):
            raise InputError(f"{file} has another size than the frames before it.")
        yield PlayedFrame(times[index] if index < len(times) else None, Fraction(0), video)
    if len(files) != len(times):
        images = counted(len(files), "image has", "images have")
        raise InputError(f"{path} is not whole: {images} {counted(len(times), 'time')}.")


def _files(path: Path) -> dict[int, Path]:
    """Return the images of a folder, a pattern or a file by their numbers."""
    return {1: path} if path.is_file() else find_numbered(path).files


def _times(path: Path) -> list[Fraction]:
    """Return the times beside the images of a folder or a pattern; none if there is no file."""
    beside = (path if path.is_dir() else path.parent) / TIMES
    return read_times(beside) if beside.exists() else []


def _read_image(path: Path) -> av.VideoFrame:
    return _decoded(path)[1]


def _decoded(path: Path) -> tuple[VideoCodecContext, av.VideoFrame]:
    """Return an image, and the decoder that read it. Raises `InputError`."""
    codec = IMAGE_CODECS.get(path.suffix.lower(), "png")
    decoder = cast(VideoCodecContext, av.CodecContext.create(codec, "r"))
    if codec == "png":  # libav's strict TIFF decoder rejects what its own encoder writes
        decoder.options = STRICT
    try:
        data: Packet = av.Packet(path.read_bytes())
        (video,) = [*decoder.decode(data), *decoder.decode(None)]
    except (av.FFmpegError, OSError, ValueError) as error:
        raise InputError(f"{path} is damaged or no {codec.upper()} ({reason(error)}).") from error
    return decoder, without_side_data(video)
