"""Names of files: that there are any, and that no two of a job's are one file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from sinet_video.errors import SettingError

LONGEST, DEEPEST = 255, 4095
"""Bytes that a name and a path may have; more, no system that this runs on accepts."""


def check_named(**names: object) -> None:
    """Raise `SettingError` for a name that no file can have.

    That is an empty one, as that of a variable that is not set is; one with a NUL; one that is too
    long, for which the system would only be asked in vain. What is no text and no path, such as a
    `Source`, passes.
    """
    for what, name in names.items():
        if isinstance(name, bytes) and what != "input":  # which may be a file's bytes
            raise SettingError(f"The {what} is {name!r}; give its name as text or as a Path.")
        if isinstance(name, str) and not name.strip():
            raise SettingError(f"The name of the {what} is empty; give one, or leave it out.")
        if isinstance(name, str | Path):
            _check_text(what, str(name))


def _check_text(what: str, name: str) -> None:
    if "\0" in name:
        raise SettingError(f"The {what} {name!r} has a NUL in it, which no file's name can have.")
    if "://" in name:
        return
    written = os.fsencode(name)
    longest = max(map(len, written.split(os.fsencode(os.sep))))
    if longest > LONGEST or len(written) > DEEPEST:
        raise SettingError(
            f"The name of the {what} is too long, with {max(longest, len(written))} bytes: a "
            f"name may have {LONGEST}, and a path {DEEPEST}."
        )


def check_apart(writes: Mapping[str, Path], reads: Mapping[str, Path]) -> None:
    """Raise `SettingError` if a job would write what it reads, or write a file twice.

    Both have files by what they are to the job, such as "output".
    """
    for index, (what, path) in enumerate(writes.items()):
        others = {**dict(list(writes.items())[:index]), **reads}
        for other, rival in others.items():
            if same_place(path, rival):
                if other == "input":
                    raise SettingError(f"{path} is the input; the {what} must be another file.")
                raise SettingError(
                    f"The {other} and the {what} are both {path}; give them different names."
                )


def same_place(one: Path, other: Path) -> bool:
    """Whether two names are, or would be, one file: by links, or by capitals that do not count."""
    try:
        if one.samefile(other):
            return True
    except (OSError, ValueError):
        pass  # One of them is not there, or cannot be looked at: then by their names.
    return place_of(one) == place_of(other)


def place_of(path: Path) -> str:
    """Return a name in the form in which all names of one file are the same."""
    real = Path(os.path.realpath(path))
    name = real.name.casefold() if _folds_case(real.parent) else real.name
    return os.path.normcase(real.parent / name)


def _folds_case(folder: Path) -> bool:
    """Whether capitals do not count in a folder, as seen by its own name's."""
    other = folder.with_name(folder.name.swapcase())
    try:
        return other.name != folder.name and other.samefile(folder)
    except OSError:
        return False
