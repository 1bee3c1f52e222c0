"""The programs that figures come from can be run, and say how."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
PROGRAMS = [path for path in sorted(FOLDER.glob("*.py")) if "__main__" in path.read_text()]


def test_there_are_programs():
    """Or the next test would be empty."""
    assert PROGRAMS


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_each_program_says_how_it_is_run(program, monkeypatch, capsys):
    """All that it imports is there, and its help begins with what it is for and its own name."""
    monkeypatch.syspath_prepend(str(FOLDER))  # as it is when they are run
    monkeypatch.setattr(sys, "argv", [str(program), "--help"])
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(program), run_name="__main__")
    assert not caught.value.code
    assert f"benchmarks/{program.name}" in capsys.readouterr().out
