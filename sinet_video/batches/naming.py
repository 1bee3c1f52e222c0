"""What the results of a batch are called."""

from __future__ import annotations

import string
from collections.abc import Iterable
from dataclasses import dataclass
from os.path import abspath
from pathlib import Path, PurePath

from sinet_video.batches.inputs import Found, is_still
from sinet_video.checked import check_fields
from sinet_video.containers.formats import CONTAINERS, file_types
from sinet_video.containers.numbering import PLACE, is_pattern, with_place
from sinet_video.errors import Remedy, SettingError
from sinet_video.file_names import usable
from sinet_video.paths import folded, same_place
from sinet_video.remote.address import StrPath, joined, pure_path, scheme_of

NAME_TEMPLATE = "{stem}.{ext}"

FIELDS = {
    "stem": "the input's name without its extension",
    "ext": "the extension of what is written",
    "name": "the input's name with its extension",
    "parent": "the name of the folder that the input is in",
}
"""What a template may have in braces."""

EXTENSIONS = {kind: kind for kind in file_types()} | {"png": ""}
"""File types of results, with the extension of a video's; a folder of PNG files has none."""

WRITTEN = CONTAINERS.keys() | {f".{kind}" for kind in file_types()}
"""Extensions of what can be written."""

OF_STILLS = frozenset({"png", "webp", "jpg", "tif", "exr"})
"""What is written of still images."""


@dataclass(frozen=True)
class Task:
    """One clip of a batch.

    Attributes:
        name: what identifies it in the batch: the path of its output within the batch's folder,
            with forward slashes.
        source, output: the files, or their URLs.
        matte: where its matte is written as well, or None.
    """

    name: str
    source: StrPath
    output: StrPath
    matte: StrPath | None = None

    @property
    def results(self) -> tuple[StrPath, ...]:
        """What is written."""
        return (self.output,) if self.matte is None else (self.output, self.matte)


@dataclass(frozen=True)
class Naming:
    """How results are named: templates with the fields of `FIELDS` in braces.

    Raises `SettingError` for an unknown file type or placeholder.

    Attributes:
        to: "mp4", "mkv", "mov", "webm", "gif", "apng" or "webp"; "png" for a folder of PNG files,
            and for one PNG file of a still image; of those also "jpg", "tif" and "exr".
        template: what an output is called, below the folder of the batch.
        matte: the same for mattes, which are written as well; None for no mattes.
    """

    to: str = "mp4"
    template: str = NAME_TEMPLATE
    matte: str | None = None

    def __post_init__(self) -> None:
        check_fields(self)
        if self.to not in EXTENSIONS:
            raise SettingError(f"{self.to!r} cannot be written; give {', '.join(EXTENSIONS)}.")
        for template in (self.template, self.matte):
            if template is not None:
                _check(template)

    def task(self, found: Found, folder: StrPath) -> Task:
        """Return what is to be made of a file, and where."""
        far = bool(scheme_of(found.path)) and not scheme_of(folder)
        name = _local(self._named(self.template, found), far=far)
        matte = self.matte and joined(folder, _local(self._named(self.matte, found), far=far))
        return Task(name, found.path, joined(folder, name), matte or None)

    @property
    def takes_stills(self) -> bool:
        """Whether still images in folders are inputs as well."""
        return self.to in OF_STILLS

    def _extension(self, path: PurePath) -> str:
        of_still = is_still(path) and not is_pattern(Path(path)) and self.takes_stills
        return self.to if of_still else EXTENSIONS[self.to]

    def _named(self, template: str, found: Found) -> Path:
        path = pure_path(found.path)
        extension = self._extension(path)
        parent = (path.absolute() if isinstance(path, Path) else path).parent.name
        # The place of the number is no part of a sequence's name.
        stem = (
            PLACE.sub("", with_place(path.stem)).rstrip("._- ")
            if is_pattern(Path(path))
            else path.stem
        )
        filled = template.format(stem=stem or parent, ext=extension, name=path.name, parent=parent)
        if not extension and template.endswith(".{ext}"):
            # A folder must not have the name of another kind of output.
            filled = filled.removesuffix(".")
            if Path(filled).suffix.lower() in CONTAINERS:
                filled = filled.replace(".", "_")
        named = found.within / filled
        if named.is_absolute() or ".." in named.parts or not filled.strip():
            raise SettingError(
                f"The name template {template!r} makes {filled!r} of {path}; it must name a file "
                "in the output folder."
            )
        if extension and "{ext}" in template and named.suffix.lower() not in WRITTEN:
            raise SettingError(
                f"The name template {template!r} makes {filled!r} of {path}, which would be a "
                "folder of images; let it end with .{ext}."
            )
        return named


def _local(named: Path, *, far: bool) -> str:
    """Return a path with forward slashes; one from another host as this system can have it."""
    return "/".join(map(usable, named.parts)) if far else named.as_posix()


def tasks(found: Iterable[Found], folder: StrPath, naming: Naming) -> list[Task]:
    """Return what is to be made of every file.

    Raises `SettingError` if two files would become one, or one would replace an input.
    """
    made: list[Task] = []
    taken = _Names()
    for each in found:
        task = naming.task(each, folder)
        for path in task.results:
            rival = taken.of(path)
            if rival == each:
                raise SettingError(
                    f"The result and the matte of {task.source} would both become {path}; change a "
                    "template."
                )
            if rival is not None:
                raise clash(rival, each, path, "template" if path == task.output else "matte")
            taken.add(path, each)
        made.append(task)
    for task in made:
        if taken.of(task.source) is not None:
            raise SettingError(
                f"{task.source} would be replaced by a result; choose another folder or template."
            )
    return made


class _Names:
    """What is to be written, and of which file each is made.

    Links to one file are different inputs, so that names are compared as they are written; but for
    capitals, where they do not count.
    """

    def __init__(self) -> None:
        self._taken: dict[str, list[tuple[str, Found]]] = {}

    def add(self, path: StrPath, source: Found) -> None:
        """Take a name."""
        name = _written(path)
        self._taken.setdefault(folded(name), []).append((name, source))

    def of(self, path: StrPath) -> Found | None:
        """Return what another file by this name would be made of, if there is one."""
        name = _written(path)
        for other, source in self._taken.get(folded(name), ()):
            if other == name or (isinstance(path, Path) and same_place(Path(other), path)):
                return source
        return None


def _written(path: StrPath) -> str:
    return str(path) if scheme_of(path) else abspath(path)  # noqa: PTH100


def clash(one: Found, other: Found, output: StrPath, setting: str) -> SettingError:
    """Return an error for a name that a template gives to two files, with one that does not."""
    said = f"{one.path} and {other.path} would both become {output}; convert them into different "
    ending = "_matte.{ext}" if setting == "matte" else ".{ext}"
    for template in (f"{{parent}}_{{stem}}{ending}", f"{{name}}{ending}"):
        naming = Naming(template=template)
        if len({naming.task(each, Path()).name for each in (one, other)}) > 1:
            remedy = Remedy(setting, template, "for that")
            return SettingError(f"{said}folders, or name them apart.", remedy=remedy)
    return SettingError(f"{said}folders.")


def _check(template: str) -> None:
    try:
        fields = {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}
        valid = fields <= set(FIELDS)
        template.format(**dict.fromkeys(FIELDS, "x"))
    except (ValueError, KeyError, IndexError, AttributeError):
        valid = False
    if not valid:
        known = ", ".join(f"{{{name}}}" for name in FIELDS)
        raise SettingError(f"The name template {template!r} may have only {known} in braces.")
