"""The command lines of jobs: those that are run, and those that people are shown."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from sinet_video.pipeline.destinations import Destination
from sinet_video.serve.edits import OWN
from sinet_video.serve.workplace import MATTES, StoredClip

VERIFICATION = "verify.json"

NOT_OF_PLATES = ("audio tracks", "audio start", "audio length")
"""The checks that do not apply to the second of two layers, as the first one has the audio."""


Names = Callable[[str, str], str]
"""Returns the name to use of a file, given its own and the one that is shown."""


def run_words(clip: StoredClip, target: Destination, output: str, names: Names) -> list[str]:
    """Return what Python is started with for an export, in the clip's folder."""
    options = [*_options(clip, target, output, names), "--log-json", "--overwrite"]
    return ["-m", "sinet_video", "run", clip.file.name, output, *options]


def verify_words(
    clip: StoredClip, target: Destination, output: str, *, is_plate: bool = False
) -> list[str]:
    """Return what Python is started with to check a file of an export."""
    skipped = (target.page.unchecked if target.page else ()) + (NOT_OF_PLATES if is_plate else ())
    words = ["verify", output, f"--against={clip.file.name}", f"--json={output}.{VERIFICATION}"]
    return ["-m", "sinet_video", *words, *(f"--skip={name}" for name in skipped)]


def plate_of(output: str, target: Destination) -> str:
    """Return the name of the second layer beside an output."""
    return f"{output.removesuffix(target.suffix)}-plate{target.suffix}"


def look_words(clip: StoredClip) -> list[str]:
    """Return what Python is started with to look through a clip."""
    said = [json.dumps(each) for each in (clip.edits.to_dict(), clip.drawn)]
    return ["-m", "sinet_video.serve.analysis", clip.file.name, *said]


def shown_output(clip: StoredClip, target: Destination) -> str:
    """Return what an export is called to people."""
    return f"{Path(clip.name).stem}-matte{target.suffix_of(still=clip.is_still)}"


def shown_command(clip: StoredClip, target: Destination) -> str:
    """Return what does the same in a shell, by the client's own names."""
    output = _safe(shown_output(clip, target))
    words = [
        "run",
        _safe(clip.name),
        output,
        *_options(clip, target, output, lambda _, shown: shown),
    ]
    # Shells of Windows take single quotes for themselves.
    line = subprocess.list2cmdline if sys.platform == "win32" else shlex.join
    return line(["sinet-video", *words])


def own_names(clip: StoredClip, text: str) -> str:
    """Return what the command said with the client's names in the place of the server's."""
    # With the separator of this system, which a path's own text has.
    text = text.replace(str(clip.folder / "_")[:-1], "").replace("sinet-video: ", "")
    if clip.background is not None:
        text = text.replace(clip.background[0].name, clip.background[1])
    return text.replace(clip.file.name, clip.name)


def _safe(name: str) -> str:
    """Return a name that the command does not take for an option, nor for a pipe."""
    return f"./{name}" if name.startswith("-") else name


def _options(clip: StoredClip, target: Destination, output: str, names: Names) -> list[str]:
    words = target.words(still=clip.is_still)
    plate = target.page.plate if target.page else ""
    if plate:
        words = [word for word in words if not word.startswith("--background=")]
        words += [f"--layers={plate_of(output, target)}"]
    if target.takes_background or plate:
        words += _background(clip, names) or ([f"--background={plate}"] if plate else [])
    stem = Path(clip.name).stem
    words += [f"--{key}={names(file, f'{stem}-{MATTES[key]}')}" for key, file in clip.drawn.items()]
    return [*words, *clip.edits.arguments()]


def _background(clip: StoredClip, names: Names) -> list[str]:
    wanted = clip.edits.background
    if wanted == OWN and clip.background is not None:
        file, shown = clip.background
        return [f"--background={names(file.name, shown)}"]
    return [] if wanted in ("", OWN, "transparent") else [f"--background={wanted}"]
