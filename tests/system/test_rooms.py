"""The house: its rooms are those that CONTRIBUTING.md lists, and none is too large."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import sinet_video

ROOT = Path(__file__).parents[2]
PACKAGE = Path(sinet_video.__file__).parent
ROW = re.compile(r"^\| `(\w+)/` \|", re.MULTILINE)
MOST = 20
"""Modules in a folder."""


def layers() -> list[str]:
    """The rooms from top to bottom, as import-linter holds them."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    (rooms,) = (c["layers"] for c in config["contracts"] if c["type"] == "layers")
    names = [name.strip() for layer in rooms for name in layer.split("|")]
    return [name.removeprefix("sinet_video.") for name in names]


def rooms() -> list[str]:
    """The rooms that CONTRIBUTING.md lists, from top to bottom."""
    return ROW.findall((ROOT / "CONTRIBUTING.md").read_text("utf-8"))


def test_the_table_is_what_the_imports_are_held_to() -> None:
    """The same rooms in the same order; below them lie single modules."""
    single = [name for name in layers() if (PACKAGE / f"{name}.py").is_file()]
    assert [name for name in layers() if name not in single] == rooms()


def test_the_table_is_what_there_is() -> None:
    """Every folder of the package that has modules is a room, and says what it is."""
    folders = {init.parent.name for init in PACKAGE.glob("*/__init__.py")} - {"cli", "data"}
    assert folders == set(rooms()) - {"cli"}
    for name in folders:
        assert (PACKAGE / name / "__init__.py").read_text("utf-8").startswith('"""')


@pytest.mark.parametrize("folder", [*PACKAGE.rglob("*/"), ROOT / "cli"], ids=lambda path: path.name)
def test_no_folder_is_too_large(folder: Path) -> None:
    """A folder is looked through at a glance."""
    modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
    limit = 30 if folder.name == "cli" else MOST  # one file a command, and their options
    assert len(modules) <= limit


def test_contributing_names_files_that_exist() -> None:
    """Each path in backquotes leads somewhere."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    paths = re.findall(r"`((?:tests|benchmarks|\w+)/[\w/]+\.py)`", text)
    assert paths
    for path in paths:
        assert (ROOT / path).is_file() or (PACKAGE / path).is_file(), path
