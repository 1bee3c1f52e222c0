"""Choosing and checking where mattes go: video files, or folders of pictures."""

from __future__ import annotations

import sys
from pathlib import Path

from sinet_video.atomic import check_file, check_folder, check_free
from sinet_video.containers.codecs import Content
from sinet_video.containers.formats import PIPE, container_of
from sinet_video.decoding.access import StrPath
from sinet_video.decoding.clip import Clip
from sinet_video.decoding.concealment import OnError
from sinet_video.encoding.image_sequence import PictureFolder, is_pattern, numbers, siblings
from sinet_video.encoding.plan import plan
from sinet_video.encoding.settings import Encoding
from sinet_video.encoding.side_streams import not_held
from sinet_video.encoding.sink import Sink
from sinet_video.encoding.video_file import VideoFile
from sinet_video.errors import OutputError, SettingError


def open_sink(
    path: str | Path,
    clip: Clip,
    *,
    content: Content = "rgb",
    encoding: Encoding = Encoding(),
    companions: bool = False,
    on_error: OnError = "stop",
) -> Sink:
    """Return the sink for a name: a video file, or a folder or pattern of pictures.

    The clip lends pixel format, colour tags and time base, and with `companions` a video file gets
    all else that the clip has in its span: sound, subtitles, chapters, covers, attachments, names;
    `on_error` says what to do where sound and subtitles are damaged.
    """
    path = Path(path)
    chosen = plan(path, content, clip.working_format, encoding)
    container = container_of(path, encoding.format)
    if container.is_pictures:
        folder = PictureFolder(path, clip, content, chosen)
        folder.warnings += not_held(clip, "An image sequence") if companions else []
        return folder
    carried = clip.span if companions and not container.alone else None
    sink = VideoFile(path, clip, content, chosen, carried, encoding.audio, on_error)
    if companions and container.alone:
        sink.warnings += not_held(clip, f"A {encoding.format} stream")
    return sink


def check_output(path: Path, source: StrPath, *, overwrite: bool) -> None:
    """Raise `OutputError` or `SettingError` if a result cannot or must not be written there."""
    if path == PIPE:
        _check_stdout()
        return
    pictures = container_of(path).is_pictures
    numbered = pictures and is_pattern(path)
    if pictures and path.suffix and not numbered:
        raise SettingError(
            f"{path} is one picture and a video has many; give a folder, or a pattern such as "
            f"{path.with_name('%05d' + path.suffix)}."
        )
    file = isinstance(source, Path) and source != PIPE
    if file and path.exists() and path.samefile(source):
        raise SettingError(f"{path} is the input; the output must be another file.")
    if not pictures:
        check_file(path, overwrite=overwrite)
        return
    occupied = any(path.iterdir()) if path.is_dir() else path.exists()
    if numbered:
        occupied = any(numbers(path).fullmatch(p.name) for p in siblings(path))
    check_free(path, occupied=occupied, overwrite=overwrite)
    check_folder(_existing_parent(path))


def _check_stdout() -> None:
    if sys.stdout is None or sys.stdout.isatty():
        raise OutputError("Standard output is a terminal; pipe it into a program, or give a file.")


def _existing_parent(path: Path) -> Path:
    parent = path.parent
    while not parent.exists():
        parent = parent.parent
    return parent
