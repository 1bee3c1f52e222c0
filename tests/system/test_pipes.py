"""Standard input and output: in the middle of ffmpeg's pipes, and when they break."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

COMMAND = [sys.executable, "-m", "sinet_video", "run"]
QUICK = ["--refine", "bilinear", "--smooth", "off"]
FFMPEG = ["ffmpeg", "-v", "error", "-y"]


@pytest.fixture(scope="module")
def clip(tmp_path_factory, ffmpeg) -> Path:
    """Two seconds with audio, and frames that come unevenly."""
    path = tmp_path_factory.mktemp("pipes") / "clip.mkv"
    uneven = "setpts='if(gt(N,10),PTS+0.13/TB,PTS)'"
    ffmpeg(
        "ffmpeg", "-f", "lavfi", "-i", f"testsrc2=s=96x64:r=25:d=2,{uneven}",
        "-f", "lavfi", "-i", "sine=d=2.1", "-fps_mode", "passthrough", "-pix_fmt", "yuv420p",
        "-c:v", "libx264", "-bf", 0, "-c:a", "flac", path,
    )  # fmt: skip
    return path


def chain(*commands: list[object]) -> list[tuple[int, str]]:
    """Run commands, each piped into the next; return each one's exit status and stderr."""
    running: list[subprocess.Popen] = []
    for index, command in enumerate(commands):
        before = running[-1].stdout if running else subprocess.DEVNULL
        after = subprocess.PIPE if index + 1 < len(commands) else subprocess.DEVNULL
        pipes = {"stdin": before, "stdout": after, "stderr": subprocess.PIPE}
        running.append(subprocess.Popen(list(map(str, command)), **pipes))
        if index:
            before.close()  # the next program is its only reader
    ended = [process.communicate(timeout=120)[1].decode() for process in reversed(running)][::-1]
    return [(process.returncode, said) for process, said in zip(running, ended, strict=True)]


def give(path: Path, *options: object) -> list[object]:
    """An ffmpeg that sends a file as NUT."""
    return [*FFMPEG, "-i", path, *options, "-c", "copy", "-f", "nut", "-"]


@pytest.fixture
def stream_facts(ffmpeg) -> Callable[[Path], list[dict]]:
    """What ffprobe says of a file's streams."""

    def read(path: Path) -> list[dict]:
        return json.loads(ffmpeg("ffprobe", "-show_streams", "-of", "json", path))["streams"]

    return read


def audio_of(path: Path, ffmpeg: Callable[..., str]) -> np.ndarray:
    """A file's audio, decoded."""
    raw = path.with_suffix(".raw")
    ffmpeg("ffmpeg", "-i", path, "-map", "0:a", "-f", "s16le", "-y", raw)
    return np.fromfile(raw, np.int16)


def test_between_two_ffmpegs(clip, stream_facts, ffprobe_pts, ffmpeg, tmp_path):
    """Times to the tick, alpha, and every sample of the audio come through; stdout is clean."""
    output = tmp_path / "o.mkv"
    take = [
        *FFMPEG,
        "-i",
        "-",
        "-map",
        0,
        "-fps_mode",
        "passthrough",
        "-c:v",
        "ffv1",
        "-c:a",
        "copy",
        output,
    ]
    statuses = chain(give(clip), [*COMMAND, "-", "-", *QUICK], take)
    assert [status for status, _ in statuses] == [0, 0, 0]
    assert statuses[0][1] == statuses[2][1] == ""
    assert "Wrote -" in statuses[1][1]
    video, audio = stream_facts(output)
    assert video["pix_fmt"] == "yuva420p"
    assert audio["codec_name"] == "flac"
    assert ffprobe_pts(output) == ffprobe_pts(clip)
    assert np.array_equal(audio_of(output, ffmpeg), audio_of(clip, ffmpeg))


@pytest.mark.parametrize("name", ["o.mp4", "o.webm", "o.mkv"])
def test_from_a_pipe_into_a_file(name, clip, ffprobe_pts, tmp_path):
    """As from the file itself: the same frames, times and audio."""
    piped, direct = tmp_path / f"piped-{name}", tmp_path / f"direct-{name}"
    (_, (status, said)) = chain(give(clip), [*COMMAND, "-", piped, *QUICK, "--quiet"])
    assert (status, said) == (0, "")
    subprocess.run([*COMMAND, str(clip), str(direct), *QUICK, "--quiet"], check=True)
    expected = ffprobe_pts(direct)
    assert [round(float(t), 3) for t in ffprobe_pts(piped)] == [
        round(float(t), 3) for t in expected
    ]


