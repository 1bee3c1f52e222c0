"""Names of image sequences: patterns such as frame.%04d.png and frame.####.exr, and folders."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sinet_video.errors import InputError

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".exr", ".webp", ".bmp", ".dpx"})
"""Extensions of still images; what a file is, its bytes say."""

PLACE = re.compile(r"%0?(\d*)d")
"""Where the number goes in a name, as C's printf has it."""

HASHES = re.compile(r"#{2,}")
"""The same, as compositors write it: a digit each. A single one is part of a name."""

DIGITS = re.compile(r"\d+")


@dataclass(frozen=True)
class Numbered:
    """The files of a sequence by their numbers, in order, and the pattern of their names."""

    pattern: Path
    files: dict[int, Path]

    @property
    def missing(self) -> list[int]:
        """The numbers between the first and the last that no file has."""
        there = self.files.keys()
        return [number for number in range(min(there), max(there)) if number not in there]


def with_place(name: str) -> str:
    """Return a name with its run of # as %0Nd; a name without two or more stays as it is."""
    found = HASHES.search(name)
    if found is None or PLACE.search(name):
        return name
    return f"{name[: found.start()]}%0{len(found[0])}d{name[found.end() :]}"


def is_pattern(path: Path) -> bool:
    """Whether a name stands for numbered images: frame.%04d.png or frame.####.exr."""
    return path.suffix.lower() in SUFFIXES and PLACE.search(with_place(path.name)) is not None


def numbers(path: Path, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    """Return a regular expression for all the names that a pattern stands for."""
    before, after = PLACE.sub("\0", with_place(path.name), count=1).split("\0", maxsplit=1)
    return re.compile(f"{re.escape(before)}(\\d+){re.escape(after)}", flags)


def find_numbered(path: Path) -> Numbered:
    """Return the files of a pattern, or of the only sequence in a folder, by their numbers.

    Raises `InputError` if there are none, or if a folder has several sequences.
    """
    if not path.is_dir():
        return _matching(path)
    series = _series(each for each in sorted(path.iterdir()) if each.suffix.lower() in SUFFIXES)
    if len(series) > 1:
        names = ", ".join(str(each.pattern) for each in series[:4])
        raise InputError(f"{path} has more than one image sequence; give one of them: {names}.")
    if not series:
        raise InputError(
            f"{path} is a folder without numbered images; give a file, a folder of frames such as "
            f"{path / 'frame.0001.png'}, or use batch for a folder of clips or photographs."
        )
    return series[0]


def _matching(path: Path) -> Numbered:
    if not path.parent.is_dir():
        raise InputError(f"There is no folder {path.parent}.")
    known = numbers(path)
    found: dict[int, Path] = {}
    for file in sorted(path.parent.iterdir()):
        if match := known.fullmatch(file.name):
            number = int(match[1])
            if number in found:
                raise InputError(
                    f"{found[number]} and {file} have the same number; remove one of them."
                )
            found[number] = file
    if not found:
        raise InputError(f"No file matches {path}.")
    return Numbered(path.with_name(with_place(path.name)), dict(sorted(found.items())))


def _series(files: Iterable[Path]) -> list[Numbered]:
    """Return the sequences among files: those whose names differ only in their last number."""
    series: dict[tuple[str, str], dict[int, Path]] = {}
    for file in files:
        if file.name.startswith(".") or not (found := list(DIGITS.finditer(file.stem))):
            continue
        last = found[-1]
        key = file.name[: last.start()], file.name[last.end() :]
        series.setdefault(key, {})[int(last[0])] = file
    return [_of_series(*key, found) for key, found in series.items()]


def _of_series(before: str, after: str, found: dict[int, Path]) -> Numbered:
    files = dict(sorted(found.items()))
    example = next(iter(files.values()))
    digits = len(example.name) - len(before) - len(after)
    return Numbered(example.with_name(f"{before}%0{digits}d{after}"), files)


def in_words(missing: list[int]) -> str:
    """Return numbers for people: "3, 7 to 9"; of many, the first ones and how many there are."""
    runs: list[list[int]] = []
    for number in missing:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    said = [str(a) if a == b else f"{a} to {b}" for a, b in runs[:5]]
    more = f" and others, {len(missing)} in all" if len(runs) > 5 else ""
    return ", ".join(said) + more
