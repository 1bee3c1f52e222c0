"""The programs that figures come from can be run, and say how."""

from __future__ import annotations

import json
import runpy
import subprocess
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


def test_the_whole_job_is_timed_and_written_down(make_clip, tmp_path, ffmpeg):
    """A round of two jobs on a few frames: rounds as JSON, a table and a frame."""
    clip = make_clip("a.mp4", width=64, height=48, frames=4)
    program = [sys.executable, FOLDER / "whole_job.py", clip, "--frames", "4", "--rounds", "1"]
    wanted = {name: tmp_path / file for name, file in
              (("json", "a.json"), ("page", "a.md"), ("plot", "a.png"))}  # fmt: skip
    options = [word for name, path in wanted.items() for word in (f"--{name}", path)]
    jobs = ["--jobs", "green", "green, numpy"]
    subprocess.run([*program, *jobs, *options], check=True, stdout=subprocess.DEVNULL)
    told = json.loads(wanted["json"].read_text())
    assert [row["job"] for row in told["rows"]] == ["green", "green, numpy"]
    assert all(row["cpu ratio"] > 0 and row["memory"] > 0 for row in told["rows"])
    assert "| green | " in wanted["page"].read_text()
    assert wanted["plot"].read_bytes().startswith(b"\x89PNG")
