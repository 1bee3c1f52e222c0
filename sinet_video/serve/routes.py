"""The HTTP interface: what each address answers. `openapi/` describes it."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sinet_video._version import __version__
from sinet_video.errors import SettingError, SinetVideoError
from sinet_video.pipeline.destinations import DESTINATIONS, OFFERED
from sinet_video.serve.commands import shown_command
from sinet_video.serve.edits import OWN, Edits
from sinet_video.serve.guard import refused
from sinet_video.serve.job import LOOK, Job
from sinet_video.serve.jobs import BusyError
from sinet_video.serve.limits import LONGEST_SIDE
from sinet_video.serve.painting.strokes import parse_strokes
from sinet_video.serve.results import SentFile, attached_as, sent_as
from sinet_video.serve.service import Service
from sinet_video.serve.uploads import (
    TooLargeError,
    TooManyError,
    TooSlowError,
    drain,
    read_json,
)
from sinet_video.serve.workplace import (
    MATTES,
    FullError,
    NotThereError,
    StoredClip,
    disk_error,
    is_full,
    own_file,
)

STATUS: tuple[tuple[type[Exception], int], ...] = (
    (NotThereError, 404), (BusyError, 409), (TooLargeError, 413), (TooSlowError, 408),
    (TooManyError, 429), (FullError, 507), (SettingError, 422), (SinetVideoError, 422),
)  # fmt: skip
"""The status for each kind of error; the sentence is the error's own."""

JOBS = (LOOK, *OFFERED)
"""What jobs there are: a look through a clip, or the destination of an export."""

Answer = Callable[[Service, Request], Awaitable[Response]]


async def state(service: Service, _: Request) -> Response:
    """Everything that the page shows: clips, jobs, limits, destinations."""
    return JSONResponse(
        {
            "version": __version__,
            "limits": service.workplace.limits.to_dict(),
            "destinations": {name: _offer(name) for name in OFFERED},
            "clips": [clip.to_dict() for clip in service.workplace.clips.values()],
            "jobs": [job.to_dict() for job in service.jobs.all()],
        }
    )


def _offer(name: str) -> dict[str, Any]:
    """Return what the page shows of a destination."""
    entry, target = OFFERED[name], DESTINATIONS[name]
    return {
        "title": entry.title,
        "kind": entry.kind,
        "about": entry.about,
        "file": target.suffix or f"folder of .{target.options['format']} files, as .zip",
        "bits": entry.bits,
        "rest": entry.rest,
        "effort": entry.effort,
        "background": target.takes_background or bool(entry.plate),
    }


async def upload(service: Service, request: Request) -> Response:
    """Upload a clip: the body is the file itself. Its analysis is queued."""
    clip = await service.take_in(request, request.query_params.get("name", "clip"))
    return JSONResponse(clip.to_dict(), 201)


async def clip_state(service: Service, request: Request) -> Response:
    """One clip."""
    return JSONResponse(_clip(service, request).to_dict())


async def delete_clip(service: Service, request: Request) -> Response:
    """Delete a clip, its jobs and its results."""
    clip = _clip(service, request)
    await service.jobs.delete_of(clip)
    service.workplace.delete(clip)
    return Response(status_code=204)


async def edit(service: Service, request: Request) -> Response:
    """Replace a clip's edits."""
    clip = _clip(service, request)
    edits = Edits.parse(await read_json(request))
    if edits.background == OWN and clip.background is None:
        raise SettingError("The clip has no background of its own yet; upload an image or video.")
    clip.edits = edits
    return JSONResponse(clip.to_dict())


async def paint(service: Service, request: Request) -> Response:
    """Replace what is painted over a clip, and write its garbage and core mattes.

    Strokes that follow something are followed now, which takes some seconds.
    """
    clip = _clip(service, request)
    await service.paint(clip, parse_strokes(await read_json(request)))
    return JSONResponse(clip.to_dict())


