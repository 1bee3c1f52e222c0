"""The command lines of jobs: those that are run, and those that people are shown."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from sinet_video.pipeline.destinations import Destination
from sinet_video.serve.edits import OWN
from sinet_video.serve.workplace import CORE, GARBAGE, StoredClip

VERIFICATION = "verify.json"


def run_words(clip: StoredClip, target: Destination, output: str) -> list[str]:
    """Return what Python is started with for an export, in the clip's folder."""
    options = [*_options(clip, target, shown=False), "--log-json", "--overwrite"]
    return ["-m", "sinet_video", "run", clip.file.name, output, *options]


def verify_words(clip: StoredClip, target: Destination, output: str) -> list[str]:
    """Return what Python is started with to check an export."""
    skipped = [f"--skip={name}" for name in target.page.unchecked] if target.page else []
    words = ["verify", output, f"--against={clip.file.name}", f"--json={output}.{VERIFICATION}"]
    return ["-m", "sinet_video", *words, *skipped]


def look_words(clip: StoredClip) -> list[str]:
    """Return what Python is started with to look through a clip."""
    said = [json.dumps(each) for each in (clip.edits.to_dict(), clip.drawn)]
    return ["-m", "sinet_video.serve.analysis", clip.file.name, *said]


def shown_output(clip: StoredClip, target: Destination) -> str:
    """Return what an export is called to people."""
    return f"{Path(clip.name).stem}-matte{target.suffix}"


def shown_command(clip: StoredClip, target: Destination) -> str:
    """Return what does the same in a shell, by the client's own names."""
    files = _safe(clip.name), _safe(shown_output(clip, target))
    words = ["run", *files, *_options(clip, target, shown=True)]
    return shlex.join(["sinet-video", *words])


def own_names(clip: StoredClip, text: str) -> str:
    """Return what the command said with the client's names in the place of the server's."""
    text = text.replace(f"{clip.folder}/", "").replace("sinet-video: ", "")
    if clip.background is not None:
        text = text.replace(clip.background[0].name, clip.background[1])
    return text.replace(clip.file.name, clip.name)


def _safe(name: str) -> str:
    """Return a name that the command does not take for an option, nor for a pipe."""
    return f"./{name}" if name.startswith("-") else name


def _options(clip: StoredClip, target: Destination, *, shown: bool) -> list[str]:
    words = target.words()
    if target.takes_background:
        words += _background(clip, shown=shown)
    names = {
        "garbage": f"{Path(clip.name).stem}-{GARBAGE}",
        "core": f"{Path(clip.name).stem}-{CORE}",
    }
    words += [f"--{key}={names[key] if shown else file}" for key, file in clip.drawn.items()]
    return [*words, *clip.edits.arguments()]


def _background(clip: StoredClip, *, shown: bool) -> list[str]:
    wanted = clip.edits.background
    if wanted == OWN and clip.background is not None:
        file, name = clip.background
        return [f"--background={name if shown else file.name}"]
    return [] if wanted in ("", OWN, "transparent") else [f"--background={wanted}"]
