"""The sink for numbered pictures."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path

import av

from sinet_video.clip import Clip
from sinet_video.codecs import Content, Plan
from sinet_video.errors import OutputError
from sinet_video.frame import Matte
from sinet_video.pictures import picture
from sinet_video.sink import (
    RATE_IF_UNKNOWN,
    Sink,
    add_video_stream,
    open_container,
    part_name,
    writing,
)


class PictureFolder(Sink):
    """PNGs in a folder, numbered from 1, and their times in milliseconds in timestamps.txt.

    The times are in mkvtoolnix's "timestamp format v2". A pattern such as out/%05d.png adds to its
    folder; a plain name makes one.
    """

    TIMES = "timestamps.txt"

    def __init__(self, path: Path, clip: Clip, content: Content, plan: Plan) -> None:
        self.content, self.plan, self.warnings = content, plan, []
        numbered = "%" in path.name
        self._path, self._target = path, path.parent if numbered else path
        self._times: list[Fraction] = []
        self._part = part_name(self._target.absolute())
        pattern = self._part / (path.name if numbered else "%05d.png")
        try:
            with writing(path):
                self._part.mkdir(parents=True)
                self._container = open_container(pattern, plan)
                self._stream = add_video_stream(
                    self._container, clip, content, plan, 1 / RATE_IF_UNKNOWN
                )
        except BaseException:
            shutil.rmtree(self._part, ignore_errors=True)
            raise

    def write(self, matte: Matte) -> None:
        """As `Sink` says."""
        video = picture(matte, self.content, self.plan.pixel_format)
        video.pts, video.time_base = len(self._times), 1 / RATE_IF_UNKNOWN
        self._times.append(matte.time)
        with writing(self._path):
            self._container.mux(self._stream.encode(video))

    def _finish(self) -> None:
        if not self._times:
            raise OutputError(f"No picture came, so {self._path} was not written.")
        lines = [f"{float(time) * 1000:.6f}" for time in self._times]
        with writing(self._path):
            self._container.mux(self._stream.encode(None))
            self._container.close()
            text = "\n".join(["# timestamp format v2", *lines, ""])
            (self._part / self.TIMES).write_text(text)
            self._publish()

    def _publish(self) -> None:
        if not self._target.exists():
            self._part.replace(self._target)
            return
        for file in sorted(self._part.iterdir()):
            file.replace(self._target / file.name)
        self._part.rmdir()

    def _abandon(self) -> None:
        try:
            self._container.close()
        except (av.FFmpegError, OSError):
            pass  # As in VideoFile: what made us give up is the error to hear of.
        shutil.rmtree(self._part, ignore_errors=True)
