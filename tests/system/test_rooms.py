"""The house: its rooms are those that CONTRIBUTING.md lists, and none is too large."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

import sinet_video
from sinet_video.pipeline.chain import CHAIN

ROOT = Path(__file__).parents[2]
PACKAGE = Path(sinet_video.__file__).parent
ROW = re.compile(r"^\| `(\w+)/` \|", re.MULTILINE)
MOST = 20
"""Modules in a folder."""


def layers() -> list[str]:
    """The rooms from top to bottom, as import-linter holds them."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    (rooms,) = (c["layers"] for c in config["contracts"] if c["name"] == "rooms are layers")
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


@pytest.mark.parametrize(
    "folder",
    sorted({path.parent for top in (PACKAGE, ROOT / "cli") for path in top.rglob("*.py")}),
    ids=lambda path: path.name,
)
def test_no_folder_is_too_large(folder: Path) -> None:
    """A folder is looked through at a glance."""
    modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
    assert len(modules) <= MOST


def test_contributing_names_files_that_exist() -> None:
    """Each path in backquotes leads somewhere."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    paths = re.findall(r"`((?:tests|benchmarks|\w+)/[\w/]+\.py)`", text)
    assert paths
    for path in paths:
        assert (ROOT / path).is_file() or (PACKAGE / path).is_file(), path


def test_every_module_is_tested() -> None:
    """By a file of its own name, or by the one that CONTRIBUTING.md says."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    listed = {
        name.strip()
        for row in re.findall(r"^\| `tests/[\w/]+\.py` \| (.+) \|$", text, re.MULTILINE)
        for name in row.split(",")
    }
    modules = [*PACKAGE.rglob("*.py"), *(ROOT / "cli").rglob("*.py")]
    for path in modules:
        base = PACKAGE if path.is_relative_to(PACKAGE) else ROOT
        name = path.relative_to(base).with_suffix("")
        room, folder = name.parts[:-1][:1], name.parent
        own = {ROOT.joinpath("tests", *room), ROOT / "tests" / folder}
        tested = any((tests / f"test_{path.stem}.py").is_file() for tests in own)
        assert tested or name.as_posix() in listed or path.stem.startswith("__"), name


def test_every_package_is_installed() -> None:
    """Those that pyproject.toml lists, which a wheel has, are those that there are."""
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    inits = [*PACKAGE.rglob("__init__.py"), *(ROOT / "cli").rglob("__init__.py")]
    found = {
        ".".join(("sinet_video", *init.parent.relative_to(base).parts))
        for init in inits
        for base in [PACKAGE if init.is_relative_to(PACKAGE) else ROOT]
    }
    assert set(listed["packages"]) == found | {"sinet_video.data"}


def test_a_new_stage_knows_no_other_stage() -> None:
    """Every stage of the chain, also one that import-linter's list does not have yet."""
    homes = {link.stage.__module__ for link in CHAIN}
    for home in homes:
        tree = ast.parse(Path(sys.modules[home].__file__ or "").read_text("utf-8"))
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not imported & (homes - {home}), home
