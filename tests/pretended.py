"""What tests have other processes do, in a module of its own so that they find it."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

from sinet_video import Entry, InputError, Manifest, Report

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
    """Note the try; be killed in the first one if the input's name says so."""
    tries = source.with_suffix(".tries")
    with tries.open("a") as file:
        file.write("x")
    if source.name == "killed.mp4" and tries.read_text() == "x":
        os.kill(os.getpid(), signal.SIGKILL)
    return pretended(source, output)
