"""A job that lacks memory says so, and what it would need."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from pathlib import Path

import av
import pytest

from sinet_video import OutOfMemoryError, OutputError, probe
from sinet_video.pipeline.memory_needed import needed, within_memory

COMMAND = Path(sys.executable).with_name("sinet-video")
RUN = ("run", "--quiet", "--refine", "bilinear")


@pytest.fixture(scope="module")
def large(make_clip) -> Path:
    """Few pictures that need much."""
    return make_clip("large.mp4", width=1920, height=1080, frames=6)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps to a limit of memory")
@pytest.mark.parametrize(("name", "megabytes"), [("o.mp4", 800), ("o.webm", 850), ("o.mp4", 450)])
def test_one_sentence_says_it(name, megabytes, large, tmp_path):
    """Whoever notices it first: the network, the encoder, or the work on frames."""

    def little() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))

    done = subprocess.run(
        [COMMAND, *RUN, large, tmp_path / name],
        capture_output=True, text=True, check=False, preexec_fn=little,
    )  # fmt: skip
    assert done.returncode == 1, "as much is not too little here"
    last = done.stderr.splitlines()[-1]  # before it, libraries say what they lack
    assert re.search("not enough memory|more memory than there is", last), done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_encoder_that_fails_for_want_of_memory(monkeypatch, large):
    """Is told apart from one that fails for another reason, which stays as it is."""
    clip = probe(large)
    said = OutputError("o.mp4 cannot be written: Generic error in an external library.")
    said.__cause__ = av.error.ExternalError(1, "Generic error in an external library")

    def fail() -> None:
        with within_memory(clip, 2):
            raise said

    with pytest.raises(OutputError, match="Generic error"):
        fail()
    monkeypatch.setattr("sinet_video.pipeline.memory_needed.is_there", lambda _: False)
    with pytest.raises(OutOfMemoryError, match=f"1920x1080 frames needs about {needed(clip, 2)}"):
        fail()
    said.__cause__ = OSError(28, "No space left on device")
    with pytest.raises(OutputError, match="Generic error"):
        fail()
