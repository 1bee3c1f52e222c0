"""What tests have other processes do, in a module of its own so that they find it."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sinet_video import Entry, InputError, Manifest, Report
from sinet_video.atomic import temporary_name, whole_file

ENTRY = Entry("a.mp4", "/in/a.mov", "1 2 3", {"crf": "18"}, "done", written="5 6")


def pretended(source: Path, output: Path) -> Report:
    """Write the input's name."""
    if "bad" in source.name:
        raise InputError(f"{source} is damaged.")
    output.write_text(source.name)
    return Report(str(source), str(output), None)


def ending(source: Path, output: Path) -> Report:
    """End as the input's name says."""
    if source.name == "killed.mp4":
        os.kill(os.getpid(), signal.SIGKILL)
    if source.name == "slow.mp4":
        (output.parent / "pid").write_text(str(os.getpid()))
        time.sleep(60)
    if source.name == "exits.mp4":
        os._exit(7)
    return pretended(source, output)


def add_many(folder: Path, writer: int) -> None:
    """Add entries, as one of several processes."""
    for number in range(40):
        Manifest(folder).add(replace(ENTRY, name=f"{writer}-{number}", reason="x" * 9000))


def killed_once(source: Path, output: Path) -> Report:
    """Note the process; if it is the first, kill it or its parent in mid-writing if so named."""
    tries = source.with_suffix(".tries")
    with tries.open("a") as file:
        file.write(f"{os.getpid()}\n")
    if source.name in KILLED and len(tries.read_text().split()) == 1:
        temporary_name(output).write_text("half")
        os.kill(KILLED[source.name](), signal.SIGKILL)
        time.sleep(60)
    return pretended(source, output)


KILLED = {"killed.mp4": os.getpid, "orphan.mp4": os.getppid}


def half_done(output: Path, send: Callable[[str], None]) -> None:
    """Begin a file, say so, and take long."""
    with whole_file(output):
        send("begun")
        time.sleep(60)


def tidying(output: Path, send: Callable[[str], None]) -> None:
    """Say that it has begun; when it is asked to end, take a while to tidy up."""
    try:
        send("begun")
        time.sleep(60)
    finally:
        time.sleep(1)
        output.write_text("tidied up")


def dying(source: Path, output: Path) -> Report:
    """Be killed each time."""
    with source.with_suffix(".tries").open("a") as file:
        file.write("x")
    os.kill(os.getpid(), signal.SIGKILL)
    return pretended(source, output)


def telling(source: Path, output: Path) -> Report:
    """Say in which process this is and how it is set up; print and warn on the way."""
    said = {
        "pid": os.getpid(),
        "parent": os.getppid(),
        "usage": os.environ.get("RAY_USAGE_STATS_ENABLED"),
    }
    output.write_text(json.dumps({**said, "folder": str(Path.cwd())}))
    sys.stdout.write("printed\n")
    logging.getLogger("sinet_video").warning("%s is warned of", source.name)
    return Report(str(source), str(output), None)


def doubled(number: int, send: Callable[[int], None]) -> int:
    """Work on a number."""
    return number * 2


def token_mode(number: int, send: Callable[[int], None]) -> str:
    """Return how the cluster recognises its own."""
    return os.environ.get("RAY_AUTH_MODE", "")


def held(path: Path, send: Callable[[int], None]) -> None:
    """Say that it has begun, and take long; tidy up when it is interrupted."""
    begun = path.with_suffix(".begun")
    begun.write_text(str(os.getpid()))
    try:
        for count in range(600):
            send(count)
            time.sleep(0.1)
    finally:
        begun.unlink()
