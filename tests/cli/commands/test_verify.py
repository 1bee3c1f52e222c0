"""The command over verification: what it prints, what it returns, and that it never breaks off."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sinet_video.cli.commands.verify import describe
from sinet_video.cli.main import cli

from sinet_video import BilinearRefinement, Settings, TimeRange, convert, verify


@pytest.fixture(scope="module")
def clip(make_clip) -> Path:
    """Twelve frames with audio."""
    return make_clip("talk.mp4", width=64, height=48, audio=True)


@pytest.fixture(scope="module")
def webm(clip, tmp_path_factory) -> Path:
    """Of it the second to the fifth, with alpha."""
    path = tmp_path_factory.mktemp("cli") / "talk.webm"
    settings = Settings(segmenter=lambda rgb: rgb[..., 0] / 255, refinement=BilinearRefinement())
    convert(clip, path, settings=settings, span=TimeRange(Fraction(1, 25), Fraction(5, 25)))
    return path


def run(*arguments: object) -> Result:
    """Run the command in this process; nothing but an exit status may leave it."""
    done = CliRunner().invoke(cli, ["verify", *map(str, arguments)])
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done


def test_all_is_well(clip, webm):
    """A table on stdout, nothing on stderr."""
    stretch = ("--start", "0.04", "--end", "0.2")
    done = run(webm, "--against", clip, *stretch, "--alpha-mode", "straight")
    assert (done.exit_code, done.stderr) == (0, "")
    first, *facts = done.stdout.splitlines()
    assert first == f"{webm}, against {clip}"
    assert "  video      vp9, 64x48, yuva420p" in facts
    assert "alpha_mode 1" in done.stdout
    assert "4 frames, first at 0.000000 s, last at 0.120000 s, 0.160000 s long" in done.stdout
    assert "compared to the millisecond." in done.stdout
    assert "  audio      opus, 48000 Hz, 1 channel, from " in done.stdout
    assert "FAILS" not in done.stdout


def test_a_fault_is_one_line(clip, webm):
    """Which checks fail, on stderr; why, in the table."""
    done = run(webm, "--against", clip)
    assert done.exit_code == 1
    assert done.stderr.startswith(f"sinet-video: {webm} fails 3 of 17 checks: frames, length, ")
    assert done.stderr.count("\n") == 1
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("FAILS  frames "))
    assert line.endswith("It has 4 frames; the source has 12.")


def test_checks_to_skip(clip, webm):
    """Each by its name."""
    names = ("frames", "times", "length", "audio length")
    done = run(webm, "--against", clip, *(word for name in names for word in ("--skip", name)))
    assert done.exit_code == 0
    assert "  times " not in done.stdout


def test_json_instead_of_the_table(clip):
    """On stdout alone, or in a file beside the table."""
    done = run(clip, "--json", "-")
    found = json.loads(done.stdout)
    assert (done.exit_code, found["holds"], found["source"]) == (0, True, None)
    assert found["timing"] == {
        "frames": 12, "first": 0.0, "last": 0.44, "end": 0.48, "duration": 0.48,
    }  # fmt: skip
    assert [check["name"] for check in found["checks"]] == ["whole", "order", "alpha"]
    assert found["audio"][0]["codec"] == "aac"


def test_json_in_a_file_also_of_a_fault(clip, webm, tmp_path):
    """For programs that look at why."""
    done = run(webm, "--against", clip, "--json", tmp_path / "found.json")
    found = json.loads((tmp_path / "found.json").read_text())
    assert (done.exit_code, found["holds"]) == (1, False)
    assert done.stdout.strip() == describe(verify(webm, clip))


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["none.mp4"], 1, "There is no file none.mp4"),
        (["CLIP", "--against", "none.mp4"], 1, "There is no file none.mp4"),
        (["CLIP", "--json", "none/found.json"], 1, "no folder none"),
        (["CLIP", "--end", "1"], 2, "are of the source"),
        (["CLIP", "--skip", "luck"], 2, "no check 'luck'"),
        (["CLIP", "--against", "CLIP", "--end", "soon"], 2, "is not a time"),
        (["CLIP", "--alpha-mode", "curved"], 2, "curved"),
        ([], 2, "FILE"),
    ],
)
def test_what_cannot_be_done(arguments, status, said, clip):
    """One sentence; 2 is for usage."""
    done = run(*(clip if word == "CLIP" else word for word in arguments))
    assert done.exit_code == status
    assert said in done.stderr
    assert done.stdout == ""


def test_a_file_that_is_cut_off(clip, tmp_path):
    """Run as people run it."""
    part = tmp_path / "part.mkv"
    convert(clip, part, settings=Settings(segmenter=lambda rgb: rgb[..., 0] / 255))
    part.write_bytes(part.read_bytes()[:-1])
    command = [Path(sys.executable).with_name("sinet-video"), "verify", part]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == f"sinet-video: {part} fails 1 of 3 checks: whole.\n"
    assert f"{part} is cut off: 1 of its bytes are missing." in done.stdout


def test_help_imports_nothing_large():
    """And says each option in a sentence."""
    program = (
        "import sys\n"
        "from sinet_video.cli.main import cli\n"
        "try: cli(['verify', '--help'])\n"
        "finally: print(sorted({'av', 'numpy', 'torch'} & set(sys.modules)), file=sys.stderr)"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == "[]\n"
    for option in cli.commands["verify"].params[1:]:
        assert option.help
        assert option.opts[0] in done.stdout
