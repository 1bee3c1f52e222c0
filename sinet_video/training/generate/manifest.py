"""The manifest of generated data, from which a run can be repeated.

A manifest is a JSON file. It holds the command, its settings, the source folders, the teachers and,
for each product, its sources with their SHA-256, what was drawn at random for it, and the SHA-256
of its files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePath
from typing import Any

from sinet_video._version import __version__
from sinet_video.atomic import translate_read_errors
from sinet_video.errors import InputError, SettingError

FORMAT = 1
"""Version of the format; increase it if older manifests could be misread."""

FILE = "manifest.json"

Values = dict[str, Any]
"""Numbers, texts and lists of them, by name, as in JSON."""


@dataclass(frozen=True)
class Source:
    """A file that a product was made from.

    Attributes:
        folder: which of the manifest's folders it is in.
        path: its path in that folder, with forward slashes.
        sha256: of its bytes, in hexadecimal.
    """

    folder: str
    path: str
    sha256: str


@dataclass(frozen=True)
class Product:
    """An image and its mask.

    Raises `InputError` for names that are not plain file names.

    Attributes:
        name: their file name without suffix.
        sources: the files they were made from.
        drawn: random choices that, with the sources, determine every byte.
        measured: measurements, such as how far teachers agree.
        files: the SHA-256 of each file, by its path in the folder of products.
    """

    name: str
    sources: tuple[Source, ...]
    drawn: Values
    measured: Values
    files: dict[str, str]

    def __post_init__(self) -> None:
        # A manifest may come from anywhere, and the names in it are written to.
        if not self.name or self.name != PurePath(self.name).name or "\\" in self.name:
            raise InputError(
                f"A product is called {self.name!r}, which cannot be the name of a file."
            )


@dataclass(frozen=True)
class Rejection:
    """The name of something that did not become a product, and the reason."""

    name: str
    reason: str


@dataclass(frozen=True)
class Teacher:
    """A segmenter that gave labels: weights as for `load_segmenter`, and their SHA-256."""

    weights: str
    sha256: str


def library_versions() -> dict[str, str]:
    """Return the versions of the libraries on which a product's bytes depend."""
    found = {}
    for name in ("numpy", "pillow", "opencv-python-headless", "onnxruntime"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found


@dataclass
class Manifest:
    """A folder of products.

    Raises `SettingError` for a negative seed.

    Attributes:
        command: the subcommand that made them.
        settings: the settings of that subcommand.
        seed: the random seed.
        folders: the locations of sources, by the name that `Source.folder` gives.
        teachers: in the order in which they were given.
        products: in the order in which they were made.
        rejected: what was made or tried and not kept.
        bad: sources that could not be used.
        version: of this package.
        libraries: versions of the libraries that read, change and write images.
    """

    command: str
    settings: Values
    seed: int = 0
    folders: dict[str, str] = field(default_factory=dict)
    teachers: list[Teacher] = field(default_factory=list)
    products: list[Product] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)
    bad: list[Rejection] = field(default_factory=list)
    version: str = __version__
    libraries: dict[str, str] = field(default_factory=library_versions)

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise SettingError(f"The seed is {self.seed}; it must be 0 or more.")

    def to_json(self) -> str:
        """Return the manifest as text; equal manifests give equal text."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1, ensure_ascii=False) + "\n"


def read_manifest(path: Path) -> Manifest:
    """Read a manifest. Raises `InputError` if it cannot be read or is not a manifest."""
    with translate_read_errors(path):
        content = path.read_bytes()
    try:
        values = json.loads(content)
        if values.pop("format") != FORMAT:
            raise InputError(f"{path} is a manifest of another format than {FORMAT}.")
        return _from_values(values)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{path} is not a manifest of generated images.") from error


def _from_values(values: Values) -> Manifest:
    products = [
        Product(**{**product, "sources": tuple(Source(**each) for each in product["sources"])})
        for product in values.pop("products")
    ]
    return Manifest(
        teachers=[Teacher(**each) for each in values.pop("teachers")],
        rejected=[Rejection(**each) for each in values.pop("rejected")],
        bad=[Rejection(**each) for each in values.pop("bad")],
        products=products,
        **values,
    )


def with_tuples(values: Values) -> Values:
    """Return values with tuples in place of JSON's lists, as settings have them."""
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
    }


def digest(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal. Raises `InputError` if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error


def source_of(folder: str, root: Path, path: Path) -> Source:
    """Return the record of a file under `root`, which the manifest calls `folder`."""
    return Source(folder, path.relative_to(root).as_posix(), digest(path))


def check_sources(products: Iterable[Product], folders: Mapping[str, Path]) -> None:
    """Raise an `InputError` that names sources that are missing or have changed."""
    wanted = {source: None for product in products for source in product.sources}
    wrong = [each for source in wanted if (each := _complaint(source, folders))]
    if wrong:
        more = f" and {len(wrong) - 10} more" if len(wrong) > 10 else ""
        raise InputError(f"Sources are not what they were: {', '.join(wrong[:10])}{more}.")


def _complaint(source: Source, folders: Mapping[str, Path]) -> str | None:
    path = folders[source.folder] / source.path
    if not path.is_file():
        return f"{path} is missing"
    return None if digest(path) == source.sha256 else f"{path} has changed"
