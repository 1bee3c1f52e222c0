"""What a job made: checked, packed into one file, and removed."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sinet_video.serve import commands
from sinet_video.serve.job import Job


def verification(job: Job) -> dict[str, Any] | None:
    """Return the checks of a result, in the client's names; those of all its files."""
    checks: list[dict[str, Any]] = []
    for called, name in job.layers.items():
        path = job.clip.folder / f"{name}.{commands.VERIFICATION}"
        try:
            found = json.loads(path.read_text())
        except (OSError, ValueError):
            return None
        checks += [_shown_check(job, called, check) for check in found["checks"]]
    return {"holds": all(check["holds"] is not False for check in checks), "checks": checks}


def _shown_check(job: Job, called: str, check: dict[str, Any]) -> dict[str, Any]:
    name = f"{called}, {check['name']}" if called else check["name"]
    return {**check, "name": name, "detail": job.shown(check["detail"])}


def packed(job: Job) -> Path:
    """Return the one file of a result; several are packed as they are, and go."""
    made = job.clip.folder / job.output
    if len(job.layers) > 1:
        files = {called: job.clip.folder / name for called, name in job.layers.items()}
    elif made.is_dir():
        files = {f"matte/{file.name}": file for file in sorted(made.iterdir())}
    else:
        return made
    target = made.with_suffix(".zip")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for called, file in files.items():
            archive.write(file, called)
            file.unlink()
    if made.is_dir():
        made.rmdir()
    return target


def remove(job: Job) -> None:
    """Remove what a job made, whatever of it there is."""
    job.result = None
    for path in job.clip.folder.glob(f"{job.id}*"):
        removed: Callable[[Path], None] = shutil.rmtree if path.is_dir() else Path.unlink
        removed(path)
