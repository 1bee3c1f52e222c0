"""What the server has and does, whatever asks for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from starlette.requests import Request

from sinet_video.errors import InputError, SettingError
from sinet_video.serve.commands import own_names
from sinet_video.serve.frames import FrameProcess
from sinet_video.serve.jobs import LOOK, Jobs
from sinet_video.serve.uploads import Uploads
from sinet_video.serve.workplace import StoredClip, Workplace, known_suffix, shown_name

P = ParamSpec("P")
T = TypeVar("T")

TIDY_SECONDS = 60.0

POSTER_SIDE, BACKGROUND_SIDE = 360, 1280
"""The longer sides of what the page shows of a clip and of a background, in pixels."""


class Service:
    """The clips, the jobs and the process for single frames of one server."""

    def __init__(self, workplace: Workplace) -> None:
        self.workplace = workplace
        self.jobs = Jobs(workplace)
        self.frames = FrameProcess(workplace.folder)
        self._uploads = Uploads(workplace)

    async def take_in(self, request: Request, given: str) -> StoredClip:
        """Store a clip, look what it is, and queue a look through it.

        Raises what `Uploads.store` does, and `InputError` for what is no video; nothing is kept
        then.
        """
        clip = self.workplace.begin(given)
        try:
            clip.size = await self._uploads.store(request, clip.file)
            clip.facts, poster = await self._described(clip)
            (clip.folder / "poster.jpg").write_bytes(poster)
        except BaseException:
            self.workplace.delete(clip)
            raise
        self.workplace.keep(clip)
        self.jobs.add(clip, LOOK)
        return clip

    async def _described(self, clip: StoredClip) -> tuple[dict[str, object], bytes]:
        try:
            facts, poster = await self.frames.describe(clip.file, POSTER_SIDE)
        except InputError as error:
            raise InputError(own_names(clip, str(error))) from error
        most = self.workplace.limits.length
        if facts["duration"] is not None and facts["duration"] > most:
            raise SettingError(
                f"{clip.name} is {facts['duration']:.0f} s long; --max-length allows {most} s."
            )
        return facts, poster

    async def take_background(self, request: Request, clip: StoredClip, given: str) -> None:
        """Store an image or video that is to be put behind the person."""
        name = shown_name(given)
        path: Path = clip.folder / f"background{known_suffix(name)}"
        part = clip.folder / "background.part"
        await self._uploads.store(request, part)
        try:
            _, image = await self.frames.describe(part, BACKGROUND_SIDE)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        if clip.background is not None:
            clip.background[0].unlink(missing_ok=True)
        part.replace(path)
        (clip.folder / "background-shown.jpg").write_bytes(image)
        clip.background = path, name

    async def in_thread(self, work: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
        """Do something that takes a while beside the server's own work."""
        return await asyncio.to_thread(work, *args, **more)

    async def tidy(self) -> None:
        """Delete, from time to time, the clips that nobody works on."""
        while True:
            await asyncio.sleep(TIDY_SECONDS)
            for clip in self.workplace.forgotten():
                await self.jobs.delete_of(clip)
                self.workplace.delete(clip)

    async def close(self) -> None:
        """End every process."""
        await self.jobs.close()
        await self.frames.close()
