"""Choosing and checking the sink for mattes: a video file, or an image sequence."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from av.container import OutputContainer

from sinet_video.atomic import (
    check_file,
    check_folder,
    check_free,
    parts_name,
    translate_write_errors,
)
from sinet_video.checked import check_kinds, check_word
from sinet_video.containers.codecs import Content
from sinet_video.containers.formats import BY_MUXER, CONTAINERS, PIPE, container_of
from sinet_video.containers.numbering import PLACE, is_pattern, numbers, with_place
from sinet_video.decoding.access import StrPath
from sinet_video.decoding.clip import Clip
from sinet_video.decoding.concealment import OnError
from sinet_video.decoding.decode import decode
from sinet_video.encoding.image_sequence import ImageFile, ImageSequence, name_in, siblings
from sinet_video.encoding.losses import not_held
from sinet_video.encoding.plan import Plan, plan
from sinet_video.encoding.settings import AudioChoice, Encoding
from sinet_video.encoding.side_streams import SideStreams
from sinet_video.encoding.sink import Beside, Companions, Sink
from sinet_video.encoding.video_file import VideoFile
from sinet_video.errors import OutputError, Remedy, SettingError
from sinet_video.paths import check_paths, clash, names_folder, same_place

INTO = Remedy(
    "overwrite", True, "to replace the images in it, and no other files, or give another name"
)


def open_sink(
    path: str | Path,
    clip: Clip,
    *,
    content: Content = "rgb",
    encoding: Encoding = Encoding(),
    companions: bool = False,
    beside: Beside | None = None,
    on_error: OnError = "stop",
    overwrite: bool = False,
) -> Sink:
    """Return the sink for a path: a video file, or a folder or pattern of images.

    The clip determines pixel format, colour tags and time base. With `companions` a video file also
    gets everything else in the clip's span: audio, subtitles, chapters, covers, attachments and
    tags; `beside` makes something else in their place. `on_error` says what to do if audio or
    subtitles are damaged. An existing output, or one that appears while the sink is written, is
    only replaced with `overwrite`.

    Raises `OutputError` or `SettingError` if a result cannot or must not be written.
    """
    check_paths(output=path)
    check_word("content", content, Content)
    check_kinds(encoding=(encoding, Encoding))
    if not isinstance(clip, Clip):
        raise SettingError(
            f"Clip is of the type {type(clip).__name__}; it must be a Clip, as probe(path) returns."
        )
    path, encoding = as_folder(path, encoding)
    chosen = plan(path, content, clip.working_format, encoding)
    container = container_of(path, encoding.format)
    check_output(path, clip.path, form=encoding.format, overwrite=overwrite)
    check_count(path, clip, encoding)
    if is_image(path):
        return ImageFile(path, clip, content, chosen, overwrite=overwrite)
    if container.is_image_sequence:
        first = first_number(clip, encoding)
        folder = ImageSequence(path, clip, content, chosen, first, overwrite=overwrite)
        folder.warnings += not_held(clip, "An image sequence") if companions else []
        return folder
    if companions and clip.images is None:
        beside = partial(_side_streams, clip, encoding.audio, on_error)
    found = None if container.alone else beside
    sink = VideoFile(path, clip, content, chosen, found, overwrite=overwrite)
    if companions and container.alone:
        form = f"{encoding.format} stream" if encoding.format else f"{path.suffix} file"
        sink.warnings += not_held(clip, f"A {form}")
    return sink


def _side_streams(
    clip: Clip, audio: AudioChoice, on_error: OnError, output: OutputContainer, video: Any
) -> Companions:
    return SideStreams(clip, output, video, clip.span, audio, on_error)


def as_folder(path: StrPath, encoding: Encoding) -> tuple[Path, Encoding]:
    """Return a path, and the encoding for a folder of images if it ends as folders' names do.

    A pattern has its number in the form of %04d.
    """
    if names_folder(path) and encoding.format is None:
        encoding = replace(encoding, format="png")
    path = Path(path)
    return path.with_name(with_place(path.name)) if is_pattern(path) else path, encoding


def is_image(path: Path) -> bool:
    """Whether an output is one image, by its name."""
    container = CONTAINERS.get(path.suffix.lower())
    return container is not None and container.is_image_sequence and not is_pattern(path)


def check_count(path: Path, clip: Clip, encoding: Encoding) -> None:
    """Raise `SettingError` for one image of many frames, and for a first number of no sequence."""
    if is_image(path) and not (clip.is_still or _is_one_frame(clip)):
        part = "" if clip.span.end is None else "this part of "
        raise SettingError(
            f"{path} is a single image, and {part}{clip.path} has more than one frame; give a "
            f"folder, a pattern such as {path.with_name('%05d' + path.suffix)}, or a start and an "
            "end between which there is one frame."
        )
    sequence = container_of(path, encoding.format).is_image_sequence and not is_image(path)
    if encoding.start_number is not None and not sequence:
        raise SettingError(f"A start number is for image sequences, and {path} is not one.")


def _is_one_frame(clip: Clip) -> bool:
    """Whether a file's part has no second frame; other sources can be read once only."""
    if not (isinstance(clip.path, Path) and clip.path.is_file()):
        return False
    return next(islice(decode(clip, on_error="conceal"), 1, None), None) is None


