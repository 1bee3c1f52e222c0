"""One job: what it works on, what it was told to do, and how far it is."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from sinet_video.pipeline.destinations import DESTINATIONS
from sinet_video.serve import commands
from sinet_video.serve.workplace import StoredClip

State = Literal["queued", "running", "checking", "done", "failed", "cancelled"]

ACTIVE: tuple[State, ...] = ("queued", "running", "checking")
LOOK = "look"
"""What the job is called that looks through a clip, for the player and its timeline."""


def _kept(file: Path, target: Path) -> None:
    """Keep a file as it is by another name; on Windows a copy, as what a job reads stays there."""
    if sys.platform == "win32":
        shutil.copyfile(file, target)
    else:
        os.link(file, target)


@dataclass
class Job:
    """One job.

    Attributes:
        id: its name in addresses.
        clip: what it works on.
        what: a destination's name, or "look".
        words: what Python is started with; it is decided when the job is queued, and later edits
            do not change it, nor what is painted later.
        command: what does the same in a shell, for an export.
        state: how it is.
        frame, frames: how many are done, and how many there will be, if that is known.
        seconds_left: about, or None.
        seconds: how long it took, when it is done.
        error: why it failed, in the command's own sentence.
        result: the finished file.
        verification: what `sinet-video verify` says of it.
        notes: what the command remarked.
    """

    id: str
    clip: StoredClip
    what: str
    words: list[str] = field(default_factory=list)
    command: str = ""
    state: State = "queued"
    frame: int = 0
    frames: int | None = None
    seconds_left: float | None = None
    seconds: float | None = None
    error: str | None = None
    result: Path | None = None
    verification: dict[str, Any] | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def output(self) -> str:
        """The name of the file or folder that it makes."""
        return f"{self.id}{DESTINATIONS[self.what].suffix_of(still=self.clip.is_still)}"

    @property
    def layers(self) -> dict[str, str]:
        """What its files are called in a result that has several: shown name to own name."""
        target = DESTINATIONS[self.what]
        if target.page is None or not target.page.plate:
            return {"": self.output}
        plate = commands.plate_of(self.output, target)
        return {f"person{target.suffix}": self.output, f"plate{target.suffix}": plate}

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {
            "id": self.id, "clip": self.clip.id, "what": self.what, "command": self.command,
            "state": self.state, "frame": self.frame, "frames": self.frames,
            "seconds_left": self.seconds_left, "seconds": self.seconds, "error": self.error,
            "notes": self.notes,
            "verification": self.verification,
            "size": self.result.stat().st_size if self.result and self.result.exists() else None,
            "suffix": self.result.suffix if self.result else None,
        }  # fmt: skip

    def keep(self, name: str, _: str) -> str:
        """Keep a file of the clip as it is now for this job, and return the name it has then."""
        kept = f"kept-{self.id}-{name}"
        with contextlib.suppress(FileExistsError):
            _kept(self.clip.folder / name, self.clip.folder / kept)
        return kept

    def forget_kept(self) -> None:
        """Remove what was kept."""
        for path in self.clip.folder.glob(f"kept-{self.id}-*"):
            path.unlink()

    def hear(self, event: dict[str, Any]) -> None:
        """Take note of what its program said."""
        if event["event"] == "progress":
            self.frame, self.frames = int(event["frame"]), event.get("frames")
            self.seconds_left = event.get("seconds_left")
        elif event["event"] == "done":
            self.frame = int(event["report"]["frames"])
            said = event["report"].get("warnings", [])
            self.notes = [self.shown(str(line)) for line in said]

    def shown(self, text: str) -> str:
        """Return what its program said, in the client's names."""
        if self.what != LOOK:
            target = DESTINATIONS[self.what]
            called = commands.shown_output(self.clip, target)
            suffix = target.suffix_of(still=self.clip.is_still)
            text = text.replace(self.id, called.removesuffix(suffix))
        return commands.own_names(self.clip, text)
