"""Outputs of ffmpeg that get their names once they are complete."""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ffmpeg
from ffmpeg.dag import topo_sort
from ffmpeg.nodes import OutputNode, OutputStream, get_stream_spec_nodes

from sinet_video.atomic import discard, make_folder, temporary_name, translate_write_errors
from sinet_video.errors import OutputError, SettingError
from sinet_video.publish import Publication

Stream = Any

TIMING = frozenset({"r", "fps_mode", "vsync", "enc_time_base"})
"""Options with which an output controls timing itself."""

NO_FILES = frozenset(
    {"tee", "null", "sdl", "sdl2", "opengl", "xv", "caca", "fbdev", "v4l2", "decklink"}
)
"""Formats whose outputs are not files, whatever their names look like."""


@dataclass(frozen=True)
class Staged:
    """Outputs of ffmpeg, with local files redirected to hidden folders beside them.

    A folder and not a hidden name, because muxers go by extensions and write further files beside
    the first: playlists have segments, and patterns have images.
    """

    outputs: Stream
    overwrite: bool
    _parts: dict[Path, Path] = field(default_factory=dict)

    @classmethod
    def of(cls, outputs: Stream, timing: Mapping[str, str]) -> Staged:
        """Return staged outputs, with options for `timing` unless they have their own.

        Raises `SettingError` for anything that is not an output of the frames, and `OutputError`
        for an existing file that must not be overwritten.
        """
        if not isinstance(outputs, OutputStream):
            raise SettingError(
                f"The outputs are {type(outputs).__name__}; they must be what .output(...) or "
                "ffmpeg.merge_outputs(...) of ffmpeg-python return."
            )
        staged = cls(copy.deepcopy(outputs), "-y" in ffmpeg.get_args(outputs))
        for node in topo_sort(get_stream_spec_nodes(staged.outputs))[0]:
            if isinstance(node, OutputNode):
                node.kwargs = staged._led(node.kwargs, timing)
        return staged

    def _led(self, options: dict[str, Any], timing: Mapping[str, str]) -> dict[str, Any]:
        own = {name.partition(":")[0] for name in options}
        options = options if own & TIMING else {**timing, **options}
        path = _local_file(options)
        if path is None:
            return options
        if path.exists() and not self.overwrite:
            raise OutputError(
                f"{path} is there already; add .overwrite_output() to the outputs, or choose "
                "another name."
            )
        part = temporary_name(path.parent.absolute() / "ffmpeg")
        self._parts[part] = path
        return {**options, "filename": os.fspath(part / path.name)}

    def prepare(self) -> None:
        """Create the folders. Raises `OutputError` if that fails."""
        for part, path in self._parts.items():
            with translate_write_errors(path):
                make_folder(part)

    def publish(self, publication: Publication) -> None:
        """Give all files their names. Raises `OutputError` if that fails."""
        for part, path in self._parts.items():
            with translate_write_errors(path):
                for file in sorted(part.iterdir()):
                    target = path.with_name(file.name)
                    publication.place(file, target, overwrite=self.overwrite)

    def discard(self) -> None:
        """Remove files that have not got their names yet."""
        for part in self._parts:
            discard(part)


def _local_file(options: dict[str, Any]) -> Path | None:
    """Return the file that an output writes; None for pipes, devices, tees and URLs."""
    name = str(options["filename"]).removeprefix("file:")
    path = Path(name)
    elsewhere = name == "-" or re.match(r"[A-Za-z0-9+.-]{2,}:", name)
    special = options.get("format") in NO_FILES or (path.exists() and not path.is_file())
    return None if elsewhere or special else path
