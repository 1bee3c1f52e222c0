"""The sinks for image sequences and for single images."""

from __future__ import annotations

import os
from collections.abc import Container, Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
from av.container import OutputContainer

from sinet_video.atomic import begin_file, begin_folder, discard, translate_write_errors
from sinet_video.containers.codecs import Content
from sinet_video.containers.numbering import is_pattern, numbers, with_place
from sinet_video.containers.photo_tags import with_icc
from sinet_video.containers.still_tags import write_alpha_tag
from sinet_video.decoding.clip import Clip
from sinet_video.decoding.sequence import TIMES
from sinet_video.encoding.encoder_input import rendered_frame, shown
from sinet_video.encoding.plan import Plan
from sinet_video.encoding.sink import Incoming, Sink
from sinet_video.encoding.video_stream import add_video_stream, open_container
from sinet_video.errors import OutputError
from sinet_video.media.frame import Matte
from sinet_video.media.tiled_alpha import AlphaKind
from sinet_video.media.time_range import RATE_IF_UNKNOWN
from sinet_video.publish import Publication

if TYPE_CHECKING:
    Packet = av.Packet[Any]

SUFFIX = {"png": ".png", "tiff": ".tif", "exr": ".exr"}
"""File name suffix of each codec's images, in a folder."""
HEADER = "# timestamp format v2\n"


def name_in(path: Path, plan: Plan) -> str:
    """Return the pattern of the image names in the folder that a path means."""
    return with_place(path.name) if is_pattern(path) else f"%05d{SUFFIX[plan.codec]}"


def siblings(path: Path) -> list[Path]:
    """Return the files in a file's folder, if it exists."""
    return list(path.parent.iterdir()) if path.parent.is_dir() else []


def timestamps(times: Iterable[Fraction]) -> str:
    """Return the text of mkvtoolnix's "timestamp format v2" for times in seconds, in order."""
    return "".join([HEADER, *(f"{float(time) * 1000:.6f}\n" for time in times)])


def joined_timestamps(texts: Iterable[str]) -> str:
    """Return one text of timestamps from the texts of consecutive parts."""
    return "".join([HEADER, *(text.removeprefix(HEADER) for text in texts)])


@dataclass(frozen=True)
class ImageTags:
    """What an image says of itself that libav's encoders do not write."""

    alpha: AlphaKind | None
    primaries: int
    icc: bytes

    @classmethod
    def of(cls, clip: Clip, content: Content, plan: Plan) -> ImageTags:
        """Return the tags of the images made of a clip."""
        kind = plan.alpha if content == "rgba" else None
        return cls(kind, clip.colour.primaries, clip.rgb_icc if content != "alpha" else b"")

    def written(self, packet: Packet) -> Packet:
        """Return an encoded image with the tags in it."""
        data = write_alpha_tag(bytes(packet), self.alpha, self.primaries)
        told = av.Packet(with_icc(data, self.icc))
        told.pts, told.dts, told.time_base = packet.pts, packet.dts, packet.time_base
        told.stream, told.is_keyframe = packet.stream, True
        return told


class _Images(Sink):
    """A container of images that are written beside their place."""

    _part: Path

    def __init__(
        self, path: Path, clip: Clip, content: Content, plan: Plan, *, overwrite: bool
    ) -> None:
        self.content, self.plan, self.warnings = content, plan, sequence_warnings(clip)
        self._path, self._overwrite, self._clip = path, overwrite, clip
        self._tags, self._incoming = ImageTags.of(clip, content, plan), Incoming(path, clip)

    def _open(self, name: Path, **options: str) -> None:
        """Open the container for what was begun, which is discarded if that fails."""
        upright, rate = self._clip.as_shown(), 1 / RATE_IF_UNKNOWN
        try:
            with translate_write_errors(self._path):
                self._container = open_container(name, self.plan, **options)
                self._stream = add_video_stream(
                    self._container, upright, self.content, self.plan, rate
                )
        except BaseException:
            discard(self._part)
            raise
        self._begun_by = os.getpid()

    def _video(self, matte: Matte, number: int) -> av.VideoFrame:
        """Return the image of a matte, the `number`th from 0 on."""
        video = shown(rendered_frame(matte, self.content, self.plan), self._clip.orientation)
        video.pts, video.time_base = number, 1 / RATE_IF_UNKNOWN
        return video

    def _mux(self, packets: list[Packet]) -> None:
        for packet in packets:
            self._container.mux(self._tags.written(packet))

    def _abandon(self) -> None:
        close_quietly(self._container)
        discard(self._part)


