"""What the server has and does, whatever asks for it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from starlette.requests import Request

from sinet_video.errors import InputError, SettingError
from sinet_video.serve.commands import own_names
from sinet_video.serve.frames import FrameProcess
from sinet_video.serve.job import LOOK
from sinet_video.serve.jobs import JobFailedError, Jobs, finished
from sinet_video.serve.painting.mattes import write_mattes
from sinet_video.serve.painting.strokes import Painting, Stroke, Track
from sinet_video.serve.processes import run
from sinet_video.serve.uploads import Uploads
from sinet_video.serve.workplace import MATTES, StoredClip, Workplace, known_suffix, shown_name

TIDY_SECONDS = 60.0
"""Seconds between two looks for clips that nobody works on."""

TRACKING = "sinet_video.serve.painting.tracking"

MOMENT, LONGEST_QUIET = 0.3, 5.0
"""Seconds in which the page asks for a first frame, and that a job waits for its answer."""

POSTER_SIDE, BACKGROUND_SIDE = 360, 1280
"""The longer sides of what the page shows of a clip and of a background, in pixels."""


@contextlib.contextmanager
def _by_own_names(clip: StoredClip, more: Mapping[str, str] | None = None) -> Iterator[None]:
    """Have errors call files as the client does, those in `more` among them."""
    try:
        yield
    except (InputError, JobFailedError) as error:
        text = own_names(clip, error.message)
        for own, shown in (more or {}).items():
            text = text.replace(own, shown)
        raise type(error)(text) from error


class Service:
    """The clips, the jobs and the process for single frames of one server."""

    def __init__(self, workplace: Workplace) -> None:
        self.workplace = workplace
        self.frames = FrameProcess(workplace.folder)
        self.jobs = Jobs(workplace, self._quiet)
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
        with _by_own_names(clip):
            facts, poster = await self.frames.describe(clip.file, POSTER_SIDE)
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
            with _by_own_names(clip, {part.name: name}):
                _, image = await self.frames.describe(part, BACKGROUND_SIDE)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        if clip.background is not None:
            clip.background[0].unlink(missing_ok=True)
        part.replace(path)
        (clip.folder / "background-shown.jpg").write_bytes(image)
        clip.background = path, name

    async def frame(
        self, clip: StoredClip, time: float, side: int, *, quick: bool, source: bool
    ) -> bytes:
        """Return a frame as `Bench.frame` does, by the clip's edits. Raises `SinetVideoError`."""
        with _by_own_names(clip):
            return await self.frames.frame(clip, time, side, quick=quick, source=source)

    async def paint(self, clip: StoredClip, strokes: tuple[Stroke, ...]) -> None:
        """Replace what is painted over a clip. Raises `SinetVideoError`."""
        async with clip.painted:
            painting = await self._followed(clip, Painting(strokes, clip.painting.tracks))
            paths = [clip.folder / name for name in MATTES.values()]
            needed = await asyncio.to_thread(write_mattes, painting, clip.facts["aspect"], *paths)
            pairs = zip(MATTES.items(), needed, strict=True)
            clip.painting, clip.drawn = painting, {k: v for (k, v), wanted in pairs if wanted}

    async def _followed(self, clip: StoredClip, painting: Painting) -> Painting:
        """Return a painting whose strokes have been followed, in a process of its own."""
        if not (wanted := painting.untracked):
            return painting
        asked, found = clip.folder / "followed.json", clip.folder / "tracks.json"
        asked.write_text(json.dumps([stroke.to_dict() for stroke in wanted]), "utf-8")
        words = [clip.file.name, asked.name, found.name]
        with _by_own_names(clip):
            await finished(run(["-m", TRACKING, *words], clip.folder, lambda _: None, nice=0))
        tracks = map(Track.from_dict, json.loads(found.read_text("utf-8")))
        new = dict(zip(wanted, tracks, strict=True))
        return Painting(painting.strokes, {**painting.tracks, **new})

    async def _quiet(self) -> None:
        """Wait until the page has had the frame that it asks for after an upload."""
        await asyncio.sleep(MOMENT)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.frames.idle(), LONGEST_QUIET)

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
