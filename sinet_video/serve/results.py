"""What a job made: checked, packed into one file, sent, and removed."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.responses import FileResponse
from starlette.types import Message, Receive, Scope, Send

from sinet_video.serve import commands
from sinet_video.serve.guard import refused
from sinet_video.serve.job import Job


def verification(job: Job) -> dict[str, Any] | None:
    """Return the checks of a result, in the client's names; those of all its files."""
    checks: list[dict[str, Any]] = []
    for called, name in job.layers.items():
        path = job.clip.folder / f"{name}.{commands.VERIFICATION}"
        try:
            found = json.loads(path.read_text("utf-8"))
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


class SentFile(FileResponse):
    """A file, or the ranges of it that are asked for; what is no range is refused in a sentence."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        head: Message | None = None

        async def checked(message: Message) -> None:
            nonlocal head
            if message["type"] == "http.response.start" and message["status"] >= 400:
                head = message
            elif head is None:
                await send(message)

        await super().__call__(scope, receive, checked)
        if head is not None:
            size = Path(self.path).stat().st_size
            answer = refused(head["status"], f"Range is no range of the {size} bytes of this file.")
            answer.headers["Content-Range"] = f"bytes */{size}"
            await answer(scope, receive, send)


def sent_as(job: Job) -> str:
    """Return what a result is called when it is downloaded."""
    assert job.result is not None  # a job without one is refused before
    return f"{Path(job.clip.name).stem}-{job.what}{job.result.suffix}"


def attached_as(name: str) -> str:
    """Return what says that a file is to be saved, and its name.

    It is said twice where it is not plain ASCII: curl reads the first name alone.
    """
    plain = re.sub(r"[^ !#-\[\]-~]", "_", name)
    exact = "" if plain == name else f"; filename*=utf-8''{quote(name)}"
    return f'attachment; filename="{plain}"{exact}'


def remove(job: Job) -> None:
    """Remove what a job made, whatever of it there is."""
    job.result = None
    for path in job.clip.folder.glob(f"{job.id}*"):
        removed: Callable[[Path], None] = shutil.rmtree if path.is_dir() else Path.unlink
        # On Windows what is being sent stays until its clip goes.
        with contextlib.suppress(PermissionError):
            removed(path)
