"""What a plain install does without: torch, kornia and all that training needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXTRA = ("torch", "kornia", "PIL", "matplotlib", "scipy", "cv2", "ninja", "onnx")


def without_extras(
    arguments: list[str], folder: Path, packages: tuple[str, ...] = EXTRA
) -> subprocess.CompletedProcess[str]:
    """Run the command where none of the extras' packages can be imported, or not these."""
    program = (
        "import sys\n"
        f"sys.modules.update(dict.fromkeys({packages!r}))\n"
        "from sinet_video.cli.main import main\n"
        f"sys.argv = ['sinet-video', *{arguments!r}]\n"
        "main()"
    )
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=folder
    )


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--background", "blur"],
        ["--choke", "1.5", "--feather", "2"],
        ["--key", "auto", "--despill", "auto"],
        ["--device", "auto"],
        ["--device", "auto", "--runtime", "onnxruntime"],
    ],
)
def test_jobs_need_no_extra(options, make_clip, tmp_path):
    """The default job, and those that torch used to do."""
    clip = make_clip("a.mp4", width=64, height=48, frames=3)
    done = without_extras(["run", str(clip), "out.mp4", "--quiet", *options], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "out.mp4").is_file()


@pytest.mark.parametrize(
    ("arguments", "what", "extra"),
    [
        (["run", "CLIP", "o.mp4", "--runtime", "torch"], "The torch runtime", "torch"),
        (["run", "CLIP", "o.mp4", "--runtime", "torch", "--device", "auto"],
         "The torch runtime", "torch"),
        (["run", "CLIP", "o.mp4", "--device", "cuda"], "The torch runtime", "torch"),
        (["export", "o.onnx"], "Exporting", "torch"),
        (["train", ".", "-o", "out"], "Training", "train"),
    ],
)  # fmt: skip
def test_what_needs_torch_says_so(arguments, what, extra, make_clip, tmp_path):
    """In one sentence, which says what to install."""
    clip = make_clip("a.mp4", width=64, height=48, frames=2)
    given = [str(clip) if word == "CLIP" else word for word in arguments]
    done = without_extras(given, tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"sinet-video: {what} needs torch, which is not installed: pip install torch, or install "
        f"this package with its extra, 'sinet-video[{extra}]'.\n"
    )


def test_torch_without_kornia_says_so(make_clip, tmp_path):
    """Before anything is written."""
    clip = make_clip("a.mp4", width=64, height=48, frames=2)
    done = without_extras(
        ["run", str(clip), "out.mp4", "--runtime", "torch"], tmp_path, ("kornia",)
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "sinet-video: The torch runtime needs kornia, which is not installed: pip install kornia, "
        "or install this package with its extra, 'sinet-video[torch]'.\n"
    )
    assert not (tmp_path / "out.mp4").exists()
