"""What is said at the end of a job."""

from __future__ import annotations

from click.testing import CliRunner
from PIL import Image
from sinet_video.cli.main import cli


def test_an_image_is_one_frame_and_has_no_speed(tmp_path):
    """Nor is it "1 frames"."""
    Image.new("RGB", (32, 32), (9, 99, 9)).save(tmp_path / "a.png")
    done = CliRunner().invoke(cli, ["run", str(tmp_path / "a.png"), str(tmp_path / "b.png")])
    assert done.exit_code == 0
    assert "b.png: 1 frame in " in done.stderr
    assert "frames" not in done.stderr


def test_all_files_are_named(make_clip, tmp_path):
    """Those of a job with more than one."""
    person, plate = tmp_path / "a.webm", tmp_path / "b.mov"
    command = ["run", str(make_clip("a.mp4")), str(person), "--layers", str(plate)]
    done = CliRunner().invoke(cli, command)
    assert f"Wrote {person} and {plate}: 12 frames in " in done.stderr


def test_a_batch_counts_one_frame_as_one(tmp_path):
    """And says nothing of times and sizes where nothing is to be done."""
    Image.new("RGB", (32, 32), (9, 99, 9)).save(tmp_path / "a.png")
    command = ["batch", str(tmp_path / "a.png"), "-o", str(tmp_path / "cut"), "--to", "png"]
    done = CliRunner().invoke(cli, command)
    assert "1 done, 0 failed, 0 skipped; 1 frame." in done.output
    dry = CliRunner().invoke(cli, [*command, "--dry-run"])
    assert dry.stdout.splitlines()[-1] == "0 of 1 to convert."


def test_what_holds_frames_alone_is_called_by_its_name(make_clip, tmp_path):
    """Where audio is left out."""
    clip = make_clip("a.mp4", audio=True)
    done = CliRunner().invoke(cli, ["run", str(clip), str(tmp_path / "a.gif")])
    assert "Note: A .gif file has no audio: left out." in done.stderr
