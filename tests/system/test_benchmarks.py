"""The programs that figures come from can be run, and say how."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sinet_video.encoding.plan import plan
from sinet_video.encoding.settings import Encoding

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


@pytest.fixture(scope="module")
def clip(make_clip):
    """A clip that takes no time."""
    return make_clip("a.mp4", width=64, height=48, frames=4)


def figures(program: str, folder: Path, *more: object) -> dict[str, Any]:
    """What a program writes as JSON; it also draws."""
    found, drawn = folder / f"{program}.json", folder / f"{program}.png"
    command = [sys.executable, FOLDER / f"{program}.py", *map(str, more)]
    subprocess.run(
        [*command, "--json", found, "--plot", drawn], check=True, stdout=subprocess.DEVNULL
    )
    assert drawn.read_bytes().startswith(b"\x89PNG")
    told: dict[str, Any] = json.loads(found.read_text())
    assert told["facts"]["cores"] > 0
    return told


def test_the_whole_job_is_timed(clip, tmp_path, ffmpeg):
    """A round of two jobs on a few frames."""
    jobs = ["green", "green, numpy"]
    told = figures("whole_job", tmp_path, clip, "--frames", 4, "--rounds", 1, "--jobs", *jobs)
    assert [row["job"] for row in told["rows"]] == jobs
    assert all(row["cpu ratio"] > 0 and row["memory"] > 0 for row in told["rows"])
    assert [len(told["spent"][job]) for job in jobs] == [1, 1]


def test_ffmpeg_gets_our_encoder_s_options(monkeypatch):
    """Or a ratio of VP9 or ProRes says nothing."""
    monkeypatch.syspath_prepend(str(FOLDER))
    jobs = runpy.run_path(str(FOLDER / "whole_job.py"))["JOBS"]
    for name, extension in (("vp9", "a.webm"), ("prores", "a.mov")):
        ours = plan(Path(extension), "rgba", "yuv420p", Encoding())
        theirs = dict(zip(jobs[name].theirs[::2], jobs[name].theirs[1::2], strict=True))
        assert theirs["-pix_fmt"] == ours.pixel_format
        told = {("b:v" if key == "b" else key): value for key, value in ours.options.items()}
        assert {key: theirs.get(f"-{key}") for key in told} == told


def test_start_up_is_timed(clip, tmp_path, ffmpeg):
    """Each command once."""
    rows = figures("startup", tmp_path, clip, "--rounds", 1)["rows"]
    spent = {row["command"]: row["cpu"] for row in rows}
    assert spent["run, one frame"] > spent["python"] > 0


def test_stages_are_timed(clip, tmp_path):
    """All of them, and their sum."""
    rows = figures("stages", tmp_path, clip, "--frames", 2, "--rounds", 1)["rows"]
    assert [row["stage"] for row in rows] == ["segment", "smooth", "refine", "composite", "all"]
    total = rows[-1]["C++"]
    assert total == pytest.approx(sum(row["C++"] for row in rows[:-1]), abs=0.1)


def test_growth_is_timed(clip, tmp_path, ffmpeg):
    """Two cases on a few frames, beside a clip of hair."""
    cases = ["480p", "480p, 10 bits"]
    more = ["--frames", 2, "--rounds", 1, "--hair", clip, "--cases", *cases]
    rows = figures("growth", tmp_path, clip, *more)["rows"]
    assert [row["case"] for row in rows] == [*cases, "hair"]
    assert rows[0]["a pixel, of 480p"] == 1


def test_a_device_is_timed(clip, tmp_path, ffmpeg):
    """The chain and the job at one size, on torch's CPU device."""
    more = ["--device", "cpu", "--heights", 48, "--frames", 4, "--rounds", 1]
    told = figures("device", tmp_path, clip, *more)
    assert [row["what"] for row in told["rows"]] == ["chain, 64x48", "job, 64x48"]
    assert all(row["device"] > 0 and row["CPU"] > 0 and row["ratio"] > 0 for row in told["rows"])
    assert told["facts"]["runtime"].endswith(" on cpu")
    assert told["facts"]["stages"] == ["segment", "smooth", "refine", "composite"]


def test_a_page_has_all_figures(clip, tmp_path):
    """What programs wrote, in a table for each; without any, the command says so."""
    program, page = [sys.executable, FOLDER / "render.py"], tmp_path / "page.md"
    empty = subprocess.run(
        [*program, tmp_path, "--page", page], capture_output=True, text=True, check=False
    )
    assert empty.returncode == 1
    assert "make bench" in empty.stderr
    figures("stages", tmp_path, clip, "--frames", 2, "--rounds", 1)
    subprocess.run([*program, tmp_path, "--page", page], check=True, stdout=subprocess.DEVNULL)
    assert "## Stages" in page.read_text()
    assert "| segment | " in page.read_text()


