"""An output in parts: a file or folder for each segment, and how they are joined."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

from sinet_video.atomic import sync, translate_write_errors
from sinet_video.containers.formats import container_of
from sinet_video.containers.numbering import is_pattern
from sinet_video.encoding.image_sequence import (
    ImageSequence,
    joined_timestamps,
    name_in,
    place_images,
    sequence_warnings,
    siblings,
)
from sinet_video.encoding.losses import not_held
from sinet_video.encoding.open_sink import first_number, is_image
from sinet_video.encoding.packet_file import PacketFile
from sinet_video.encoding.sink import Sink
from sinet_video.encoding.video_file import VideoFile
from sinet_video.errors import SettingError
from sinet_video.pipeline.outputs import Made, Output
from sinet_video.pipeline.resuming.job_folder import JobFolder
from sinet_video.publish import Publication


class SegmentFiles(ABC):
    """The finished segments of one output, in its job folder; `role` tells outputs apart."""

    def __init__(self, output: Output, kept: JobFolder, role: str) -> None:
        self.output = output
        self._kept, self._role = kept, role

    @abstractmethod
    def sink(self, number: int, first: int) -> Sink:
        """Return the sink for a segment's mattes; its first frame is number `first` of the job."""

    @abstractmethod
    def sync_segment(self, number: int) -> None:
        """Flush a written segment to disk."""

    @abstractmethod
    def join(self) -> Made:
        """Join the segments into the whole output, still under another name."""

    @abstractmethod
    def places(self) -> dict[str, Path]:
        """Return what is joined, by its name below the job folder, and what it is to be called."""

    @abstractmethod
    def publish(self, publication: Publication, *, overwrite: bool) -> None:
        """Give the output its name; finishes what an interruption left undone."""

    @property
    def _segments(self) -> list[tuple[int, int]]:
        return self._kept.finished.segments


def segments_of(output: Output, kept: JobFolder, role: str) -> SegmentFiles:
    """Return the segments of a video file, or of a folder or pattern of images.

    Raises `SettingError` for a single image, which is written as a whole.
    """
    container = container_of(output.path, output.encoding.format)
    if is_image(output.path) or container.animation:
        raise SettingError(
            f"{output.path} is an image, which is written as a whole and cannot be resumed."
        )
    kind = ImageSegments if container.is_image_sequence else VideoSegments
    return kind(output, kept, role)


PACKETS = ".packets"
"""How the names of a video's segments end."""


class VideoSegments(SegmentFiles):
    """Files of packets, joined with audio and all other streams."""

    def sink(self, number: int, first: int) -> Sink:
        """Return a packet file; see `SegmentFiles.sink`."""
        output = self.output
        return PacketFile(
            self._file(number),
            output.clip,
            output.content,
            output.plan,
            captioned=output.companions,
        )

    def sync_segment(self, number: int) -> None:
        """Flush the packet file; see `SegmentFiles.sync_segment`."""
        sync(self._file(number))

    def join(self) -> Made:
        """Join the packets; see `SegmentFiles.join`."""
        with self.output.open(self._joined) as sink:
            assert isinstance(sink, VideoFile)  # as its name is not an image sequence's
            sink.copy([self._file(number) for number, _ in self._segments])
        sync(self._joined)
        return Made.of(sink)

    def places(self) -> dict[str, Path]:
        """Return the file; see `SegmentFiles.places`."""
        return {self._joined.name: self.output.path}

    def publish(self, publication: Publication, *, overwrite: bool) -> None:
        """Rename the file; see `SegmentFiles.publish`."""
        if self._joined.exists():
            with translate_write_errors(self.output.path):
                publication.place(self._joined, self.output.path, overwrite=overwrite)

    @property
    def _joined(self) -> Path:
        return self._kept.folder / f"{self._role}{self.output.path.suffix}"

    def _file(self, number: int) -> Path:
        return self._kept.file(self._role, number, PACKETS)


class ImageSegments(SegmentFiles):
    """Folders of images, numbered consecutively."""

    def sink(self, number: int, first: int) -> Sink:
        """Return an image sequence; see `SegmentFiles.sink`."""
        output, folder = self.output, self._folder(number)
        path = folder / output.path.name if self._numbered else folder
        first += first_number(output.clip, output.encoding) - 1
        return ImageSequence(path, output.clip, output.content, output.plan, first, overwrite=True)

    def sync_segment(self, number: int) -> None:
        """Flush the images; see `SegmentFiles.sync_segment`."""
        folder = self._folder(number)
        for path in (*folder.iterdir(), folder, self._kept.folder):
            sync(path)

    def join(self) -> Made:
        """Join the timestamps; see `SegmentFiles.join`."""
        paths = [self._folder(number) / ImageSequence.TIMES for number, _ in self._segments]
        times = joined_timestamps(path.read_text("utf-8") for path in paths)
        self._times.write_bytes(times.encode())  # with the same line ends on every system
        sync(self._times)
        clip = self.output.clip
        warnings = sequence_warnings(clip)
        warnings += not_held(clip, "An image sequence") if self.output.companions else []
        return Made.planned(self.output.plan, self.output.content, warnings=warnings)

    def places(self) -> dict[str, Path]:
        """Return the images and their times; see `SegmentFiles.places`."""
        folders = [self._folder(number) for number, _ in self._segments]
        images = [image for folder in folders for image in siblings(folder / "any")]
        found = {
            f"{image.parent.name}/{image.name}": self._target / image.name
            for image in images
            if image.name != ImageSequence.TIMES
        }
        return {**found, self._times.name: self._target / ImageSequence.TIMES}

    def publish(self, publication: Publication, *, overwrite: bool) -> None:
        """Move the images into place; see `SegmentFiles.publish`."""
        with translate_write_errors(self.output.path):
            whole, target = self._gathered(), self._target
            name = name_in(self.output.path, self.output.plan)
            first = first_number(self.output.clip, self.output.encoding)
            ours = {name % (first + index) for index in range(self._kept.finished.frames)}
            place_images(publication, whole, target / name, overwrite=overwrite, placed=ours)

    def _gathered(self) -> Path:
        """Return a folder with all images that are not in place yet."""
        whole = self._kept.folder / self._role
        whole.mkdir(exist_ok=True)
        for number, _ in self._segments:
            for image in siblings(self._folder(number) / "any"):
                if image.name != ImageSequence.TIMES:
                    image.replace(whole / image.name)
        if self._times.exists():
            self._times.replace(whole / ImageSequence.TIMES)
        return whole

    @property
    def _numbered(self) -> bool:
        return is_pattern(self.output.path)

    @property
    def _target(self) -> Path:
        return self.output.path.parent if self._numbered else self.output.path

    @property
    def _times(self) -> Path:
        return self._kept.folder / f"{self._role}.txt"

    def _folder(self, number: int) -> Path:
        return self._kept.file(self._role, number)
