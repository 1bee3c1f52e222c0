"""The requests of the HTTP interface as OpenAPI 3.1, made from the table of routes."""

from __future__ import annotations

import inspect
import re
from typing import Any

from sinet_video._version import __version__
from sinet_video.serve.limits import LONGEST_SIDE
from sinet_video.serve.openapi.schemas import Schema, reference, schemas
from sinet_video.serve.routes import TABLE

INTRODUCTION = (
    "The address of the server contains a token, which every path begins with. Errors are an "
    "object with one sentence, `error`. Bodies of clips and backgrounds are the file itself."
)

_BINARY: Schema = {"schema": {"type": "string", "format": "binary"}}


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}


BODIES: dict[tuple[str, str], Schema] = {
    ("PUT", "/api/clips"): {"application/octet-stream": _BINARY},
    ("PUT", "/api/clips/{clip}/background"): {"application/octet-stream": _BINARY},
    ("PUT", "/api/clips/{clip}/edits"): _json(reference("Edits")),
    ("PUT", "/api/clips/{clip}/strokes"): _json(reference("Strokes")),
    ("POST", "/api/clips/{clip}/jobs"): _json(reference("NewJob")),
}
"""What requests have to bring."""

QUERIES: dict[str, Schema] = {
    "name": {"type": "string", "description": "The file's name, for people; it is only shown."},
    "v": {"type": "string", "description": "Any text; caches tell versions of a file apart by it."},
    "time": {
        "type": "number",
        "minimum": 0,
        "exclusiveMaximum": 1e7,
        "default": 0,
        "description": "In seconds after the first frame.",
    },
    "side": {
        "type": "number",
        "minimum": 16,
        "maximum": LONGEST_SIDE,
        "default": 1920,
        "description": "The longer side of the frame, in pixels, if it has as many.",
    },
    "quick": {
        "type": "boolean",
        "default": False,
        "description": "Without the frames around it, which smooth its matte.",
    },
    "source": {
        "type": "boolean",
        "default": True,
        "description": "Whether the source comes as well.",
    },
}
"""What requests may say after the address, by name."""

MEDIA = {
    "frame": "image/jpeg", "poster": "image/jpeg", "player": "video/mp4",
    "background": "image/jpeg",
    "result": "application/octet-stream", "{matte}": "application/octet-stream",
}  # fmt: skip
"""What comes that is not JSON, by the last part of a path."""

ANSWERS = {"api": "State", "figures": "Figures", "commands": "Commands"}
"""The JSON that comes where it is neither a clip nor a job, by the last part of a path."""

ERRORS = {
    400: "The request cannot be read.",
    403: "A page of another site asked for it.",
    404: "There is no such clip, job, file or address, or the token is wrong.",
    405: "The address takes other methods, which `Allow` names.",
    408: "The upload came too slowly.",
    409: "The job is in a state in which that cannot be done.",
    413: "The body is too large.",
    421: "The address names another host than the server's.",
    422: "A value is wrong, or the file cannot be used.",
    429: "Too many files are being uploaded at a time.",
    500: "The server failed; its log says why.",
    507: "There is no room: for more clips, for more exports of the clip, or on the disk.",
}
"""What each status says; a sentence in the body says more."""


def description(root: str = "/TOKEN") -> dict[str, Any]:
    """Return the description of a server whose paths begin with `root`."""
    paths: dict[str, dict[str, Any]] = {}
    for method, path, answer, queries in TABLE:
        said = inspect.cleandoc(answer.__doc__ or "")
        paths.setdefault(path, {})[method.lower()] = _operation(method, path, queries, said)
    return {
        "openapi": "3.1.0",
        "info": {"title": "sinet-video", "version": __version__, "description": INTRODUCTION},
        "servers": [{"url": root}],
        "paths": paths,
        "components": {"schemas": schemas()},
    }


def _operation(method: str, path: str, queries: tuple[str, ...], said: str) -> dict[str, Any]:
    summary, _, more = said.partition("\n\n")
    operation: dict[str, Any] = {
        "summary": summary,
        **({"description": more} if more else {}),
        "parameters": [*_in_path(path), *map(_in_query, queries)],
        "responses": {
            **_success(method, path),
            **{str(code): _error(about) for code, about in ERRORS.items()},
        },
    }
    body = BODIES.get((method, path))
    return (
        operation
        if body is None
        else {**operation, "requestBody": {"required": True, "content": body}}
    )


def _in_path(path: str) -> list[Schema]:
    names = re.findall(r"\{(\w+)\}", path)
    text = {"type": "string"}
    return [{"name": name, "in": "path", "required": True, "schema": text} for name in names]


def _in_query(name: str) -> Schema:
    return {"name": name, "in": "query", "schema": QUERIES[name]}


def _success(method: str, path: str) -> dict[str, Schema]:
    if method == "DELETE":
        return {"204": {"description": "It is deleted."}}
    last = path.rsplit("/", 1)[-1]
    if method == "GET" and last in MEDIA:
        file = {"content": {MEDIA[last]: _BINARY}}
        parts = {
            "206": {"description": "The part that Range asks for.", **file},
            "416": _error("Range begins after the file's end."),
        }
        return {"200": {"description": "The file.", **file}, **(parts if last != "frame" else {})}
    created = (method, path) in (("PUT", "/api/clips"), ("POST", "/api/clips/{clip}/jobs"))
    kind = ANSWERS.get(last) or ("Job" if "job" in path else "Clip")
    return {
        "201" if created else "200": {"description": "Done.", "content": _json(reference(kind))}
    }


def _error(about: str) -> Schema:
    return {"description": about, "content": _json(reference("Error"))}