def test_other_programs_take_turns(clip, tmp_path, ffmpeg):
    """A stand-in plays the script's environment, which is not installed here."""
    other = tmp_path / "python"
    other.write_text('#!/bin/sh\ncp "$2" "$3"\n')
    other.chmod(0o755)
    more = ("--mediapipe", other, "--frames", 4, "--rounds", 1)
    rows = figures("peers", tmp_path, clip, *more)["rows"]
    assert [row["program"] for row in rows][1:] == ["sinet-video", "OpenCV and MediaPipe"]
    assert rows[0]["wall ratio"] == rows[0]["cpu ratio"] == 1
    assert all(row["memory"] > 0 for row in rows)


def people(folder: Path, count: int) -> Path:
    """A labelled folder of small images."""
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
        for index in range(count):
            image = Image.new("L", (32, 32), 255)
            image.paste(0, (0, 0, 16, 16))
            image.save(folder / part / f"{index}.png")
    return folder


def test_kinds_of_people_are_measured(tmp_path):
    """Each kind of which there are enough, with its interval; the card gets the tables."""
    folder, listed, card = people(tmp_path / "p", 6), tmp_path / "a.toml", tmp_path / "card.md"
    lines = [f'"{i}" = "dark skin, glasses"' for i in range(5)]
    listed.write_text("\n".join(["[portraits]", *lines, '"5" = ""']))
    card.write_text("Before\n<!-- kinds of people -->\nold\n<!-- end of kinds -->\nAfter\n")
    found = tmp_path / "a.json"
    command = [sys.executable, FOLDER / "kinds_of_people.py", "--portraits", folder]
    more = ["--list", listed, "--json", found, "--card", card]
    for _ in range(2):
        subprocess.run([*command, *more], check=True, stdout=subprocess.DEVNULL)
    rows = json.loads(found.read_text())["rows"]
    assert [(row["kind"], row["images"]) for row in rows] == [
        ("dark skin", 5), ("head not covered", 6), ("glasses", 5), ("all", 6),
    ]  # fmt: skip
    for row in rows:
        mean, low, high = row["run, IoU"]
        assert 0 <= low <= mean <= high <= 100
    text = card.read_text()
    assert text.startswith("Before\n")
    assert text.endswith("\nAfter\n")
    assert "old" not in text
    assert text.count("| dark skin | 5 |") == 1
    listed.write_text('[portraits]\n"9" = ""\n')
    for words in ("has no 9", "'tall' is no kind"):
        failed = subprocess.run(
            [*command, *more], capture_output=True, text=True, encoding="utf-8", check=False
        )
        assert failed.returncode == 1
        assert words in failed.stderr
        listed.write_text('[portraits]\n"0" = "tall"\n')


def test_an_interval_is_about_its_mean(monkeypatch):
    """As wide as that of the normal distribution, for many values."""
    monkeypatch.syspath_prepend(str(FOLDER))
    from kinds_of_people import Mean

    values = np.random.default_rng(0).normal(50, 10, 400)
    found = Mean.of(values)
    half = 1.96 * values.std() / 20
    assert found.mean == pytest.approx(values.mean())
    assert found.low == pytest.approx(found.mean - half, abs=0.1)
    assert found.high == pytest.approx(found.mean + half, abs=0.1)


def test_the_hour_s_clip_has_its_beeps_at_its_flashes(clip, tmp_path, monkeypatch, ffmpeg):
    """Or what is measured of `live` would be the clip's own."""
    monkeypatch.syspath_prepend(str(FOLDER))
    import live_hour

    found = live_hour.offsets(live_hour.source(clip, 128, 128, 25, tmp_path / "sent.mkv"))
    assert len(found) == live_hour.LASTS
    assert max(map(abs, found)) < 1


def test_the_hour_is_drawn(tmp_path, monkeypatch):
    """An image of all its minutes."""
    monkeypatch.syspath_prepend(str(FOLDER))
    import live_hour

    row = {"frames": 1800, "latency ms": 28, "most ms": 60, "MB": 190.5}
    live_hour.draw(tmp_path / "hour.png", [{"minute": 1.0, **row}, {"minute": 2.0, **row}])
    assert (tmp_path / "hour.png").read_bytes().startswith(b"\x89PNG")


def test_each_ablation_changes_something(monkeypatch):
    """All are short trainings from one start, and no two of them are the same."""
    monkeypatch.syspath_prepend(str(FOLDER))
    import ablations

    recipes = [ablations.shortened(name, 7) for name in ablations.VARIANTS]
    assert {(own.start, len(own.stages), own.stages[0].steps) for own in recipes} == {
        (ablations.START, 1, 7)
    }
    assert len({repr(replace(own, name="")) for own in recipes}) == len(recipes) > 8
