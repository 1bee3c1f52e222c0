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