def first_number(clip: Clip, encoding: Encoding) -> int:
    """Return the number of the first image of a sequence: the one asked for, or the source's."""
    if encoding.start_number is not None:
        return encoding.start_number
    return 1 if clip.images is None or clip.images.first is None else clip.images.first


def check_output(path: Path, source: StrPath, *, form: str | None = None, overwrite: bool) -> None:
    """Raise `OutputError` or `SettingError` if a result cannot or must not be written to a path."""
    if path == PIPE:
        _check_stdout()
        return
    with translate_write_errors(path):
        _check_place(path, source, form, overwrite=overwrite)


def _check_place(path: Path, source: StrPath, form: str | None, *, overwrite: bool) -> None:
    pictures = container_of(path, form).is_image_sequence
    numbered = pictures and is_pattern(path)
    if isinstance(source, Path) and source != PIPE and same_place(path, source):
        raise clash("output", path, "input", source)
    if not pictures or is_image(path):
        check_file(path, overwrite=overwrite)
        return
    kept = parts_name(path)  # of a job that is to go on, where its folder was there before
    there = {each.name for each in path.iterdir()} - {kept} if path.is_dir() else set()
    occupied = bool(there) if path.is_dir() else os.path.lexists(path)
    if there and not numbered and not overwrite:
        raise OutputError(f"{path} is there already, and holds files.", remedy=INTO)
    if numbered:
        names = [each.name for each in siblings(path)]
        occupied = any(map(numbers(path).fullmatch, names)) or ImageSequence.TIMES in names
    check_free(path, occupied=occupied, overwrite=overwrite)
    check_folder(_existing(path.parent if numbered else path))


def _check_stdout() -> None:
    if sys.stdout is None or sys.stdout.isatty():
        raise OutputError("Standard output is a terminal; pipe it into a program, or give a file.")


def _existing(folder: Path) -> Path:
    """Return a folder, or if it is not there the nearest around it that is."""
    while not folder.exists():
        folder = folder.parent
    return folder


@dataclass(frozen=True)
class Taken:
    """The names that an output takes: its own, or those of images in a folder, `pattern`."""

    path: Path
    pattern: Path | None

    @classmethod
    def by(cls, path: Path, chosen: Plan) -> Taken:
        """Return what an output takes that is encoded as planned."""
        folder = path.parent if is_pattern(path) else path
        is_sequence = BY_MUXER[chosen.muxer].is_image_sequence and not is_image(path)
        return cls(path, folder / name_in(path, chosen) if is_sequence else None)

    def includes(self, other: Path) -> bool:
        """Whether a file has, or would have, one of the names."""
        if self.pattern is None or same_place(self.path, other):
            return same_place(self.path, other)
        number = numbers(self.pattern, re.IGNORECASE).fullmatch(other.name)
        name = PLACE.sub(number[1], self.pattern.name, count=1) if number else ImageSequence.TIMES
        return same_place(self.pattern.with_name(name), other)

    def meets(self, other: Taken) -> bool:
        """Whether another output would have one of the names."""
        one, two = self._example, other._example
        return self.includes(two) or other.includes(one)

    @property
    def _example(self) -> Path:
        return self.path if self.pattern is None else self.pattern.with_name(self.pattern.name % 1)