def test_a_stretch_of_a_pipe(clip, ffprobe_pts, tmp_path):
    """Needs no seeking."""
    output = tmp_path / "o.mp4"
    options = ["--start", "0.2", "--end", "0.4", "--quiet"]
    (_, (status, said)) = chain(give(clip), [*COMMAND, "-", output, *QUICK, *options])
    assert (status, said) == (0, "")
    times = [t + Fraction(1, 5) for t in ffprobe_pts(output)]
    assert times == [t for t in ffprobe_pts(clip) if Fraction(1, 5) <= t < Fraction(2, 5)]


@pytest.mark.parametrize(("form", "frames"), [("y4m", 50), ("rawvideo", 50)])
def test_streams_without_times(form, frames, clip, tmp_path):
    """Say so where that matters, and that audio is left out; ffmpeg reads them."""
    output = tmp_path / "o.mkv"
    given = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", "96x64", "-r", 25]
    options = given if form == "rawvideo" else []
    run = [*COMMAND, clip, "-", "--format", form, "--background", "blue", *QUICK]
    (status, said), (taken, _) = chain(run, [*FFMPEG, *options, "-i", "-", "-c", "ffv1", output])
    assert (status, taken) == (0, 0)
    assert "no times" in said
    assert "no audio: left out" in said
    counted = [
        "ffprobe",
        "-v",
        "error",
        "-count_packets",
        "-show_entries",
        "stream=nb_read_packets",
    ]
    found = subprocess.run([*counted, "-of", "csv=p=0", output], capture_output=True, check=True)
    assert int(found.stdout) == frames


def test_alpha_does_not_go_into_y4m(clip):
    """Said in words, with what can."""
    ended = subprocess.run(
        [*COMMAND, clip, "-", "--format", "y4m", "--background", "transparent"],
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "cannot hold an alpha channel" in ended.stderr


def test_a_reader_that_ends(clip):
    """One sentence, no traceback, no hang."""
    reader = [sys.executable, "-c", "import sys; sys.stdin.buffer.read(1000)"]
    ((status, said), _) = chain([*COMMAND, clip, "-", *QUICK, "--quiet"], reader)
    assert status == 1
    assert said == "sinet-video: The program that standard output went to has ended.\n"


def test_a_writer_that_dies(clip, tmp_path):
    """What came is written whole where the stream can end anywhere."""
    half = clip.read_bytes()[: clip.stat().st_size // 2]
    cut = tmp_path / "cut"
    cut.write_bytes(half)
    writer = [
        sys.executable,
        "-c",
        f"import sys; sys.stdout.buffer.write(open({str(cut)!r},'rb').read())",
    ]
    (_, (status, said)) = chain(writer, [*COMMAND, "-", tmp_path / "o.mp4", *QUICK, "--quiet"])
    assert "Traceback" not in said
    assert (tmp_path / "o.mp4").exists() == (status == 0)


@pytest.mark.parametrize("what", [b"", b"hello", bytes(5000)])
def test_what_is_no_video(what, tmp_path):
    """Is refused in words."""
    ended = subprocess.run(
        [*COMMAND, "-", str(tmp_path / "o.mp4")], input=what, capture_output=True, check=False
    )
    assert ended.returncode == 1
    assert b"Standard input cannot be read as a video" in ended.stderr
    assert b"Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["o.mp4", "--format", "nut"], "standard output"),
        (["-", "--format", "avi"], "avi"),
        (["-", "--json", "-"], "--json"),
        (["-", "--codec", "prores"], "prores"),
    ],
)
def test_what_does_not_go_together(options, word, clip, tmp_path):
    """Status 2, and nothing on stdout."""
    ended = subprocess.run(
        [*COMMAND, clip, *options], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert word in ended.stderr
    assert not list(tmp_path.iterdir())


def test_info_of_a_pipe(clip):
    """The same facts as of the file, as far as a pipe has them."""
    info = [sys.executable, "-m", "sinet_video", "info", "-", "--json"]
    with clip.open("rb") as file:
        ended = subprocess.run(info, stdin=file, capture_output=True, check=True)
    found = json.loads(ended.stdout)
    assert (found["width"], found["height"], found["codec"]) == (96, 64, "h264")
