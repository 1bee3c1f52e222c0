"""The inputs of a batch: files, folders, patterns and lists of them."""

from __future__ import annotations

import errno
import glob
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from os.path import abspath
from pathlib import Path, PurePath

from sinet_video.atomic import translate_read_errors
from sinet_video.containers.demuxers import VIDEO_SUFFIXES
from sinet_video.containers.numbering import SUFFIXES as STILL_SUFFIXES
from sinet_video.containers.numbering import is_pattern
from sinet_video.errors import InputError, reason
from sinet_video.paths import check_paths, read_text
from sinet_video.remote.address import StrPath, is_object, pure_path, scheme_of
from sinet_video.remote.store import store_of


@dataclass(frozen=True)
class Found:
    """A file to convert, or its URL, and its folder relative to the folder that was given."""

    path: StrPath
    within: Path = Path()


def find(
    inputs: Iterable[str | Path],
    *,
    recursive: bool = False,
    exclude: Path | None = None,
    stills: bool = False,
) -> list[Found]:
    """Return every file that the inputs stand for, each once, in the order given.

    A folder stands for the videos in it, with `stills` for the images as well, sorted, and with
    `recursive` for those in its subfolders; hidden files and folders are left out, and so is the
    folder `exclude`. URLs that end with a slash, and patterns, stand for the files in object
    storage that they match. Raises `InputError` for an input that matches nothing.
    """
    found: dict[str, Found] = {}
    for given in inputs:
        for each in expand(given, recursive=recursive, exclude=exclude, stills=stills):
            # Not Path.resolve: two links to one file are two inputs.
            place = str(each.path) if scheme_of(each.path) else abspath(each.path)  # noqa: PTH100
            found.setdefault(place, each)
    return list(found.values())


def named(inputs: Iterable[str | Path]) -> list[str | Path]:
    """Return inputs as a list. Raises `SettingError` for one that is no name."""
    given = list(inputs)
    for each in given:
        check_paths(input=each)
    return given


def expand(
    given: str | Path,
    *,
    recursive: bool = False,
    exclude: Path | None = None,
    stills: bool = False,
) -> list[Found]:
    """Return the files that one input stands for, as `find` says.

    Raises `InputError` if there is none.
    """
    check_paths(input=given)
    with translate_read_errors(given):
        if scheme_of(given):
            found = list(_matches_far(str(given), recursive=recursive, stills=stills))
        else:
            path = Path(given)
            found = list(_matches(path, given, recursive=recursive, exclude=exclude, stills=stills))
    if not found:
        what = "video or image" if stills else "video"
        raise InputError(f"{given} matches no {what}; give files, folders or patterns that do.")
    return found


def _matches(
    path: Path, given: str | Path, *, recursive: bool, exclude: Path | None, stills: bool
) -> Iterator[Found]:
    if path.is_dir():
        for file in _files_in(path, recursive=recursive, exclude=exclude):
            if is_video(file) or (stills and is_still(file)):
                yield Found(file, file.parent.relative_to(path))
    elif path.exists() or is_pattern(path):
        yield Found(path)
    else:
        # Not Path.glob, which takes no absolute patterns.
        names = sorted(glob.glob(str(given), recursive=True))  # noqa: PTH207
        yield from (Found(Path(name)) for name in names if Path(name).is_file())


def _matches_far(url: str, *, recursive: bool, stills: bool) -> Iterator[Found]:
    """Yield the files that a URL stands for: itself, or what is listed at it."""
    is_pattern_of = any(letter in url for letter in "*?[")
    store = store_of(url) if is_object(url) else None
    if store is None or not (is_pattern_of or url.endswith("/")):
        yield Found(url)
        return
    for each in store.find(url, recursive=recursive):
        path = pure_path(each)
        within = Path() if is_pattern_of else Path(path.parent.relative_to(pure_path(url)))
        hidden = any(part.startswith(".") for part in (*within.parts, path.name))
        if not hidden and (is_video(path) or (stills and is_still(path))):
            yield Found(each, within)


def read_list(name: str) -> list[str]:
    """Return the inputs that a text file in UTF-8 lists, one a line; "-" is standard input.

    Blank lines are skipped, and comments: lines that begin with #, unless a file is called so.
    Raises `InputError` for a file that cannot be read or lists nothing.
    """
    try:
        text = _stdin() if name == "-" else read_text(Path(name))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The list {name} cannot be read: {reason(error)}.") from error
    lines = (line.removesuffix("\r") for line in text.split("\n"))
    inputs = [line for line in lines if line.strip() and not _is_comment(line)]
    if not inputs:
        raise InputError(f"The list {name} is empty; it must name one input a line.")
    return inputs


def _stdin() -> str:
    """Return what comes on standard input, in UTF-8 whatever the system's encoding is."""
    if sys.stdin is None:
        raise OSError(errno.EBADF, "it is closed")
    return sys.stdin.buffer.read().decode("utf-8-sig")


def _is_comment(line: str) -> bool:
    return line.startswith("#") and not Path(line).exists()


def count_unseen(inputs: Iterable[str | Path]) -> int:
    """Return how many videos are in subfolders of the folders given, which `recursive` takes."""
    return sum(
        is_video(file) and file.parent != folder
        for folder in _folders(inputs)
        for file in _files_in(folder, recursive=True)
    )


def count_stills(inputs: Iterable[str | Path], *, recursive: bool = False) -> int:
    """Return how many still images are in the folders given, beside their videos."""
    return sum(
        is_still(file)
        for folder in _folders(inputs)
        for file in _files_in(folder, recursive=recursive)
    )


def are_images(inputs: Iterable[str | Path], *, recursive: bool = False) -> bool:
    """Whether all files that the inputs stand for are still images; no other host is asked."""
    inputs = list(inputs)
    if any(map(scheme_of, inputs)):
        return False
    try:
        found = find(inputs, recursive=recursive, stills=True)
    except InputError:
        return False  # which will be said
    paths = [pure_path(each.path) for each in found]
    return all(is_still(path) and not is_pattern(Path(path)) for path in paths)


def is_video(path: PurePath) -> bool:
    """Whether a file in a folder counts as a video, by its name."""
    return path.suffix.lower() in VIDEO_SUFFIXES


def is_still(path: PurePath) -> bool:
    """Whether a file in a folder counts as a still image, by its name."""
    return path.suffix.lower() in STILL_SUFFIXES


def _folders(inputs: Iterable[str | Path]) -> list[Path]:
    """Return those of the inputs that are folders of this machine."""
    return [Path(each) for each in inputs if not scheme_of(each) and Path(each).is_dir()]


def _files_in(folder: Path, *, recursive: bool, exclude: Path | None = None) -> Iterator[Path]:
    """Yield the files in a folder; hidden ones belong to other programs, such as ._talk.mp4."""
    subfolders = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_file():
            yield path
        elif path.is_dir() and not path.is_symlink() and path.absolute() != exclude:
            subfolders.append(path)
    for path in subfolders if recursive else []:
        yield from _files_in(path, recursive=True, exclude=exclude)
