"""Names of files: that there are any, and that no two of a job's are one file."""

from __future__ import annotations

import errno
import os
import re
import sys
import unicodedata
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Real
from pathlib import Path

from sinet_video.errors import SettingError


@dataclass(frozen=True)
class Limits:
    """How long names may be on a system; more, none of its file systems accepts.

    Attributes:
        name, path: how many units each may have.
        unit: what the units are.
        size: returns how many a text has.
        separators: a regular expression for what is between the names in a path.
    """

    name: int
    path: int
    unit: str
    size: Callable[[str], int]
    separators: str


OF_OTHERS = Limits(255, 4095, "bytes", lambda text: len(os.fsencode(text)), "/")
OF_WINDOWS = Limits(
    255,
    32_766,
    "characters",
    lambda text: len(text.encode("utf-16-le", "surrogatepass")) // 2,
    r"[\\/]",
)


def check_named(**names: object) -> None:
    """Raise `SettingError` for a name that no file can have.

    That is a number; an empty one, as that of a variable that is not set is; one with a NUL; one
    that is too long, for which the system would only be asked in vain. Whatever else is no text
    and no path, such as a `Source`, passes.
    """
    for what, name in names.items():
        if isinstance(name, Real) or (isinstance(name, bytes) and what != "input"):
            # An input may be a file's bytes.
            raise SettingError(f"The {what} is {name!r}; give its name as text or as a Path.")
        if isinstance(name, str) and not name.strip():
            raise SettingError(f"The name of the {what} is empty; give one, or leave it out.")
        if isinstance(name, str | Path):
            _check_text(what, str(name))


def check_paths(**names: object) -> None:
    """Raise `SettingError` as `check_named` does, and for what is no name at all.

    Only None passes, which is what is not given.
    """
    check_named(**names)
    for what, name in names.items():
        if not isinstance(name, str | os.PathLike | None):
            raise SettingError(
                f"What came for the {what} is of the type {type(name).__name__}; give a name as "
                "text or as a Path."
            )


def _check_text(what: str, name: str) -> None:
    if "\0" in name:
        raise SettingError(f"The {what} {name!r} has a NUL in it, which no file's name can have.")
    if "://" in name:
        return
    limits = OF_WINDOWS if sys.platform == "win32" else OF_OTHERS
    whole = limits.size(name)
    longest = max(map(limits.size, re.split(limits.separators, name)))
    if longest > limits.name or whole > limits.path:
        raise SettingError(
            f"The name of the {what} is too long, with {max(longest, whole)} {limits.unit}: a "
            f"name may have {limits.name}, and a path {limits.path}."
        )


LARGEST_TEXT = 16 << 20
"""Bytes of a text that is read whole. A device gives as many as are asked for."""


def names_folder(path: str | Path) -> bool:
    """Whether a path was typed as a folder's: with a slash at its end, which a `Path` has lost.

    Its name may then have a dot.
    """
    return isinstance(path, str) and path.endswith(("/", os.sep))


def read_text(path: Path) -> str:
    """Return what a text file in UTF-8 holds, or a pipe.

    Raises `OSError`, also for more than 16 MiB, and `UnicodeDecodeError`.
    """
    with path.open("rb") as file:
        content = file.read(LARGEST_TEXT + 1)
    if len(content) > LARGEST_TEXT:
        raise OSError(errno.EFBIG, "it has more than 16 MiB, which no text has that is meant here")
    return content.decode("utf-8-sig")


def check_apart(writes: Mapping[str, Path], reads: Mapping[str, Path]) -> None:
    """Raise `SettingError` if a job would write what it reads, or write a file twice.

    Both have files by what they are to the job, such as "output".
    """
    for index, (what, path) in enumerate(writes.items()):
        others = {**dict(list(writes.items())[:index]), **reads}
        for other, rival in others.items():
            if same_place(path, rival):
                raise clash(what, path, other, rival)


def clash(what: str, path: Path, other: str, rival: Path) -> SettingError:
    """Return the error of a job that would write a file that it reads, or writes twice."""
    if other == "input":
        return SettingError(f"{path} is the input; the {what} must be another file.")
    if path == rival:
        return SettingError(
            f"The {other} and the {what} are both {path}; give them different names."
        )
    return SettingError(
        f"The {other}, {rival}, and the {what}, {path}, are the same file; give them different "
        "names."
    )


def same_place(one: Path, other: Path) -> bool:
    """Whether two names are, or would be, one file: by links, or by capitals that do not count."""
    try:
        if one.samefile(other):
            return True
    except (OSError, ValueError):
        pass  # One of them is not there, or cannot be looked at: then by their names.
    real, rival = (Path(os.path.realpath(each)) for each in (one, other))
    return real == rival or (folded(real) == folded(rival) and _alike(real, rival))


def place_of(path: Path) -> str:
    """Return a name in the form in which all names of one file are the same."""
    real = Path(os.path.realpath(path))
    name = folded(real.name) if _folds_case(real.parent) else real.name
    return os.path.normcase(real.parent / name)


def folded(name: str | Path) -> str:
    """Return a name as it is where capitals, and how accents are written, do not count."""
    return unicodedata.normalize("NFC", str(name).casefold())


def _alike(one: Path, other: Path) -> bool:
    """Whether names that differ in capitals, or in how accents are written, are one name there."""
    pairs = zip(one.parts, other.parts, strict=True)
    depth, (name, rival) = next((n, pair) for n, pair in enumerate(pairs) if len(set(pair)) > 1)
    folder = Path(*one.parts[:depth])
    while not folder.exists():
        folder = folder.parent
    return _finds(folder, name, rival)


def _finds(folder: Path, name: str, rival: str) -> bool:
    """Whether a folder finds a file by another name: one is made there, and removed."""
    mark = uuid.uuid4().hex[:8]
    probe, looked = (folder / f".{mark}.{each[:40]}" for each in (name, rival))
    try:
        probe.touch(exist_ok=False)
    except OSError:
        return _folds_case(folder)
    try:
        return os.path.lexists(looked)
    finally:
        probe.unlink()


def _folds_case(folder: Path) -> bool:
    """Whether capitals do not count in a folder, as seen by its own name's, or by one above."""
    for each in (folder, *folder.parents):
        other = each.with_name(each.name.swapcase())
        if each.name and other.name != each.name:
            try:
                return other.samefile(each)
            except OSError:
                return False
    return False