async def background(service: Service, request: Request) -> Response:
    """Upload an image or video, the body, to be put behind the person."""
    clip = _clip(service, request)
    await service.take_background(request, clip, request.query_params.get("name", "background"))
    return JSONResponse(clip.to_dict())


async def frame(service: Service, request: Request) -> Response:
    """One frame at full quality: source, colours and alpha above one another, a JPEG.

    With `quick`, the matte is not smoothed by the frames around it, and is there sooner. Without
    `source`, colours and alpha alone come.
    """
    clip = _clip(service, request)
    time, side = _number(request, "time", 0.0), _number(request, "side", 1920.0)
    if not 16 <= side <= LONGEST_SIDE:
        raise SettingError(f"side is {side:g}; it must be from 16 to {LONGEST_SIDE}.")
    quick, source = _flag(request, "quick", "false"), _flag(request, "source", "true")
    data = await service.frame(clip, time, int(side), quick=quick, source=source)
    return Response(data, media_type="image/jpeg")


async def commands(service: Service, request: Request) -> Response:
    """The command line for each destination."""
    clip = _clip(service, request)
    return JSONResponse({name: shown_command(clip, DESTINATIONS[name]) for name in OFFERED})


def file_of(name: str, media: str, about: str) -> Answer:
    """Return what answers with a file of a clip's folder; `about` describes it."""

    async def answer(service: Service, request: Request) -> Response:
        clip = _clip(service, request)
        return SentFile(own_file(clip.folder / name, clip.folder), media_type=media)

    answer.__doc__ = about
    return answer


BACKGROUND = file_of(
    "background-shown.jpg", "image/jpeg", "The uploaded background, or its first frame, smaller."
)
POSTER = file_of("poster.jpg", "image/jpeg", "The clip's first frame, small.")
PLAYER = file_of(
    "player.mp4",
    "video/mp4",
    "A small video: the source above its matte, with audio; there after the analysis.",
)
FIGURES = file_of(
    "figures.json",
    "application/json",
    "Coverage, flicker and uncertainty of each frame, and cuts; there after the analysis.",
)


async def matte_file(service: Service, request: Request) -> Response:
    """A painted matte, for the command's --garbage or --core."""
    clip = _clip(service, request)
    name = MATTES.get(request.path_params["matte"])
    if name is None:
        raise NotThereError("There are two such mattes, garbage and core.")
    return _download(own_file(clip.folder / name, clip.folder), f"{Path(clip.name).stem}-{name}")


async def add_job(service: Service, request: Request) -> Response:
    """Queue an export, or the analysis of the clip, `look`."""
    clip, given = _clip(service, request), await read_json(request)
    if not isinstance(given, dict):
        raise SettingError('A job must be an object such as {"what": "web"}.')
    what = given.pop("what", None)
    if given:
        raise SettingError(
            f"A job has no field {next(iter(given))[:40]!r}, only what; options are edits of the "
            "clip."
        )
    if what not in JOBS:
        raise SettingError(f"what is {str(what)[:40]!r}; it must be one of {', '.join(JOBS)}.")
    async with clip.painted:  # what was painted before this was asked for belongs to it
        return JSONResponse(service.jobs.add(clip, what).to_dict(), 201)


async def job_state(service: Service, request: Request) -> Response:
    """One job."""
    return JSONResponse(_job(service, request).to_dict())


async def cancel_job(service: Service, request: Request) -> Response:
    """End a job; its process has ended when this answers."""
    job = _job(service, request)
    await service.jobs.cancel(job)
    return JSONResponse(job.to_dict())


async def retry_job(service: Service, request: Request) -> Response:
    """Queue a job again that failed or was cancelled."""
    job = _job(service, request)
    service.jobs.retry(job)
    return JSONResponse(job.to_dict())


async def delete_job(service: Service, request: Request) -> Response:
    """Delete a job and its result; it is ended if it runs."""
    await service.jobs.delete(_job(service, request))
    return Response(status_code=204)


async def result(service: Service, request: Request) -> Response:
    """What a finished job made."""
    job = _job(service, request)
    if job.state != "done" or job.result is None:
        raise NotThereError(f"The job has no result; it is {job.state}.")
    return _download(own_file(job.result, job.clip.folder), sent_as(job))


