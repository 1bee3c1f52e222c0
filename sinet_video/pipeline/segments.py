"""An output in parts: a file or a folder for each segment, and how they become the whole."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

from sinet_video.atomic import sync, translate_write_errors
from sinet_video.containers.formats import container_of
from sinet_video.encoding.image_sequence import (
    PictureFolder,
    is_pattern,
    joined_timestamps,
    name_in,
    place_pictures,
    siblings,
    unsaid,
)
from sinet_video.encoding.packet_file import PacketFile
from sinet_video.encoding.sink import Sink
from sinet_video.encoding.video_file import VideoFile
from sinet_video.pipeline.job_folder import JobFolder
from sinet_video.pipeline.outputs import Made, Output
from sinet_video.publish import Publication


class SegmentFiles(ABC):
    """The finished segments of one output, in the folder of its job; `role` tells outputs apart."""

    def __init__(self, output: Output, kept: JobFolder, role: str) -> None:
        self.output = output
        self._kept, self._role = kept, role

    @abstractmethod
    def sink(self, number: int, first: int) -> Sink:
        """Return where the mattes of a segment go, whose first picture of all is number `first`."""

    @abstractmethod
    def sync_segment(self, number: int) -> None:
        """Wait until a segment that was written is on the disk."""

    @abstractmethod
    def join(self) -> Made:
        """Make the whole of the segments, still under another name."""

    @abstractmethod
    def publish(self, publication: Publication, *, overwrite: bool) -> None:
        """Give the whole its name; does what is left when it was interrupted in that."""

    @property
    def _segments(self) -> list[tuple[int, int]]:
        return self._kept.finished.segments


def segments_of(output: Output, kept: JobFolder, role: str) -> SegmentFiles:
    """Return the parts of a video file, or of a folder or pattern of pictures."""
    pictures = container_of(output.path, output.encoding.format).is_pictures
    return ImageSegments(output, kept, role) if pictures else VideoSegments(output, kept, role)


class VideoSegments(SegmentFiles):
    """Files of packets, joined with sound and all else that goes along."""

    def sink(self, number: int, first: int) -> Sink:
        """As `SegmentFiles` says."""
        output = self.output
        return PacketFile(self._file(number), output.clip, output.content, output.plan)

    def sync_segment(self, number: int) -> None:
        """As `SegmentFiles` says."""
        sync(self._file(number))

    def join(self) -> Made:
        """As `SegmentFiles` says."""
        with self.output.open(self._joined) as sink:
            assert isinstance(sink, VideoFile)  # what opens a name that is none of pictures
            sink.copy([self._file(number) for number, _ in self._segments])
        sync(self._joined)
        return Made.of(sink)

    def publish(self, publication: Publication, *, overwrite: bool) -> None:
        """As `SegmentFiles` says."""
        if self._joined.exists():
            with translate_write_errors(self.output.path):
                publication.place(self._joined, self.output.path, overwrite=overwrite)

    @property
    def _joined(self) -> Path:
        return self._kept.folder / f"{self._role}{self.output.path.suffix}"

    def _file(self, number: int) -> Path:
        return self._kept.file(self._role, number, ".packets")


class ImageSegments(SegmentFiles):
    """Folders of pictures, numbered through."""

    def sink(self, number: int, first: int) -> Sink:
        """As `SegmentFiles` says."""
        output, folder = self.output, self._folder(number)
        path = folder / output.path.name if self._numbered else folder
        return PictureFolder(path, output.clip, output.content, output.plan, first, overwrite=True)

    def sync_segment(self, number: int) -> None:
        """As `SegmentFiles` says."""
        folder = self._folder(number)
        for path in (*folder.iterdir(), folder, self._kept.folder):
            sync(path)

    def join(self) -> Made:
        """As `SegmentFiles` says."""
        paths = [self._folder(number) / PictureFolder.TIMES for number, _ in self._segments]
        self._times.write_text(joined_timestamps(path.read_text("utf-8") for path in paths))
        sync(self._times)
        warnings = unsaid(self.output.clip)
        return Made.planned(self.output.plan, self.output.content, warnings=warnings)

    def publish(self, publication: Publication, *, overwrite: bool) -> None:
        """As `SegmentFiles` says."""
        with translate_write_errors(self.output.path):
            whole = self._gathered()
            target = self.output.path.parent if self._numbered else self.output.path
            name = name_in(self.output.path, self.output.plan)
            ours = {name % (index + 1) for index in range(self._kept.finished.frames)}
            place_pictures(publication, whole, target / name, overwrite=overwrite, placed=ours)

    def _gathered(self) -> Path:
        """Return a folder with all pictures that have not their place yet."""
        whole = self._kept.folder / self._role
        whole.mkdir(exist_ok=True)
        for number, _ in self._segments:
            for picture in siblings(self._folder(number) / "any"):
                if picture.name != PictureFolder.TIMES:
                    picture.replace(whole / picture.name)
        if self._times.exists():
            self._times.replace(whole / PictureFolder.TIMES)
        return whole

    @property
    def _numbered(self) -> bool:
        return is_pattern(self.output.path)

    @property
    def _times(self) -> Path:
        return self._kept.folder / f"{self._role}.txt"

    def _folder(self, number: int) -> Path:
        return self._kept.file(self._role, number)
