"""The sink for image sequences."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av

from sinet_video.atomic import begin_folder, discard, translate_write_errors
from sinet_video.containers.codecs import Content
from sinet_video.containers.still_tags import write_alpha_tag
from sinet_video.decoding.clip import Clip
from sinet_video.encoding.encoder_input import rendered_frame, shown
from sinet_video.encoding.plan import Plan
from sinet_video.encoding.sink import Sink
from sinet_video.encoding.video_stream import add_video_stream, open_container
from sinet_video.errors import OutputError
from sinet_video.media.frame import Matte
from sinet_video.media.time_range import RATE_IF_UNKNOWN
from sinet_video.publish import Publication

if TYPE_CHECKING:
    Packet = av.Packet[Any]

SUFFIXES = frozenset({".png", ".tif", ".tiff", ".exr"})
SUFFIX = {"png": ".png", "tiff": ".tif", "exr": ".exr"}
"""File name suffix of each codec's images, in a folder."""
HEADER = "# timestamp format v2\n"
NUMBER = re.compile(r"%0?\d*d")


def is_pattern(path: Path) -> bool:
    """Whether a name is a pattern such as %05d.png."""
    return path.suffix.lower() in SUFFIXES and NUMBER.search(path.name) is not None


def numbers(path: Path) -> re.Pattern[str]:
    """Return a regular expression for all the names that a pattern stands for."""
    before, after = NUMBER.split(path.name, maxsplit=1)
    return re.compile(re.escape(before) + r"\d+" + re.escape(after))


def name_in(path: Path, plan: Plan) -> str:
    """Return the pattern of the image names in the folder that a path means."""
    return path.name if is_pattern(path) else f"%05d{SUFFIX[plan.codec]}"


def siblings(path: Path) -> list[Path]:
    """Return the files in a file's folder, if it exists."""
    return list(path.parent.iterdir()) if path.parent.is_dir() else []


def timestamps(times: Iterable[Fraction]) -> str:
    """Return the text of mkvtoolnix's "timestamp format v2" for times in seconds, in order."""
    return "".join([HEADER, *(f"{float(time) * 1000:.6f}\n" for time in times)])


def joined_timestamps(texts: Iterable[str]) -> str:
    """Return one text of timestamps from the texts of consecutive parts."""
    return "".join([HEADER, *(text.removeprefix(HEADER) for text in texts)])


class ImageSequence(Sink):
    """Images in a folder, numbered from `first`, and their times in timestamps.txt.

    The times are in milliseconds, in mkvtoolnix's "timestamp format v2". A pattern such as
    out/%05d.png adds to its folder; a plain name creates one.
    """

    TIMES = "timestamps.txt"

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
        self.content, self.plan, self.warnings = content, plan, sequence_warnings(clip)
        self._name = name_in(path, plan)
        self._kind = plan.alpha if content == "rgba" else None
        self._primaries = clip.colour.primaries
        self._path, self._target = path, path.parent if is_pattern(path) else path
        self._orientation = clip.orientation
        self._times: list[Fraction] = []
        self._overwrite = overwrite
        with translate_write_errors(path):
            self._part = begin_folder(self._target.absolute())
        try:
            with translate_write_errors(path):
                # A percent sign in the folder's own name is not a placeholder.
                folder = str(self._part).replace("%", "%%")
                self._container = open_container(
                    Path(folder) / self._name, plan, start_number=str(first)
                )
                self._stream = add_video_stream(
                    self._container, clip.as_shown(), content, plan, 1 / RATE_IF_UNKNOWN
                )
        except BaseException:
            discard(self._part)
            raise

    def write(self, matte: Matte) -> None:
        """Write the next image; see `Sink.write`."""
        video = shown(rendered_frame(matte, self.content, self.plan), self._orientation)
        video.pts, video.time_base = len(self._times), 1 / RATE_IF_UNKNOWN
        self._times.append(matte.time)
        with translate_write_errors(self._path):
            self._mux(self._stream.encode(video))

    def _mux(self, packets: list[Packet]) -> None:
        for packet in packets:
            told = av.Packet(write_alpha_tag(bytes(packet), self._kind, self._primaries))
            told.pts, told.dts, told.time_base = packet.pts, packet.dts, packet.time_base
            told.stream, told.is_keyframe = packet.stream, True
            self._container.mux(told)

    def finish(self) -> None:
        """As `Sink` says. Raises `OutputError` if no frame came."""
        if not self._times:
            raise OutputError(f"No frame came, so {self._path} was not written.")
        with translate_write_errors(self._path):
            self._mux(self._stream.encode(None))
            self._container.close()
            (self._part / self.TIMES).write_text(timestamps(self._times))

    def publish(self, publication: Publication) -> None:
        """As `Sink` says."""
        with translate_write_errors(self._path):
            place_images(
                publication, self._part, self._target / self._name, overwrite=self._overwrite
            )
        discard(self._part)

    def abandon(self) -> None:
        """As `Sink` says."""
        try:
            self._container.close()
        except (av.FFmpegError, OSError):
            pass  # As in VideoFile, the error that made us give up is the one to report.
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