class ImageFile(_Images):
    """One image in a file of its own."""

    def __init__(
        self, path: Path, clip: Clip, content: Content, plan: Plan, *, overwrite: bool = False
    ) -> None:
        super().__init__(path, clip, content, plan, overwrite=overwrite)
        self._written = False
        with translate_write_errors(path):
            self._part = begin_file(path)
        self._open(self._part, update="1")

    def write(self, matte: Matte) -> None:
        """Write the image; see `Sink.write`. Raises `OutputError` for a second one."""
        self._incoming.check(matte)
        if self._written:
            raise OutputError(f"{self._path} is one image, and more than one frame came.")
        video = self._video(matte, 0)
        self._written = True
        with translate_write_errors(self._path):
            self._mux([*self._stream.encode(video), *self._stream.encode(None)])

    def finish(self) -> None:
        """As `Sink` says; raises `OutputError` if no frame was written."""
        self._incoming.end()
        if not self._written:
            raise OutputError(f"No frame came, so {self._path} was not written.")
        with translate_write_errors(self._path):
            self._container.close()

    def _publish(self, publication: Publication) -> None:
        with translate_write_errors(self._path):
            publication.place(self._part, self._path, overwrite=self._overwrite)
        discard(self._part)


def close_quietly(container: OutputContainer) -> None:
    """Close a file that is given up: the error that made us do so is the one to report."""
    try:
        container.close()
    except (av.FFmpegError, OSError):
        pass


class ImageSequence(_Images):
    """Images in a folder, numbered from `first`, and their times in timestamps.txt.

    The times are in milliseconds, in mkvtoolnix's "timestamp format v2". A pattern such as
    out/%05d.png adds to its folder; a plain name creates one.
    """

    TIMES = TIMES

    def __init__(
        self,
        path: Path,
        clip: Clip,
        content: Content,
        plan: Plan,
        first: int = 1,
        *,
        overwrite: bool = False,
    ) -> None:
        super().__init__(path, clip, content, plan, overwrite=overwrite)
        self._name, self._target = name_in(path, plan), path.parent if is_pattern(path) else path
        self._times: list[Fraction] = []
        with translate_write_errors(path):
            self._part = begin_folder(self._target.absolute())
        # A percent sign in the folder's own name is not a placeholder.
        folder = Path(str(self._part).replace("%", "%%"))
        self._open(folder / self._name, start_number=str(first))

    def write(self, matte: Matte) -> None:
        """Write the next image; see `Sink.write`."""
        self._incoming.check(matte)
        video = self._video(matte, len(self._times))
        self._times.append(matte.time)
        with translate_write_errors(self._path):
            self._mux(self._stream.encode(video))

    def finish(self) -> None:
        """As `Sink` says. Raises `OutputError` if no frame came."""
        self._incoming.end()
        if not self._times:
            raise OutputError(f"No frame came, so {self._path} was not written.")
        with translate_write_errors(self._path):
            self._mux(self._stream.encode(None))
            self._container.close()
            (self._part / self.TIMES).write_bytes(timestamps(self._times).encode())

    def _publish(self, publication: Publication) -> None:
        with translate_write_errors(self._path):
            place_images(
                publication, self._part, self._target / self._name, overwrite=self._overwrite
            )
        discard(self._part)


def place_images(
    publication: Publication,
    part: Path,
    pattern: Path,
    *,
    overwrite: bool,
    placed: Container[str] = (),
) -> None:
    """Give a folder of images its name, or the images theirs in a folder that is there.

    With `overwrite` others of the pattern go from there, but not those of names in `placed`.
    """
    target = pattern.parent
    within = target.is_dir() and any(map(target.samefile, (part.parent, part.parent.parent)))
    ours = overwrite or placed or publication.has_placed(target)
    if not within and not (target.is_dir() and ours):
        publication.place(part, target, overwrite=overwrite)
        return
    files = {file.name: file for file in sorted(part.iterdir())}
    for old in siblings(pattern) if overwrite else ():
        known = old.name in files or old.name in placed
        if numbers(pattern).fullmatch(old.name) and not known:
            publication.remove(old)
    for name, file in files.items():
        if name == ImageSequence.TIMES and _says_the_same(file, target / name):
            continue  # as where the other output of the job goes to the same folder
        publication.place(file, target / name, overwrite=overwrite)


def _says_the_same(one: Path, other: Path) -> bool:
    return other.is_file() and one.read_bytes() == other.read_bytes()


def sequence_warnings(clip: Clip) -> list[str]:
    """Return warnings about tags that few programs read from images.

    PNG stores the sample aspect ratio in pHYs. The two numbers are in FFmpeg's order, which is not
    the standard's: most programs that assemble images use FFmpeg, and the others ignore it. TIFF
    stores it as the resolution.
    """
    if clip.sample_aspect == 1:
        return []
    return [
        f"The source's pixels are not square ({clip.sample_aspect}). The images say so, but most "
        "programs will show them square."
    ]