def _download(path: Path, name: str) -> Response:
    disposition = {"Content-Disposition": attached_as(name)}
    return SentFile(path, media_type="application/octet-stream", headers=disposition)


def _clip(service: Service, request: Request) -> StoredClip:
    return service.workplace.clip(request.path_params["clip"])


def _job(service: Service, request: Request) -> Job:
    return service.jobs.find(request.path_params["job"])


def _number(request: Request, name: str, default: float) -> float:
    text = request.query_params.get(name)
    try:
        value = default if text is None else float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < 1e7:
        raise SettingError(f"{name} is {(text or '')[:40]!r}; it must be a number from 0.")
    return value


def _flag(request: Request, name: str, default: str) -> bool:
    given = request.query_params.get(name, default)
    if given not in ("true", "false"):
        raise SettingError(f"{name} is {given[:40]!r}; it must be true or false.")
    return given == "true"


async def _refused(request: Request, status: int, sentence: str) -> Response:
    refusal = refused(status, sentence)
    if request.method in ("PUT", "POST"):
        await drain(request)
        refusal.headers["Connection"] = "close"  # or a body without end would be read on
    return refusal


def _check_query(request: Request, allowed: tuple[str, ...]) -> None:
    unknown = next((name for name in request.query_params if name not in allowed), None)
    if unknown is not None:
        there = f"only {', '.join(allowed)}" if allowed else "and no other"
        raise SettingError(f"This address has no parameter {unknown[:40]!r}, {there}.")


def _answered(
    service: Service, answer: Answer, queries: tuple[str, ...]
) -> Callable[[Request], Awaitable[Response]]:
    async def answered(request: Request) -> Response:
        try:
            _check_query(request, queries)
            return await answer(service, request)
        except SinetVideoError as error:
            status = next(number for kind, number in STATUS if isinstance(error, kind))
            return await _refused(request, status, error.message)
        except OSError as error:
            if not is_full(error):
                raise
            return await _refused(request, 507, disk_error(error).message)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody hears it

    return answered


TABLE: tuple[tuple[str, str, Answer, tuple[str, ...]], ...] = (
    ("GET", "/api", state, ()),
    ("PUT", "/api/clips", upload, ("name",)),
    ("GET", "/api/clips/{clip}", clip_state, ()),
    ("DELETE", "/api/clips/{clip}", delete_clip, ()),
    ("PUT", "/api/clips/{clip}/edits", edit, ()),
    ("PUT", "/api/clips/{clip}/strokes", paint, ()),
    ("PUT", "/api/clips/{clip}/background", background, ("name",)),
    ("GET", "/api/clips/{clip}/background", BACKGROUND, ("v",)),
    ("GET", "/api/clips/{clip}/frame", frame, ("time", "side", "quick", "source")),
    ("GET", "/api/clips/{clip}/commands", commands, ()),
    ("GET", "/api/clips/{clip}/poster", POSTER, ()),
    ("GET", "/api/clips/{clip}/player", PLAYER, ("v",)),
    ("GET", "/api/clips/{clip}/figures", FIGURES, ()),
    ("GET", "/api/clips/{clip}/mattes/{matte}", matte_file, ()),
    ("POST", "/api/clips/{clip}/jobs", add_job, ()),
    ("GET", "/api/jobs/{job}", job_state, ()),
    ("POST", "/api/jobs/{job}/cancel", cancel_job, ()),
    ("POST", "/api/jobs/{job}/retry", retry_job, ()),
    ("DELETE", "/api/jobs/{job}", delete_job, ()),
    ("GET", "/api/jobs/{job}/result", result, ()),
)  # fmt: skip
"""Method, path, what answers, and which parameters may follow the path."""


def routes(service: Service) -> list[Route]:
    """Return the routes of the HTTP interface."""
    return [
        Route(path, _answered(service, answer, queries), methods=[method])
        for method, path, answer, queries in TABLE
    ]
