"""`sinet-video live` as a process: signals, what it says, and how it ends."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import pytest
from click.testing import CliRunner
from sinet_video.cli.main import cli

COMMAND = Path(sys.executable).with_name("sinet-video")
PICTURE = "lavfi:testsrc=size=64x48:rate=10,realtime"


def started(*words: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [COMMAND, "live", *map(str, words)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def ended(*words: object) -> tuple[int, str, str]:
    with started(*words) as process:
        out, said = process.communicate(timeout=100)
    return process.returncode, out, said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_a_whole_file(tmp_path, number: signal.Signals) -> None:
    """Ctrl-C and what a service manager sends; exit status 0."""
    target = tmp_path / "a.mp4"
    with started(PICTURE, target, "--log-json", "--json", "-") as process:
        assert process.stderr is not None
        for line in process.stderr:  # until it is at work
            if json.loads(line)["event"] == "progress":
                break
        process.send_signal(number)
        out, said = process.communicate(timeout=100)
    assert process.returncode == 0, said
    report = json.loads(out)
    assert report["ended"] == "stopped"
    assert report["latency_95"] >= report["latency_median"] > 0
    with av.open(str(target)) as container:
        assert sum(1 for _ in container.decode(video=0)) == report["frames"]


def test_what_it_says_at_the_end(tmp_path) -> None:
    """Frames, drops and latencies."""
    code, _, said = ended(PICTURE, tmp_path / "a.mkv", "--length", 1)
    assert code == 0
    assert re.search(
        r"Live for 0:0[01] to .*a\.mkv: \d+ frames, [\d.]+ a second; (none|\d+) dropped; "
        r"latency \d+ ms \(median\), \d+ ms \(95th percentile\), libx264\.",
        said,
    )


def test_smoothing_that_was_asked_for_is_not_replaced(tmp_path) -> None:
    """But refused, by its option; adaptive is not."""
    code, _, said = ended(PICTURE, tmp_path / "a.mkv", "--smooth", "window")
    assert code == 2
    assert "--smooth window waits for later frames" in said
    assert ended(PICTURE, tmp_path / "a.mkv", "--smooth", "adaptive", "--length", "2")[0] == 0


@pytest.mark.parametrize(("choice", "kept"), [("copy", 1), ("none", 0)])
def test_audio_is_chosen_as_in_run(tmp_path, make_clip, choice, kept) -> None:
    """By the same option."""
    clip, target = make_clip("a.mp4", audio=True), tmp_path / "a.mkv"
    assert ended(clip, target, "--audio", choice)[0] == 0
    with av.open(str(target)) as container:
        assert len(container.streams.audio) == kept


def test_the_network_is_named_by_its_option(tmp_path) -> None:
    """In both directions."""
    for words in ((PICTURE, "udp://127.0.0.1:9"), ("udp://127.0.0.1:9", tmp_path / "a.mp4")):
        code, _, said = ended(*words)
        assert code == 1
        assert "Use --allow network if you trust it" in said


def test_an_input_that_is_lost_for_good_is_a_failure(tmp_path, make_clip) -> None:
    """Exit status 1, with what came in a whole file; it is said once."""
    import shutil
    import socket

    if (program := shutil.which("ffmpeg")) is None:
        pytest.skip("needs the program ffmpeg, which is not installed")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        url = f"tcp://127.0.0.1:{found.getsockname()[1]}"
    target, clip = tmp_path / "a.mp4", make_clip("a.ts", frames=50)
    serve = [program, "-v", "error", "-nostdin", "-re", "-i", clip, "-c", "copy", "-f", "mpegts"]
    with subprocess.Popen([*serve, f"{url}?listen"]):
        time.sleep(1)
        code, _, said = ended(url, target, "--allow", "network", "--give-up", "0.2")
    assert code == 1
    assert said.count("is lost; waiting for it to come back") == 1
    assert f"{url} was lost, and did not come back." in said
    with av.open(str(target)) as container:
        assert next(container.decode(video=0)).width == 160


def test_an_output_that_is_there_stays(tmp_path) -> None:
    """Unless --overwrite says otherwise."""
    target = tmp_path / "a.mp4"
    target.write_text("mine")
    code, _, said = ended(PICTURE, target)
    assert code == 1
    assert "is there already. Use --overwrite" in said
    assert target.read_text() == "mine"


def test_no_option_is_offered_that_live_video_has_no_use_for():
    """There is no sequence of images with numbers of its own."""
    said = CliRunner().invoke(cli, ["live", "--help-all"]).output
    assert "--codec" in said
    assert "--audio" in said
    assert "--start-number" not in said
