"""The HTTP interface described for programs, as OpenAPI 3.1, made from the table of routes."""

from __future__ import annotations

import inspect
import re
from typing import Any, get_args

from sinet_video._version import __version__
from sinet_video.option import options_of
from sinet_video.pipeline.destinations import OFFERED
from sinet_video.pipeline.settings import Settings
from sinet_video.serve.edits import ALLOWED
from sinet_video.serve.job import LOOK, State
from sinet_video.serve.limits import LONGEST_SIDE
from sinet_video.serve.painting.strokes import MOST_MOVES, MOST_POINTS, MOST_STROKES, Kind, Shape
from sinet_video.serve.routes import TABLE

Schema = dict[str, Any]

INTRODUCTION = (
    "The address of the server contains a token, which every path begins with. Errors are an "
    "object with one sentence, `error`. Bodies of clips and backgrounds are the file itself."
)

_BINARY: Schema = {"schema": {"type": "string", "format": "binary"}}


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}


def _reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _edit(key: str) -> Schema:
    how = next(how for name, how, _ in options_of(Settings) if name == key)
    kinds: dict[type, str] = {bool: "boolean", float: "number"}
    kind = kinds.get(how.kind, "string")
    choices = {"enum": list(how.choices)} if how.choices else {}
    return {"type": kind, "description": how.help, **choices}


def _stroke() -> Schema:
    number = {"type": "number", "minimum": -1, "maximum": 2}
    point = {"type": "array", "items": number, "minItems": 2, "maxItems": 2}
    move = {"type": "array", "items": {"type": "number"}, "minItems": 3, "maxItems": 3}
    return {
        "type": "object",
        "required": ["kind", "shape", "points"],
        "additionalProperties": False,
        "properties": {
            "kind": {"enum": list(get_args(Kind))},
            "shape": {"enum": list(get_args(Shape))},
            "points": {"type": "array", "items": point, "minItems": 1, "maxItems": MOST_POINTS},
            "radius": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
            "start": {"type": "number", "minimum": 0},
            "end": {"type": ["number", "null"]},
            "at": {"type": "number", "minimum": 0, "exclusiveMaximum": 1e7},
            "follows": {"type": "boolean"},
            "moves": {"type": "array", "items": move, "maxItems": MOST_MOVES},
        },
    }


def _schemas() -> dict[str, Schema]:
    text, count = {"type": "string"}, {"type": "integer", "minimum": 0}
    edits = {key: _edit(key) for key in ALLOWED} | {"background": text}
    job = {
        "id": text,
        "clip": text,
        "command": text,
        "frame": count,
        "state": {"enum": list(get_args(State))},
    }
    return {
        "Error": {"type": "object", "required": ["error"], "properties": {"error": text}},
        "Clip": {
            "type": "object",
            "required": ["id", "name", "size", "edits", "strokes"],
            "properties": {"id": text, "name": text, "size": count, "duration": {}},
        },
        "Job": {"type": "object", "required": [*job, "what"], "properties": {**job, "what": text}},
        "Edits": {"type": "object", "additionalProperties": False, "properties": edits},
        "Strokes": {"type": "array", "items": _stroke(), "maxItems": MOST_STROKES},
        "NewJob": {
            "type": "object",
            "required": ["what"],
            "additionalProperties": False,
            "properties": {"what": {"enum": [LOOK, *OFFERED]}},
        },
    }  # fmt: skip


BODIES: dict[tuple[str, str], Schema] = {
    ("PUT", "/api/clips"): {"application/octet-stream": _BINARY},
    ("PUT", "/api/clips/{clip}/background"): {"application/octet-stream": _BINARY},
    ("PUT", "/api/clips/{clip}/edits"): _json(_reference("Edits")),
    ("PUT", "/api/clips/{clip}/strokes"): _json(_reference("Strokes")),
    ("POST", "/api/clips/{clip}/jobs"): _json(_reference("NewJob")),
}
"""What requests have to bring."""

QUERIES: dict[str, Schema] = {
    "name": {"type": "string"},
    "v": {"type": "string", "description": "Any text; caches tell versions of a file apart by it."},
    "time": {"type": "number", "minimum": 0, "exclusiveMaximum": 1e7},
    "side": {"type": "number", "minimum": 16, "maximum": LONGEST_SIDE},
    "quick": {"type": "boolean"},
    "source": {"type": "boolean"},
}
"""What requests may say after the address, by name."""

MEDIA = {
    "frame": "image/jpeg", "poster": "image/jpeg", "player": "video/mp4",
    "background": "image/jpeg",
    "result": "application/octet-stream", "{matte}": "application/octet-stream",
}  # fmt: skip
"""What comes that is not JSON, by the last part of a path."""

ERRORS = (400, 403, 404, 408, 409, 413, 421, 422, 429, 507)


def description() -> dict[str, Any]:
    """Return the description."""
    paths: dict[str, dict[str, Any]] = {}
    for method, path, answer, queries in TABLE:
        said = inspect.cleandoc(answer.__doc__ or f"The clip's {path.rsplit('/', 1)[-1]}.")
        paths.setdefault(path, {})[method.lower()] = _operation(method, path, queries, said)
    return {
        "openapi": "3.1.0",
        "info": {"title": "sinet-video", "version": __version__, "description": INTRODUCTION},
        "paths": paths,
        "components": {"schemas": _schemas()},
    }


def _operation(method: str, path: str, queries: tuple[str, ...], said: str) -> dict[str, Any]:
    summary, _, more = said.partition("\n\n")
    operation: dict[str, Any] = {
        "summary": summary,
        **({"description": more} if more else {}),
        "parameters": [*_in_path(path), *map(_in_query, queries)],
        "responses": {**_success(method, path), **{str(code): _error() for code in ERRORS}},
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
        return {"200": {"description": "The file.", "content": {MEDIA[last]: _BINARY}}}
    created = (method, path) in (("PUT", "/api/clips"), ("POST", "/api/clips/{clip}/jobs"))
    kind = "Job" if "job" in path else "Clip" if path.count("/") == 2 or method == "PUT" else ""
    schema = _reference(kind) if kind else {"type": "object"}
    return {"201" if created else "200": {"description": "Done.", "content": _json(schema)}}


def _error() -> Schema:
    return {"description": "Why not, in a sentence.", "content": _json(_reference("Error"))}
