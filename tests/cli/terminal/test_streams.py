"""Standard streams that are closed, full, narrow or hostile."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).with_name("sinet-video")


def shell(line: str, **paths: object) -> subprocess.CompletedProcess[str]:
    """Run a line of shell, in which $S is the command and others are what is given."""
    variables = {**os.environ, "S": str(COMMAND), **{k: str(v) for k, v in paths.items()}}
    return subprocess.run(
        line, shell=True, capture_output=True, text=True, check=False, env=variables, timeout=300
    )


@pytest.fixture(scope="module")
def clip(make_clip) -> Path:
    """Twelve frames."""
    return make_clip("talk.mp4", audio=True)


NOWHERE = [">&-", *([">/dev/full"] if Path("/dev/full").exists() else [])]
"""Where a shell can lead standard output so that nothing arrives; macOS has no full device."""


@pytest.mark.parametrize("closed", ["2>&-", "<&-", ">&-", "<&- >&- 2>&-"])
def test_closed_streams_do_no_harm(closed, clip, ffmpeg, tmp_path):
    """The file is whole: nothing that libraries tell stderr gets into it."""
    done = shell(f'"$S" run "$C" "$O" {closed}', C=clip, O=tmp_path / "o.mp4")
    assert done.returncode == 0, done.stderr
    assert "12" in ffmpeg(
        "ffprobe", "-count_frames", "-select_streams", "v", "-show_entries",
        "stream=nb_read_frames", "-of", "csv", tmp_path / "o.mp4",
    )  # fmt: skip


def test_closed_standard_input_is_no_terminal(tmp_path):
    """And the message says which it is."""
    done = shell('"$S" run - "$O" <&-', O=tmp_path / "o.mp4")
    assert done.returncode == 1
    assert "Standard input is closed" in done.stderr


@pytest.mark.parametrize("where", NOWHERE)
@pytest.mark.parametrize(
    "words", ['info "$C"', 'info "$C" --json', 'verify "$C"', 'verify "$C" --json -']
)
def test_a_result_that_does_not_arrive_is_a_failure(where, words, clip):
    """In one sentence, not with a traceback, and not with exit status 0."""
    done = shell(f'"$S" {words} {where}', C=clip)
    assert done.returncode == 1
    assert done.stderr.startswith("sinet-video: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("where", NOWHERE)
def test_a_report_that_does_not_arrive_is_a_failure(where, clip, tmp_path):
    """Also where the file was made."""
    done = shell(f'"$S" run "$C" "$O" -q --json - {where}', C=clip, O=tmp_path / "o.mp4")
    assert done.returncode == 1
    assert "tandard output" in done.stderr


@pytest.mark.parametrize("words", ["info", "batch --dry-run -o o", "run"])
def test_letters_that_an_encoding_lacks_are_escaped(words, clip, tmp_path):
    """As in a pipe on Windows, whose encoding has few: in results as in messages."""
    (tmp_path / "\u65e5 \u00e9.mp4").write_bytes(clip.read_bytes())
    name, output = '"$(ls | head -n 1)"', "o.mp4" if words == "run" else ""
    line = f'cd "$O" && PYTHONIOENCODING=cp1252 "$S" {words} {name} {output}'
    done = subprocess.run(
        ["bash", "-c", line],
        env={**os.environ, "S": str(COMMAND), "O": str(tmp_path)},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr
    assert words == "run" or b"\\u65e5 \xe9" in done.stdout


def test_a_reader_of_stderr_who_leaves_does_no_harm(clip, tmp_path):
    """The file is whole, and the exit status says so."""
    line = '("$S" run "$C" "$O"; echo $? >&3) 3>&1 2>&1 >/dev/null | true'
    done = shell(f"{{ {line}; }} 2>/dev/null", C=clip, O=tmp_path / "o.mp4")
    line = 'exec 3>&1; ("$S" run "$C" "$O" --overwrite; echo $? >&3) 2> >(exec true)'
    done = subprocess.run(
        ["bash", "-c", line],
        env={**os.environ, "S": str(COMMAND), "C": str(clip), "O": str(tmp_path / "o.mp4")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["0"]
    assert (tmp_path / "o.mp4").stat().st_size > 1000


@pytest.mark.parametrize("columns", [0, 20, 40, 200])
def test_the_moving_line_keeps_to_its_line(columns, make_clip, tmp_path):
    """However narrow the terminal is, and where it does not know."""
    clip = make_clip("many.mp4", width=64, height=48, frames=300)
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    words = [COMMAND, "run", clip, tmp_path / "o.mp4"]
    process = subprocess.Popen(words, stderr=theirs)
    os.close(theirs)
    text = b""
    try:
        while piece := os.read(ours, 4096):
            text += piece
    except OSError:
        pass  # how Linux says that nobody writes any more
    os.close(ours)
    assert process.wait() == 0
    moving = text.split(b"Note: Nobody")[0].split(b"\r")
    assert any(move.startswith(b"frame") for move in moving)
    assert max(map(len, moving)) <= (columns or 81) - 1


@pytest.fixture(scope="module")
def hostile(clip, ffmpeg, tmp_path_factory) -> Path:
    """A file in whose tags there is what terminals obey."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "chapters").write_text(
        ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=400\n"
        "title=\x1b]0;owned\x07\x1b[2J\n"
    )
    (folder / "font.ttf").write_bytes(b"\0" * 100)
    ffmpeg(
        "ffmpeg", "-i", clip, "-i", folder / "chapters", "-map_metadata", "1", "-map", "0",
        "-attach", folder / "font.ttf", "-metadata:s:t", "mimetype=font/ttf\x1b[2J",
        "-metadata:s:t", "filename=\x1b]0;owned\x07.ttf", "-c", "copy",
        "-metadata:s:a", "language=\x1b[2J", folder / "hostile\x1b[2J.mkv",
    )  # fmt: skip
    return folder / "hostile\x1b[2J.mkv"


@pytest.mark.parametrize(
    "words",
    [
        'info "$C"',
        'info "$C" --json',
        'verify "$C"',
        'verify "$C" --against "$C"',
        'run "$C" "$O/o.mp4" --overwrite',
        'run "$C" "$O/o.webm" --overwrite',
        'run "$C" "$C"',
        'run "$C.none" "$O/o.mp4"',
        'run "$C" "$O/$E/o.mp4"',
        'batch "$C" -o "$O/many" --overwrite',
        'batch "$C$E" -o "$O/many"',
        'preview "$C" -o "$O/p.png" --overwrite',
        'run "$C" "$O/o.mp4" --overwrite --weights "$E"',
        'run "$C" "$O/o.mp4" --overwrite --background "$E"',
    ],
)
def test_no_command_passes_on_what_a_terminal_would_obey(words, hostile, tmp_path):
    """Titles, names of attachments, languages and paths."""
    done = shell(f'"$S" {words}', C=hostile, O=tmp_path, E="\x1b[2J")
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    assert "\x07" not in done.stdout + done.stderr
    if words.endswith("--json"):
        json.loads(done.stdout)


def test_a_pipe_that_has_a_name_is_read_once(clip, tmp_path):
    """A FIFO, and what a shell gives for <(...)."""
    os.mkfifo(tmp_path / "fifo")
    line = 'cat "$C" > "$O/fifo" & "$S" run "$O/fifo" "$O/o.mp4" -q'
    done = shell(line, C=clip, O=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "o.mp4").stat().st_size > 1000
