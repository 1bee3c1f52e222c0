"""The table of formats that are read."""

from __future__ import annotations

import ast
from pathlib import Path

import av
import pytest

import sinet_video
from sinet_video.containers.demuxers import DEMUXERS, Demuxer, demuxer_of
from sinet_video.containers.formats import BY_MUXER

PACKAGE = Path(sinet_video.__file__).parent
TABLES = {"container.py", "demuxers.py", "formats.py"}


@pytest.mark.parametrize("name", DEMUXERS)
def test_rows_are_demuxers_of_libav(name: str) -> None:
    """Each name is one that libav knows, as its own or among others."""
    assert av.ContainerFormat(name, "r").is_input


def test_any_of_several_names_finds_the_row(make_clip) -> None:
    """A file's format has the names of all that its demuxer reads."""
    with av.open(str(make_clip("a.mp4"))) as container:
        assert demuxer_of(container.format.name) is DEMUXERS["mov"]
    assert demuxer_of("matroska,webm") is DEMUXERS["matroska"]
    assert demuxer_of("nut") == Demuxer()


def compared(tree: ast.AST) -> set[str]:
    """Strings that something is compared with, or looked for in."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            parts = [leaf for part in (node.left, *node.comparators) for leaf in ast.walk(part)]
            values = {leaf.value for leaf in parts if isinstance(leaf, ast.Constant)}
            found |= {value for value in values if isinstance(value, str)}
    return found


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.stem)
def test_no_other_module_compares_names_of_formats(path: Path) -> None:
    """What is particular to a format is a column of one of the two tables."""
    if path.name in TABLES:
        return
    names = {*DEMUXERS, *BY_MUXER} - {"hls", "rawvideo", "webp"}  # also a protocol, and codecs
    assert not compared(ast.parse(path.read_text("utf-8"))) & names


def test_comparisons_are_found() -> None:
    """The test before would notice."""
    assert compared(ast.parse("x = 'avi' if kind == 'mp4' or kind in ('flv', 'mov') else 0")) == {
        "mp4", "flv", "mov",
    }  # fmt: skip
