"""The matrix: each made input through its outputs, looked over by ffprobe and ffmpeg."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import made_inputs
import matrix
import pytest
from made_inputs import INPUTS, Made

pytestmark = pytest.mark.usefixtures("ffmpeg")

LEAST = 60
"""Inputs, each through two outputs or more."""


@pytest.mark.parametrize("made", INPUTS, ids=[made.name for made in INPUTS])
def test_what_comes_out_is_what_went_in(made, tmp_path):
    """Frames, times, size, turn, pixels, looks, colours, depth and audio, in each output."""
    cells = matrix.row(made, tmp_path)
    assert len(cells) >= 2
    assert all(cell.holds for cell in cells), "\n" + matrix.table(cells)


def test_the_inputs_are_many_and_of_many_kinds():
    """Each of what clips differ in is there in every kind that people meet."""
    assert len({made.name for made in INPUTS}) == len(INPUTS) >= LEAST
    suffixes = {Path(made.name).suffix for made in INPUTS}
    assert suffixes >= {".mp4", ".mov", ".mkv", ".webm", ".avi", ".ts", ".mpg", ".ogv", ".flv"}
    assert len({made.video.split()[0] for made in INPUTS}) >= 20
    assert len({made.pixel for made in INPUTS}) >= 15
    assert {made.colour for made in INPUTS} >= set(made_inputs.COLOURS) - {"240"}
    assert {made.rate for made in INPUTS} >= {"24000/1001", "30000/1001", "60000/1001", "60"}
    assert {made.filters for made in INPUTS} >= {made_inputs.VARIABLE, made_inputs.late(1.5)}
    assert {made.remux[-3:] for made in INPUTS} >= {"=90", "180", "270"}
    assert {made.mirror for made in INPUTS} >= set(made_inputs.MIRRORED)
    assert sum(made.container == made_inputs.EARLY for made in INPUTS) >= 4
    assert sum(bool(made.then) for made in INPUTS) >= 3
    tracks = [track.split() for made in INPUTS for track in made.audio]
    assert {layout for layout, *_ in tracks} == set(made_inputs.LAYOUTS)
    assert len({encoder for _, encoder, *_ in tracks}) >= 12
    assert {output for made in INPUTS for output in made.outputs.split()} == set(matrix.OUTPUTS)


# The failing twins: a fault of each kind is seen, and by no other check than it concerns.

PLAIN = Made("plain.mp4", made_inputs.H264, "yuv420p", "", ("stereo aac",))
FAULTS: dict[str, tuple[Made, set[str]]] = {
    "nothing": (PLAIN, set()),
    "late": (replace(PLAIN, filters="setpts=PTS+0.04/TB"), {"times"}),
    "another rate": (replace(PLAIN, rate="24"), {"times"}),
    "turned": (replace(PLAIN, remux=f"{made_inputs.TURN}90"), {"turn", "look"}),
    "mirrored": (replace(PLAIN, filters="hflip"), {"look"}),
    "said to be mirrored": (
        replace(PLAIN, mirror="mirrored"),
        {"turn", "look"},
    ),
    "upside down": (replace(PLAIN, filters="vflip"), {"look"}),
    "in another order": (replace(PLAIN, filters="reverse"), {"look"}),
    "wide pixels": (replace(PLAIN, sar="4/3"), {"aspect"}),
    "larger": (replace(PLAIN, size="80x60"), {"size"}),
    "other tags": (replace(PLAIN, colour="srgb"), {"colour"}),
    "no tags": (replace(PLAIN, colour=""), {"colour"}),
    "no audio": (replace(PLAIN, audio=()), {"audio"}),
    "another layout": (replace(PLAIN, audio=("mono aac",)), {"audio"}),
    "late audio": (replace(PLAIN, audio=("stereo aac -af adelay=20:all=1",)), {"audio"}),
    "one channel": (replace(PLAIN, audio=("stereo aac -af pan=stereo|c0=c0",)), {"audio"}),
}


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> matrix.Seen:
    """What the faulty ones are held against: ten bits, encoded anew from no other codec."""
    return matrix.Seen(PLAIN.write(tmp_path_factory.mktemp("plain")))


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_seen(fault, plain, tmp_path):
    """Each check fails of what it is there for."""
    made, expected = FAULTS[fault]
    faulty = matrix.Seen(made.write(tmp_path))
    found = {check.__name__ for check in matrix.CHECKS if list(check(faulty, plain))}
    assert found == expected


def test_range_frames_and_depth_are_seen(plain, tmp_path):
    """Faults that need more than another frame."""
    full = matrix.Seen(replace(PLAIN, full=True, pixel="yuvj420p").write(tmp_path))
    assert [*matrix.colour(full, plain)] == ["color_range pc, not tv"]
    deep = matrix.Seen(replace(PLAIN, name="deep.mp4", pixel="yuv420p10le").write(tmp_path))
    assert [*matrix.depth(plain, deep)] == ["8 bits, not 10"]
    assert not [*matrix.depth(deep, plain)]
    short = replace(PLAIN, name="short.mp4", filters="trim=end_frame=7")
    assert [*matrix.frames(matrix.Seen(short.write(tmp_path)), plain)] == ["7 frames, not 8"]


def test_the_table_says_what_is_wrong(plain):
    """In a line for each input and output, and one below it for each fault."""
    assert plain.times[1] == Fraction(1, 25)
    good, bad = matrix.Cell(plain, "mp4", {}), matrix.Cell(plain, "webm", {"times": ["late"]})
    head, one, two, why = matrix.table([good, bad]).split("\n")
    assert head.split()[0] == "input"
    assert one.split()[-len(matrix.CHECKS) :] == ["ok"] * len(matrix.CHECKS)
    assert (good.holds, bad.holds, "NO" in two, why.strip()) == (True, False, True, "times: late")
