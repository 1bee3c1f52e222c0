"""The process ends with its status, whatever still runs."""

from __future__ import annotations

import subprocess
import sys

import pytest

BEFORE = (
    "import atexit, sys, threading, time\nfrom sinet_video.cli.terminal.ending import run_to_end\n"
)


def ended(body: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", BEFORE + body],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("left", "status"), [("0", 0), ("3", 3), ("None", 0), ("'in words'", 1), ("130", 130)]
)
def test_the_status_is_the_command_s(left, status):
    """As `sys.exit` gives it."""
    assert ended(f"run_to_end(lambda: sys.exit({left}))").returncode == status


def test_a_command_that_returns_has_succeeded():
    """And what it printed arrives, though a pipe is buffered."""
    done = ended("run_to_end(lambda: print('a result'))")
    assert (done.returncode, done.stdout, done.stderr) == (0, "a result\n", "")


def test_an_unexpected_error_is_shown():
    """With its traceback: it is a fault of ours."""
    done = ended("run_to_end(lambda: 1 / 0)")
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr


def test_what_is_registered_for_the_exit_runs():
    """Temporary folders are removed so."""
    assert ended("atexit.register(print, 'tidied')\nrun_to_end(lambda: None)").stdout == "tidied\n"


def test_a_thread_that_is_no_daemon_is_waited_for():
    """As Python does."""
    body = (
        "def late():\n    time.sleep(0.3)\n    print('late')\n"
        "run_to_end(threading.Thread(target=late).start)"
    )
    assert ended(body).stdout == "late\n"


def test_a_daemon_in_native_code_does_not_abort_the_process():
    """One that comes back to an interpreter that is gone would be unwound."""
    body = (
        "def busy():\n    while True:\n        sum(range(1000))\n"
        "for _ in range(4):\n    threading.Thread(target=busy, daemon=True).start()\n"
        "run_to_end(lambda: sys.exit(143))"
    )
    done = ended(body)
    assert (done.returncode, done.stderr) == (143, "")


def test_a_reader_that_has_left_is_a_failure():
    """What was printed has not arrived."""
    body = (
        "import os\nreader, writer = os.pipe()\nos.dup2(writer, 1)\nos.close(writer)\n"
        "os.close(reader)\nrun_to_end(lambda: print('lost'))"
    )
    assert ended(body).returncode == 1


@pytest.mark.parametrize("begin", ["begin_file", "begin_folder"])
def test_what_was_begun_and_left_is_removed(begin, tmp_path):
    """As an interrupt may come after it was begun, and before whoever began it knows of it."""
    body = (
        "from pathlib import Path\nfrom sinet_video import atomic\n"
        "def command():\n"
        f"    atomic.{begin}(Path({str(tmp_path / 'a')!r}))\n    raise KeyboardInterrupt\n"
        "run_to_end(command)"
    )
    assert ended(body).returncode == 130
    assert list(tmp_path.iterdir()) == []
